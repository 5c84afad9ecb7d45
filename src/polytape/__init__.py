"""polytape: one Polygon.io (Massive) market-data system for US stocks.

Bars are fetched from the vendor (upstream), stored (store), completed where there are gaps
(history), served (gateway), read (client), turned into levels (engines) and shown (cli).

    errors      the whole error tree
    settings    the only reader of the environment
    model       WHAT IT IS: bars, timeframes, spans, queries, the market and its sessions
    wire        HOW IT IS SAID: messages, codecs, retry, rate budget
    net         HOW IT IS CARRIED: HTTP drivers, sync and async; files and object stores
    upstream    1 ask: the vendor, its flat files, a made-up market
    store       2 keep: bars on disk, each file with its coverage
    history     2 keep: stored bars, made whole: gaps, splits, backfill, import, export, repair
    engines     3 derive: levels from bars
    plot        3 derive: pictures of results
    scan        4 scan: many symbols at once
    gateway     5 serve: the server on localhost:8200
    client      5 read: PolygonClient, AsyncPolygonClient
    cli         6 show: the `polytape` command
    fake_vendor a stand-in for the vendor, for tests and trials

Names are loaded when they are first used, so importing polytape costs next to nothing.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polytape.client.aio import AsyncPolygonClient
    from polytape.client.cache import CacheManager
    from polytape.client.config import PolygonClientConfig
    from polytape.client.engines import (
        AsyncATREngine,
        AsyncBadPrintEngine,
        AsyncCamarillaEngine,
        AsyncConfluenceScanner,
        AsyncFractalEngine,
        AsyncGapEngine,
        AsyncHVNEngine,
        AsyncOpeningRangeEngine,
        AsyncPointOfControlEngine,
        AsyncVWAPEngine,
        AsyncZoneCalculator,
        ATREngine,
        BadPrintEngine,
        CamarillaEngine,
        ConfluenceScanner,
        FractalEngine,
        GapEngine,
        HVNEngine,
        OpeningRangeEngine,
        PointOfControlEngine,
        VWAPEngine,
        ZoneCalculator,
    )
    from polytape.client.one_call import download
    from polytape.client.sync import PolygonClient
    from polytape.engines.live.atr import LiveAtr
    from polytape.engines.live.fractals import LiveFractals
    from polytape.engines.live.profile import LiveProfile
    from polytape.engines.live.session import LiveSession
    from polytape.engines.live.vwap import LiveVwap
    from polytape.engines.options import ScanOptions
    from polytape.errors import (
        AuthenticationError,
        ConfigurationError,
        ConnectionError,
        DataFetchError,
        DateWarning,
        IncompleteDataError,
        NoPriceError,
        NotFoundError,
        PolygonClientError,
        RateLimitError,
        TimeZoneWarning,
        ValidationError,
    )
    from polytape.model.bar import Bar
    from polytape.scan.many import scan_many

__version__ = "0.1.0"

_ENGINES, _LIVE = "polytape.client.engines", "polytape.engines.live"
# The module of each public name; that of the errors is left out.
_MODULES = {
    "ATREngine": _ENGINES,
    "AsyncATREngine": _ENGINES,
    "AsyncBadPrintEngine": _ENGINES,
    "AsyncCamarillaEngine": _ENGINES,
    "AsyncConfluenceScanner": _ENGINES,
    "AsyncFractalEngine": _ENGINES,
    "AsyncGapEngine": _ENGINES,
    "AsyncHVNEngine": _ENGINES,
    "AsyncOpeningRangeEngine": _ENGINES,
    "AsyncPointOfControlEngine": _ENGINES,
    "AsyncPolygonClient": "polytape.client.aio",
    "AsyncVWAPEngine": _ENGINES,
    "AsyncZoneCalculator": _ENGINES,
    "Bar": "polytape.model.bar",
    "CacheManager": "polytape.client.cache",
    "BadPrintEngine": _ENGINES,
    "CamarillaEngine": _ENGINES,
    "ConfluenceScanner": _ENGINES,
    "FractalEngine": _ENGINES,
    "GapEngine": _ENGINES,
    "HVNEngine": _ENGINES,
    "LiveAtr": f"{_LIVE}.atr",
    "LiveFractals": f"{_LIVE}.fractals",
    "LiveProfile": f"{_LIVE}.profile",
    "LiveSession": f"{_LIVE}.session",
    "LiveVwap": f"{_LIVE}.vwap",
    "OpeningRangeEngine": _ENGINES,
    "PointOfControlEngine": _ENGINES,
    "PolygonClient": "polytape.client.sync",
    "PolygonClientConfig": "polytape.client.config",
    "VWAPEngine": _ENGINES,
    "ZoneCalculator": _ENGINES,
    "download": "polytape.client.one_call",
    "ScanOptions": "polytape.engines.options",
    "scan_many": "polytape.scan.many",
}

__all__ = [
    "ATREngine",
    "AsyncATREngine",
    "AsyncBadPrintEngine",
    "AsyncCamarillaEngine",
    "AsyncConfluenceScanner",
    "AsyncFractalEngine",
    "AsyncGapEngine",
    "AsyncHVNEngine",
    "AsyncOpeningRangeEngine",
    "AsyncPointOfControlEngine",
    "AsyncPolygonClient",
    "AsyncVWAPEngine",
    "AsyncZoneCalculator",
    "AuthenticationError",
    "BadPrintEngine",
    "Bar",
    "CacheManager",
    "CamarillaEngine",
    "ConfigurationError",
    "ConfluenceScanner",
    "ConnectionError",
    "DataFetchError",
    "DateWarning",
    "FractalEngine",
    "GapEngine",
    "HVNEngine",
    "IncompleteDataError",
    "LiveAtr",
    "LiveFractals",
    "LiveProfile",
    "LiveSession",
    "LiveVwap",
    "NoPriceError",
    "NotFoundError",
    "OpeningRangeEngine",
    "PointOfControlEngine",
    "PolygonClient",
    "PolygonClientConfig",
    "PolygonClientError",
    "RateLimitError",
    "ScanOptions",
    "TimeZoneWarning",
    "VWAPEngine",
    "ValidationError",
    "ZoneCalculator",
    "__version__",
    "download",
    "scan_many",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        text = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(text, name=name, obj=sys.modules[__name__])
    value: object = getattr(import_module(_MODULES.get(name, "polytape.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__} - {"TYPE_CHECKING", "import_module", "sys"})
