"""How a client is put together from its arguments, its config and the settings."""

from typing import Any

from polytape import settings
from polytape.client.cache import CacheManager
from polytape.client.config import PolygonClientConfig
from polytape.client.core import Core
from polytape.errors import ValidationError
from polytape.net.http import check_key, check_url
from polytape.wire.flow import RetryPolicy

Config = PolygonClientConfig | type[PolygonClientConfig]


def make_core(
    base_url: str | None,
    timeout: float | None,
    max_retries: int | None,
    enable_caching: bool,
    *,
    config: Config | None,
    api_key: str | None,
) -> Core:
    """Arguments before config before settings. Raises ValidationError."""
    held: Config = PolygonClientConfig if config is None else config
    if base_url is None and config is None:
        known = settings.load()
        base_url = known.url
        # The token goes only where the settings say that it belongs.
        if api_key is None and known.token is not None:
            api_key = known.token.get_secret_value()
    elif base_url is None:
        base_url = held.BASE_URL
    url = check_url(base_url).removesuffix(held.API_VERSION)
    tries = held.MAX_RETRIES if max_retries is None else max_retries
    if isinstance(tries, bool) or not isinstance(tries, int) or tries < 0:
        raise ValidationError("max_retries", max_retries, "a whole number, not below 0")
    policy = RetryPolicy(
        timeout_s=_seconds("timeout", held.DEFAULT_TIMEOUT if timeout is None else timeout),
        max_retries=tries,
        backoff_s=held.RETRY_BACKOFF,
        deadline_s=held.TOTAL_DEADLINE,
    )
    key = None if api_key is None else check_key(api_key)
    cache = CacheManager[Any](held.CACHE_SIZE, held.CACHE_TTL_MINUTES) if enable_caching else None
    return Core(url, policy, cache, key, held.API_VERSION)


def state_of(core: Core) -> dict[str, Any]:
    """The arguments that make an equal client: what is pickled."""
    held = {
        "BASE_URL": core.base_url,
        "API_VERSION": core.version,
        "RETRY_BACKOFF": core.policy.backoff_s,
        "TOTAL_DEADLINE": core.policy.deadline_s,
    }
    config = PolygonClientConfig()
    for name, value in held.items():
        setattr(config, name, value)
    if core.cache is not None:
        vars(config).update(
            CACHE_SIZE=core.cache.max_size, CACHE_TTL_MINUTES=core.cache.ttl_minutes
        )
    return {
        "base_url": core.base_url,
        "timeout": core.policy.timeout_s,
        "max_retries": core.policy.max_retries,
        "enable_caching": core.cache is not None,
        "config": config,
        "api_key": core.api_key,
    }


def _seconds(param: str, value: object) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < float(value) < float("inf"):  # type: ignore[arg-type]
        raise ValidationError(param, value, "seconds above 0")
    return float(value)  # type: ignore[arg-type]
