"""`store.json`: the schema of a store, and the source whose bars it has."""

import msgspec

from polytape.errors import ConfigurationError
from polytape.net.storage import Storage
from polytape.store.segment import SCHEMA

ABOUT = "store.json"


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
    """Make sure that a storage is the store of `source`: an empty one becomes it.

    Raises: ConfigurationError for a store of another source, or of a newer schema.
    """
    try:
        about = _read(storage)
    except FileNotFoundError:
        content = msgspec.json.encode(About(SCHEMA, source))
        storage.put(ABOUT, lambda sink: sink.write(content))
        return
    if about.schema > SCHEMA:
        raise ConfigurationError(
            f"the store {storage.url} is of schema {about.schema}, and this version of "
            f"polytape reads up to {SCHEMA}: update polytape, or name another --store"
        )
    if about.source != source:
        raise ConfigurationError(
            f"the store {storage.url} holds bars of {about.source}, not of {source}: "
            "name another --store, bars of two sources never mix"
        )


def _read(storage: Storage) -> About:
    try:
        return msgspec.json.decode(storage.read(ABOUT), type=About)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{storage.url}/{ABOUT} is damaged: {error}") from error
