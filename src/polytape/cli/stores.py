"""From settings to a store: whose bars it holds, where it lies, and opening it."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from polytape.cli.clock import this_market
from polytape.cli.options import StoreOptions
from polytape.errors import ConfigurationError
from polytape.net.storage import open_storage
from polytape.settings import Settings, load
from polytape.store.segments import SegmentStore

NEED_GATEWAY = "the gateway is not installed: pip install 'polytape[gateway]'"
NO_STORE = "--store none keeps nothing: name a store"


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
    """`--store`, or a folder of the source's own in the user's data folder.

    Raises: ConfigurationError where the gateway's libraries are not installed.
    """
    if settings.store is not None:
        return settings.store
    try:
        from platformdirs import user_data_path
    except ImportError as error:
        raise ConfigurationError(NEED_GATEWAY) from error
    identity = store_identity(settings)
    kind, _, rest = identity.replace(":", "/", 1).partition("/")
    own = f"{kind}-{blake2b(rest.encode(), digest_size=6).hexdigest()}" if rest else kind
    return str(user_data_path("polytape") / own)


def open_store(settings: Settings) -> SegmentStore | None:
    """The store that the settings name; None for `--store none`.

    Raises: ConfigurationError where the gateway's libraries are not installed, or it cannot open.
    """
    if settings.store == "none":
        return None
    try:
        storage = open_storage(store_location(settings))
    except ImportError as error:
        raise ConfigurationError(NEED_GATEWAY) from error
    return SegmentStore(storage, store_identity(settings), this_market())


def location_of(store: str | None) -> str:
    """Where the store that `--store` names lies. Raises: ConfigurationError for `none`."""
    location = store_location(load(store=store))
    if location == "none":
        raise ConfigurationError(NO_STORE)
    return location


@contextmanager
def opened_store(options: StoreOptions) -> Iterator[SegmentStore]:
    """The store that a command names, closed afterwards.

    Raises: ConfigurationError for `--store none`.
    """
    store = open_store(load(**options))
    if store is None:
        raise ConfigurationError(NO_STORE)
    try:
        yield store
    finally:
        store.close()


def has_bars(settings: Settings) -> bool:
    """Whether the store that the settings name has any series. Raises: ConfigurationError."""
    store = open_store(settings)
    if store is None:
        return False
    try:
        return bool(store.catalog.series())
    finally:
        store.close()
