"""From settings to a live feed that several gateways share."""

from collections.abc import Callable

from polytape.settings import Settings
from polytape.upstream.live import LiveSource
from polytape.upstream.shared_feed.feed import SharedFeed
from polytape.upstream.shared_feed.redis_log import redis_log


def shared_feed(
    settings: Settings, source: LiveSource | None, now: Callable[[], int]
) -> LiveSource | None:
    """The source, shared with the other gateways of `--redis` where the settings say so. `now` is
    the market's time, microseconds UTC.

    Raises: ConfigurationError for what is no URL, or where the library is missing.
    """
    if source is None or settings.redis is None:
        return source
    url, feed = settings.redis.reveal(), feed_of(settings)
    redis_log(url, feed)  # what is wrong with the URL is told at once
    return SharedFeed(source, lambda: redis_log(url, feed), now)


def feed_of(settings: Settings) -> str:
    """What makes two feeds the same one: the vendor's key. Made-up prices never meet real ones."""
    if settings.api_key is not None and settings.source in {"auto", "polygon"}:
        return settings.api_key.reveal()
    return f"{settings.source} {settings.seed} {settings.speed}"
