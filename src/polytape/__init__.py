"""polytape: one Polygon.io (Massive) market-data system for US stocks.

The vendor is asked (upstream), what it said is kept (store), served (gateway), read (client),
turned into levels (engines), shown (cli).

    errors      the whole error tree
    settings    the only reader of the environment
    model       what it is: bars, timeframes, spans, the exchange clock
    wire        how it is said: messages, codecs, retry, rate budget
    net         how it is carried: HTTP drivers, sync and async
    upstream    1 ask: the vendor, flat files, a made-up market
    store       2 keep: bars on disk, each file with what it covers
    gateway     3 serve: the server on localhost:8200
    client      4 read: PolygonClient, AsyncPolygonClient
    engines     5 derive: levels from bars
    scan        5 many symbols at once
    cli         6 show: the `polytape` command
    fake_vendor a stand-in for the vendor, for tests and trials

Names are loaded when they are first used, so importing polytape costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polytape.client.aio import AsyncPolygonClient
    from polytape.client.cache import CacheManager
    from polytape.client.config import PolygonClientConfig
    from polytape.client.engines import (
        AsyncCamarillaEngine,
        AsyncConfluenceScanner,
        AsyncFractalEngine,
        AsyncHVNEngine,
        AsyncZoneCalculator,
        CamarillaEngine,
        ConfluenceScanner,
        FractalEngine,
        HVNEngine,
        ZoneCalculator,
    )
    from polytape.client.sync import PolygonClient
    from polytape.errors import (
        AuthenticationError,
        ConfigurationError,
        ConnectionError,
        DataFetchError,
        IncompleteDataError,
        NotFoundError,
        PolygonClientError,
        RateLimitError,
        ValidationError,
    )
    from polytape.scan.many import scan_many

__version__ = "0.1.0"

_TOOLS = (
    "ConfluenceScanner", "FractalEngine", "HVNEngine", "CamarillaEngine", "ZoneCalculator",
    "AsyncConfluenceScanner", "AsyncFractalEngine", "AsyncHVNEngine", "AsyncCamarillaEngine",
    "AsyncZoneCalculator",
)  # fmt: skip
_HOMES = {
    "PolygonClient": "polytape.client.sync",
    "AsyncPolygonClient": "polytape.client.aio",
    "PolygonClientConfig": "polytape.client.config",
    "CacheManager": "polytape.client.cache",
    "scan_many": "polytape.scan.many",
} | dict.fromkeys(_TOOLS, "polytape.client.engines")

__all__ = [
    "AsyncCamarillaEngine",
    "AsyncConfluenceScanner",
    "AsyncFractalEngine",
    "AsyncHVNEngine",
    "AsyncPolygonClient",
    "AsyncZoneCalculator",
    "AuthenticationError",
    "CacheManager",
    "CamarillaEngine",
    "ConfigurationError",
    "ConfluenceScanner",
    "ConnectionError",
    "DataFetchError",
    "FractalEngine",
    "HVNEngine",
    "IncompleteDataError",
    "NotFoundError",
    "PolygonClient",
    "PolygonClientConfig",
    "PolygonClientError",
    "RateLimitError",
    "ValidationError",
    "ZoneCalculator",
    "__version__",
    "scan_many",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOMES.get(name, "polytape.errors")), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
