"""From settings to a gateway."""

import time
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from polytape.errors import ConfigurationError, DataFetchError
from polytape.model.market import Market, xnys
from polytape.net.http import SyncDriver, check_key, check_url
from polytape.net.storage import open_bucket
from polytape.settings import Settings, load
from polytape.store.answer_store import StoredAnswers
from polytape.upstream.budget.budget import Budget
from polytape.upstream.budget.redis_window import shared_window
from polytape.upstream.daily_cache import AnswerStore, MemoryAnswers
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.source import Polygon
from polytape.upstream.source import Source
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.budget import MovingWindow
from polytape.wire.polygon.plans import PLANS, SECOND_S, UNLIMITED

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from polytape.client.sync import PolygonClient
    from polytape.gateway.service import Desk
    from polytape.store.segments import SegmentStore

NEED_EXTRA = "the gateway is not installed: pip install 'polytape[gateway]'"


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1_000


def choose_source(
    settings: Settings, market: Market, budget: Budget, memory: AnswerStore
) -> Source | None:
    """The source that the settings name. Raises ConfigurationError with the ways out."""
    named = settings.source
    if named == "auto" and settings.api_key is not None:
        named = "polygon"
    if settings.data is not None and named not in ("flatfiles", "polygon"):
        raise ConfigurationError("--data names flat files: add --source flatfiles")
    if named == "synthetic":
        return Synthetic(market, now_us, seed=settings.seed)
    if named == "flatfiles":
        return flat_files(settings, market, memory)
    if named == "polygon":
        return _polygon(settings, market, budget, memory)
    if named == "none" or _holds_bars(settings):
        return None
    raise ConfigurationError(
        "no source of bars: set POLYGON_API_KEY for the vendor's prices, "
        "or say --source synthetic for made-up ones"
    )


def flat_files(settings: Settings, market: Market, memory: AnswerStore) -> FlatFiles:
    """The flat files of `--data`: a folder, or the vendor's bucket with its own keys."""
    if settings.data is None:
        raise ConfigurationError("--source flatfiles needs --data DIR, or --data s3://flatfiles")
    if not settings.data.startswith("s3://"):
        return FlatFiles(Path(settings.data), market, splits_file=settings.splits)
    if settings.files_key is None or settings.files_secret is None:
        raise ConfigurationError(
            f"{settings.data} needs its keys: set POLYTAPE_FILES_KEY and POLYTAPE_FILES_SECRET "
            "(the vendor's dashboard shows them; they are not the API key)"
        )
    place = open_bucket(
        settings.data,
        endpoint=settings.files_endpoint,
        key=settings.files_key.get_secret_value(),
        secret=settings.files_secret.get_secret_value(),
    )
    return FlatFiles(place, market, settings.splits, memory)


def make_budget(settings: Settings) -> Budget:
    """The request budget: the plan's, or the paid plans' until the vendor refuses; shared over
    Redis where `--redis` says so.
    """
    plan = None if settings.plan is None else PLANS[settings.plan]
    limit, window_s = (plan.limit, plan.window_s) if plan else (UNLIMITED, SECOND_S)
    if settings.redis is None or settings.api_key is None:
        return Budget(MovingWindow(limit, window_s), learn=plan is None)
    key = settings.api_key.get_secret_value()
    window = shared_window(settings.redis.get_secret_value(), key, limit, window_s)
    return Budget(window, learn=plan is None)


def _polygon(
    settings: Settings, market: Market, budget: Budget, memory: AnswerStore
) -> Polygon:  # fmt: skip
    if settings.api_key is None:
        raise ConfigurationError(
            "--source polygon needs the vendor's key: set POLYGON_API_KEY or MASSIVE_API_KEY"
        )
    key = check_key(settings.api_key.get_secret_value(), "POLYGON_API_KEY")
    driver = SyncDriver(check_url(settings.vendor_url, "vendor_url"), sleep=budget.sleep)
    plan = None if settings.plan is None else PLANS[settings.plan]
    return Polygon(VendorConnection(driver, budget, key), market, now_us, plan, memory)


def store_identity(settings: Settings) -> str:
    """Whose bars a store holds: bars of two sources never mix. A folder of flat files is a source
    of its own; what is imported counts as the vendor's, and so does its bucket.
    """
    if settings.source == "synthetic":
        return f"synthetic/{settings.seed}"
    local = settings.data is not None and not settings.data.startswith("s3://")
    if settings.source == "flatfiles" and local:
        return f"flatfiles:{Path(str(settings.data)).expanduser().absolute()}"
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
        from polytape.net.storage import open_storage
        from polytape.store.segments import SegmentStore

        place = open_storage(store_location(settings))
    except ImportError as error:
        raise ConfigurationError(NEED_EXTRA) from error
    return SegmentStore(place, store_identity(settings))


def make_desk(settings: Settings) -> "Desk":
    """The gateway's desk. Raises ConfigurationError."""
    try:
        from polytape.gateway.service import Desk
    except ImportError as error:
        raise ConfigurationError(NEED_EXTRA) from error
    market, budget = xnys(), make_budget(settings)
    store = open_store(settings)
    memory = MemoryAnswers() if store is None else StoredAnswers(store.storage)
    source = choose_source(settings, market, budget, memory)
    beside = source is not None and source.name == "polygon" and settings.data is not None
    files = flat_files(settings, market, memory) if beside else None
    return Desk(source, market, now_us, budget, store, files=files)


def client_of(url: str | None) -> "PolygonClient":
    """A client of the gateway that a command names; the owner's token opens it."""
    from polytape.client.sync import PolygonClient

    settings = load()
    key = None if settings.token is None else settings.token.get_secret_value()
    return PolygonClient(url or settings.url, api_key=key)


def made_up(client: "PolygonClient") -> bool:
    """Whether a gateway's prices are invented. Other servers of this API have no /status; nothing
    is said of their prices.
    """
    try:
        return bool(client.gateway_status().get("made_up"))
    except DataFetchError:
        return False


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
