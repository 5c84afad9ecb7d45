"""What `polytape doctor` looks at of the store that a gateway would use."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polytape.cli.checkup import Finding
from polytape.cli.checkup_vendor import NOT_TRIED, ONLINE
from polytape.errors import PolygonClientError
from polytape.model.counts import counted
from polytape.settings import Settings

if TYPE_CHECKING:
    from polytape.net.storage import Storage


def store_findings(
    settings: Settings, status: Mapping[str, Any], *, online: bool
) -> Iterator[Finding]:
    """The store of the gateway that runs (`status` is what it says of itself), where the settings
    name none; and the one that a gateway of these settings would use, where it is another.
    """
    if settings.store == "none":
        yield Finding("store", "ok", "none: nothing is kept")
        return
    try:
        yield from _store_findings(settings, status, online=online)
    except PolygonClientError as error:
        yield Finding("store", "trouble", str(error), "polytape serve --store names another")


def _gateway_findings(location: str) -> Iterator[Finding]:
    """The store that the gateway names; it may run on another machine, or keep it in a bucket."""
    from polytape.cli.stores import is_store
    from polytape.net.storage import open_storage

    if "://" in location:
        yield Finding("store", "ok", f"{location}, the gateway's: {NOT_TRIED}")
        return
    storage = open_storage(location)
    if is_store(storage):
        yield from _disk_findings(storage)
        yield from _content_findings(storage)
    else:
        yield Finding("store", "ok", f"{location} is the gateway's, and not on this machine")


def _store_findings(
    settings: Settings, status: Mapping[str, Any], *, online: bool
) -> Iterator[Finding]:
    from polytape.cli import stores
    from polytape.store.about import source_of

    named, settings = stores.is_named(settings), stores.served(settings)
    location = stores.store_location(settings)
    if "://" in location and not online:
        yield Finding("store", "ok", f"{location}: {NOT_TRIED}", ONLINE)
        return
    storage = stores.open_place(settings)
    assert storage is not None
    running = None if named else status.get("store")
    if running not in (None, location):
        yield from _gateway_findings(str(running))
        if not stores.is_store(storage):
            return
    yield from _disk_findings(storage)
    if not stores.is_store(storage):
        cure = "polytape serve, history import and history backfill make one"
        yield Finding("store", "ok", f"{storage.url}: there is none yet", cure)
        return
    source, expected = source_of(storage), stores.store_identity(settings)
    if not stores.asks(settings):
        expected = stores.identity_without_source(storage, settings)
    if source != expected:
        what = f"{storage.url} holds bars of {source}, and the settings are for {expected}"
        yield Finding("store", "trouble", what, "name another --store, or that --source")
        return
    yield from _content_findings(storage)


def _content_findings(storage: "Storage") -> Iterator[Finding]:
    from polytape.cli.clock import this_market
    from polytape.store.segments import SegmentStore

    with closing(SegmentStore.existing(storage, this_market())) as store:
        catalog = store.catalog
        series = catalog.series()
        folders = [folder for one in series for folder in catalog.folders(one)]
        segments = [segment for folder in folders for segment in catalog.segments(folder)]
        size = sum(segment.size for segment in segments)
        names = ", ".join(f"{len(catalog.symbols(one)):,} of {one.value}" for one in series)
        what = f"bars of {store.source}, {size / 1e6:,.1f} MB in {counted(len(segments), 'file')}"
        symbols = f"symbols: {names or 'none'}"
        yield Finding("store", "ok", f"{storage.url}: {what}; {symbols}")
        for file in catalog.unread():
            what = f"{storage.url}/{file.path} is not read: {file.reason}"
            cure = "polytape history backfill fetches its bars again; then delete the file"
            yield Finding("store", "warning", what, cure)


def _disk_findings(storage: "Storage") -> Iterator[Finding]:
    """The disk of a store in a folder: whether it can be written, and what is free."""
    from polytape.net.storage import FolderStorage

    if isinstance(storage, FolderStorage):
        yield _disk_finding(storage.root)


def _disk_finding(folder: Path) -> Finding:
    import shutil

    from polytape.gateway.readiness import disk_trouble

    trouble = disk_trouble(folder)
    if trouble is not None:
        cure = "make room, or --store names a folder of another disk that you may write to"
        return Finding("disk", "trouble", trouble, cure)
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    return Finding("disk", "ok", f"{folder} can be written; {free / 1e9:,.1f} GB are left")
