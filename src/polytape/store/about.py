"""`store.json`: the schema of a store, and the source whose bars it has."""

from collections.abc import Iterator

import msgspec

from polytape.errors import ConfigurationError
from polytape.net.storage import Storage
from polytape.store.footer import SCHEMA, DamagedSegmentError, read_footer

ABOUT = "store.json"
# The source of bars that came out of files of one's own.
IMPORTED = "imported"


class About(msgspec.Struct):
    """The file."""

    schema: int
    source: str


def source_of(storage: Storage) -> str:
    """The source of the store that lies in a storage.

    Raises: ConfigurationError where there is none, or its file is damaged.
    """
    try:
        return _read(storage).source
    except FileNotFoundError as error:
        raise ConfigurationError(f"{storage.url} is no store: it has no {ABOUT}") from error


def claim(storage: Storage, source: str) -> None:
    """Make sure that a storage is the store of `source`: one without bars becomes it, and one whose
    ABOUT is lost, where its segments name the source.

    Raises: ConfigurationError for a store of another source, or of a newer schema.
    """
    try:
        about = _read(storage)
    except FileNotFoundError:
        _check_bars(storage, source)
        content = msgspec.json.encode(About(SCHEMA, source))
        storage.put(ABOUT, lambda sink: sink.write(content))
        return
    if about.schema > SCHEMA:
        raise ConfigurationError(
            f"the store {storage.url} is of schema {about.schema}, and this version of "
            f"polytape reads up to {SCHEMA}: update polytape, or name another --store"
        )
    if about.source != source:
        raise _another(storage, about.source, source)


def _check_bars(storage: Storage, source: str) -> None:
    """Raises: ConfigurationError where there are bars already, and no segment says that they are of
    `source`.
    """
    unnamed = False
    for path in _segments(storage):
        try:
            owner = read_footer(storage.open(path), path).source
        except (DamagedSegmentError, OSError, UnicodeEncodeError):
            continue
        if owner and owner != source:
            raise _another(storage, owner, source)
        if owner:
            return
        unnamed = True
    if unnamed:
        content = msgspec.json.encode(About(SCHEMA, source)).decode()
        raise ConfigurationError(
            f"the store {storage.url} has bars, and no {ABOUT} that says whose: write {content} "
            f"into {storage.url}/{ABOUT} if they are of {source}, or name another --store"
        )


def _segments(storage: Storage) -> Iterator[str]:
    for series in storage.folders("bars"):
        for period in storage.folders(f"bars/{series}"):
            folder = f"bars/{series}/{period}"
            yield from (f"{folder}/{n}" for n in storage.names(folder) if n.endswith(".parquet"))


def _another(storage: Storage, owner: str, source: str) -> ConfigurationError:
    text = f"the store {storage.url} holds bars of {owner}, not of {source}"
    ways = "name another --store, bars of two sources never mix"
    if owner == IMPORTED:
        ways += f"; polytape serve --source none --store {storage.url} serves these"
    if source == IMPORTED:
        text += ", which files of your own are"
    return ConfigurationError(f"{text}: {ways}")


def _read(storage: Storage) -> About:
    try:
        return msgspec.json.decode(storage.read(ABOUT), type=About)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{storage.url}/{ABOUT} is damaged: {error}") from error
