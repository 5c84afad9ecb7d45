"""From settings to a gateway."""

import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from polytape.errors import ConfigurationError
from polytape.model.clock import ExchangeClock, xnys
from polytape.settings import Settings
from polytape.upstream.flatfiles import FlatFiles
from polytape.upstream.source import Source
from polytape.upstream.synthetic import Synthetic
from polytape.wire.budget import MovingWindow

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from polytape.gateway.desk import Desk
    from polytape.store.segments import SegmentStore

# The ceiling that the vendor advises for paid plans. Local sources use nothing of it.
REQUESTS, WINDOW_S = 100, 1.0
NEED_EXTRA = "the gateway is not installed: pip install 'polytape[gateway]'"


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1_000


def choose_source(settings: Settings, clock: ExchangeClock) -> Source | None:
    """The source that the settings name. Raises ConfigurationError with the ways out."""
    if settings.data is not None and settings.source != "flatfiles":
        raise ConfigurationError("--data names a folder of flat files: add --source flatfiles")
    if settings.source == "synthetic":
        return Synthetic(clock, now_us, seed=settings.seed)
    if settings.source == "flatfiles":
        if settings.data is None:
            raise ConfigurationError("--source flatfiles needs --data DIR")
        return FlatFiles(settings.data, clock, splits_file=settings.splits)
    if settings.source == "none":
        return None
    if settings.source == "polygon" or settings.api_key is not None:
        raise ConfigurationError(
            "this version cannot ask the vendor yet: use --source flatfiles --data DIR "
            "for the vendor's files, or --source synthetic for made-up prices"
        )
    if _holds_bars(settings):
        return None
    raise ConfigurationError(
        "no source of bars: set POLYGON_API_KEY for the vendor's prices, "
        "or say --source synthetic for made-up ones"
    )


def store_identity(settings: Settings) -> str:
    """Whose bars a store holds: bars of two sources never mix. A folder of flat files is a source
    of its own; what is imported counts as the vendor's.
    """
    if settings.source == "synthetic":
        return f"synthetic/{settings.seed}"
    if settings.source == "flatfiles" and settings.data is not None:
        return f"flatfiles:{settings.data.expanduser().absolute()}"
    return "polygon"


def store_location(settings: Settings) -> str:
    """`--store`, or a folder of the source's own in the user's data folder."""
    if settings.store is not None:
        return settings.store
    try:
        from platformdirs import user_data_path
    except ImportError as error:
        raise ConfigurationError(NEED_EXTRA) from error
    identity = store_identity(settings)
    kind, _, rest = identity.replace(":", "/", 1).partition("/")
    own = f"{kind}-{blake2b(rest.encode(), digest_size=6).hexdigest()}" if rest else kind
    return str(user_data_path("polytape") / own)


def open_store(settings: Settings) -> "SegmentStore | None":
    """The store that the settings name; None for `--store none`. Raises ConfigurationError."""
    if settings.store == "none":
        return None
    try:
        from polytape.store.places import open_place
        from polytape.store.segments import SegmentStore

        place = open_place(store_location(settings))
    except ImportError as error:
        raise ConfigurationError(NEED_EXTRA) from error
    return SegmentStore(place, store_identity(settings))


def make_desk(settings: Settings) -> "Desk":
    """The gateway's desk. Raises ConfigurationError."""
    try:
        from polytape.gateway.desk import Desk
    except ImportError as error:
        raise ConfigurationError(NEED_EXTRA) from error
    clock = xnys()
    source = choose_source(settings, clock)
    budget = MovingWindow(REQUESTS, WINDOW_S)
    return Desk(source, clock, now_us, budget, open_store(settings))


def _holds_bars(settings: Settings) -> bool:
    store = open_store(settings)
    if store is None:
        return False
    try:
        return bool(store.series())
    finally:
        store.close()


def make_app(settings: Settings, desk: "Desk") -> "ASGIApp":
    """The application; refuses to face a network without an access token."""
    from polytape.gateway.app import create_app
    from polytape.gateway.server import is_loopback

    local = is_loopback(settings.host)
    if not local and settings.token is None:
        raise ConfigurationError(
            f"{settings.host} can be reached from other machines: set POLYTAPE_TOKEN to an "
            "access token, or stay on --host 127.0.0.1"
        )
    token = None if settings.token is None else settings.token.get_secret_value()
    return create_app(desk, token=token, compress=not local)
