"""From settings to a store: whose bars it holds, where it lies, and opening it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import structs

from polytape.cli.clock import this_market
from polytape.cli.options import StoreOptions
from polytape.cli.output import note
from polytape.errors import ConfigurationError
from polytape.extras import install_command
from polytape.net.storage import Storage, open_storage
from polytape.settings import Settings, load
from polytape.store.about import ABOUT, IMPORTED, source_of
from polytape.store.segments import SegmentStore

VENDOR_HOSTS = frozenset({"api.polygon.io", "api.massive.com"})
NO_STORE = "--store none keeps nothing: name a store"


def need_gateway() -> str:
    """The gateway's libraries are missing: what brings them."""
    return f"the gateway is not installed: {install_command('gateway')}"


def store_identity(settings: Settings) -> str:
    """Whose bars a store holds: bars of two sources never mix. A folder of flat files is a source
    of its own; flat files that are imported count as the vendor's, and so does its bucket; one's
    own files are of `IMPORTED`. Another host that speaks as the vendor is a source of its own: it
    may be a stand-in whose prices are made up.
    """
    if settings.source == "synthetic":
        return f"synthetic/{settings.seed}"
    local = settings.data is not None and not settings.data.startswith("s3://")
    if settings.source == "flatfiles" and local:
        return f"flatfiles:{Path(str(settings.data)).expanduser().absolute()}"
    host = urlsplit(settings.vendor_url).hostname
    return "polygon" if host in VENDOR_HOSTS else f"polygon/{host}"


def store_location(settings: Settings) -> str:
    """`--store`, or a folder of the source's own in the user's data folder.

    Raises: ConfigurationError where the gateway's libraries are not installed.
    """
    return settings.store or location_for(store_identity(settings))


def location_for(identity: str) -> str:
    """The folder of a source's own in the user's data folder.

    Raises: ConfigurationError where the gateway's libraries are not installed.
    """
    try:
        from platformdirs import user_data_path
    except ImportError as error:
        raise ConfigurationError(need_gateway()) from error
    kind, _, rest = identity.replace(":", "/", 1).partition("/")
    own = f"{kind}-{blake2b(rest.encode(), digest_size=6).hexdigest()}" if rest else kind
    return str(user_data_path("polytape") / own)


def open_place(settings: Settings) -> Storage | None:
    """Where the store of the settings lies, whether it is there or not; None for `--store none`.

    Raises: ConfigurationError where the gateway's libraries are not installed, or it cannot open.
    """
    return None if settings.store == "none" else storage_at(store_location(settings))


def storage_at(location: str) -> Storage:
    """A storage. Raises: ConfigurationError where the gateway's libraries are not installed, or it
    cannot open.
    """
    try:
        return open_storage(location)
    except ImportError as error:
        raise ConfigurationError(need_gateway()) from error


def claim_store(storage: Storage, identity: str) -> SegmentStore:
    """The store of a source's bars; where there is none it is made, and that is said.

    Raises: ConfigurationError where it is another source's.
    """
    if not is_store(storage):
        note(f"a new store: {storage.url}")
    return SegmentStore(storage, identity, this_market())


def identity_without_source(storage: Storage, settings: Settings) -> str:
    """As `store_identity`, where nobody is asked for bars: those of one's own files may be read."""
    if is_store(storage) and source_of(storage) == IMPORTED:
        return IMPORTED
    return store_identity(settings)


def served(settings: Settings) -> Settings:
    """The settings of a gateway: where they name no store, nobody is to be asked for bars and the
    vendor's are not there, its store is the one of files of one's own, if that is there.

    Raises: ConfigurationError.
    """
    if settings.store is not None or settings.data is not None or asks(settings):
        return settings
    own = location_for(IMPORTED)
    if is_store(open_storage(store_location(settings))) or not is_store(open_storage(own)):
        return settings
    return structs.replace(settings, store=own)


def asks(settings: Settings) -> bool:
    """Whether a source is asked for bars that are not stored."""
    return settings.source != "none" and (settings.source, settings.api_key) != ("auto", None)


def is_store(storage: Storage) -> bool:
    """Whether a store lies there. Raises: ConfigurationError for a damaged one; DataFetchError."""
    try:
        source_of(storage)
    except ConfigurationError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return False
        raise
    return True


def has_store(options: StoreOptions) -> bool:
    """Whether there is a store where a command's options say. Raises: ConfigurationError."""
    storage = open_place(load(**options))
    return storage is not None and is_store(storage)


def location_of(store: str | None) -> str:
    """Where the store that `--store` names lies. Raises: ConfigurationError for `none`."""
    location = store_location(load(store=store))
    if location == "none":
        raise ConfigurationError(NO_STORE)
    return location


def readable_location(store: str | None) -> str:
    """Where the store lies that a command reads: the one that `--store` names, be it there or not;
    else as `opened_store` chooses.

    Raises: ConfigurationError for `none`, and where none is named and there is none.
    """
    settings = load(store=store)
    location = location_of(store)
    if settings.store is not None or is_store(open_storage(location)):
        return location
    likely = None if is_named(settings) else _likely_store()
    if likely is None:
        raise ConfigurationError(_no_store(location))
    return likely.url


def shown_location(options: StoreOptions) -> str:
    """Where the store of a command's options lies, as `opened_store` chooses; where there is none
    yet, where it would lie, which is said.

    Raises: ConfigurationError.
    """
    settings = load(**options)
    location = store_location(settings)
    storage = None if "://" in location else open_place(settings)
    if storage is None or is_store(storage):
        return location
    likely = None if is_named(settings) else _likely_store()
    if likely is not None:
        return likely.url
    note(_no_store(location))
    return location


@contextmanager
def opened_store(options: StoreOptions) -> Iterator[SegmentStore]:
    """The store that a command reads, closed afterwards: the one that it names; else that of the
    vendor's bars, and where there is none the only one that there is, or of several the one of the
    gateway that runs.

    Raises: ConfigurationError for `--store none`, and where there is no store.
    """
    settings = load(**options)
    storage = open_place(settings)
    if storage is None:
        raise ConfigurationError(NO_STORE)
    named = is_named(settings)
    if not is_store(storage):
        storage = _likely_store() if not named else None
    if storage is None:
        raise ConfigurationError(_no_store(store_location(settings)))
    with closing(_existing(storage, settings)) as store:
        if not named:
            _note_others(store.storage)
        yield store


def is_named(settings: Settings) -> bool:
    """Whether settings name a store, or whose it is."""
    return {settings.store, settings.data, settings.source} != {None, "auto"}


def has_bars(settings: Settings) -> bool:
    """Whether the store that the settings name has any series. Raises: ConfigurationError."""
    storage = open_place(settings)
    if storage is None or not is_store(storage):
        return False
    identity = identity_without_source(storage, settings)
    with closing(SegmentStore(storage, identity, this_market())) as store:
        return bool(store.catalog.series())


def must_be_store(settings: Settings) -> None:
    """Raises: ConfigurationError where the settings name no store that is there."""
    storage = open_place(settings)
    if storage is None:
        raise ConfigurationError(NO_STORE)
    if not is_store(storage):
        raise ConfigurationError(_no_store(store_location(settings)))


def _existing(storage: Storage, settings: Settings) -> SegmentStore:
    """A store that is there; of the source that is named, where one is, or of one's own files."""
    if settings.source in ("auto", "none", "polygon") and settings.data is None:
        return SegmentStore.existing(storage, this_market())
    return SegmentStore(storage, identity_without_source(storage, settings), this_market())


def own_stores() -> list[Storage]:
    """The stores in the user's data folder."""
    from platformdirs import user_data_path

    root = user_data_path("polytape")
    folders = sorted(path for path in root.glob("*") if (path / ABOUT).is_file())
    return [open_storage(str(folder)) for folder in folders]


def _likely_store() -> Storage | None:
    """The user's only store, or of several the one that the gateway keeps; None where there is
    none, or no gateway says which.
    """
    stores = own_stores()
    if len(stores) <= 1:
        return stores[0] if stores else None
    from polytape.cli.gateway import store_of_gateway

    location = store_of_gateway()
    return next((storage for storage in stores if storage.url == location), None)


def _no_store(location: str) -> str:
    own = "".join(f"; {_named(storage)}" for storage in own_stores() if storage.url != location)
    there = f"; there are{own[1:]}" if own else ""
    return (
        f"there is no store at {location}{there} (--store names one; polytape serve, history "
        "import and history backfill make one)"
    )


def _note_others(storage: Storage) -> None:
    """Say which store is read, where another one may be meant."""
    others = [own for own in own_stores() if own.url != storage.url]
    if others:
        text = "; ".join(map(_named, others))
        note(f"this is {_named(storage)}; there are others (--store names one): {text}")


def _named(storage: Storage) -> str:
    return f"{storage.url} (bars of {source_of(storage)})"
