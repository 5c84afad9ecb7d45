"""How a client is put together from its arguments, its config and the settings."""

from typing import TypedDict

from polytape import settings
from polytape.client.answers import CachedAnswer
from polytape.client.cache import CacheManager
from polytape.client.config import PolygonClientConfig
from polytape.client.connection import Connection
from polytape.client.core import Core
from polytape.errors import ValidationError
from polytape.model.market import xnys
from polytape.net.http import check_key, check_url, is_loopback
from polytape.net.owner_token import owner_token
from polytape.net.tracing import open_tracer
from polytape.wire.flow import RetryPolicy

Config = PolygonClientConfig | type[PolygonClientConfig]


class State(TypedDict):
    """The arguments of a client: what is pickled of it."""

    base_url: str
    timeout: float
    max_retries: int
    enable_caching: bool
    config: Config
    api_key: str | None
    tracing: bool


def make_core(
    base_url: str | None,
    timeout: float | None,
    max_retries: int | None,
    enable_caching: bool,
    *,
    config: Config | None,
    api_key: str | None,
    tracing: bool | None = None,
) -> Core:
    """A client's core: arguments before config before settings.

    Raises: ValidationError; ConfigurationError for `tracing` without OpenTelemetry.
    """
    chosen: Config = PolygonClientConfig if config is None else config
    address, token = _address(base_url, config)
    url = check_url(address).removesuffix(chosen.API_VERSION)
    policy = RetryPolicy(
        max_retries=_tries(chosen.MAX_RETRIES if max_retries is None else max_retries),
        timeout_s=_seconds("timeout", chosen.DEFAULT_TIMEOUT if timeout is None else timeout),
        backoff_s=chosen.RETRY_BACKOFF,
        deadline_s=chosen.TOTAL_DEADLINE,
    )
    key = token if api_key is None else api_key
    key = None if key is None else check_key(key)
    connection = Connection(url, policy, key, chosen.API_VERSION, ca=settings.ca_file())
    if is_loopback(url):  # the owner's token goes to no other machine
        connection.read_owner_token = _owner_token
    if settings.tracing() if tracing is None else tracing:
        connection.tracer = open_tracer()
    cache: CacheManager[CachedAnswer] | None = None
    if enable_caching:
        cache = CacheManager(chosen.CACHE_SIZE, chosen.CACHE_TTL_MINUTES)
    return Core(connection, cache, xnys(long_day_from=settings.long_day_from()))


def state_of(core: Core) -> State:
    """The arguments that make an equal client."""
    connection = core.connection
    config = PolygonClientConfig()
    vars(config).update(
        BASE_URL=connection.base_url,
        API_VERSION=connection.version,
        RETRY_BACKOFF=connection.policy.backoff_s,
        TOTAL_DEADLINE=connection.policy.deadline_s,
    )
    if core.cache is not None:
        vars(config).update(
            CACHE_SIZE=core.cache.max_size, CACHE_TTL_MINUTES=core.cache.ttl_minutes
        )
    return State(
        base_url=connection.base_url,
        timeout=connection.policy.timeout_s,
        max_retries=connection.policy.max_retries,
        enable_caching=core.cache is not None,
        config=config,
        api_key=connection.api_key,
        tracing=connection.tracer is not None,
    )


def _address(base_url: str | None, config: Config | None) -> tuple[str, str | None]:
    """The server's address, and the settings' token where the settings name the address: it goes
    nowhere else.
    """
    if base_url is not None:
        return base_url, None
    if config is not None:
        return config.BASE_URL, None
    loaded = settings.load()
    return loaded.url, None if loaded.token is None else loaded.token.reveal()


def _owner_token() -> str | None:
    return owner_token(settings.access_folder())


def _tries(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValidationError("max_retries", value, "a whole number, not below 0")
    return value


def _seconds(param: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValidationError(param, value, "seconds above 0")
    if not 0 < float(value) < float("inf"):
        raise ValidationError(param, value, "seconds above 0")
    return float(value)
