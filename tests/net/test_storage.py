"""Where files lie: one contract for a folder and an object store."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore

from polytape.errors import ConfigurationError, DataFetchError
from polytape.net.atomic_file import TEMPORARY
from polytape.net.storage import (
    LISTING_TTL_S,
    FolderStorage,
    ObjectStorage,
    Storage,
    open_bucket,
    open_storage,
)

KINDS: dict[str, Callable[[Path], Storage]] = {
    "folder": lambda path: open_storage(str(path / "store")),
    "memory": lambda _: open_storage("memory"),
}


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return KINDS[request.param](tmp_path)


def write(content: bytes) -> Callable[[Any], None]:
    return lambda sink: sink.write(content)


def test_a_file_comes_back_whole(storage: Storage) -> None:
    """By bytes, by size, and as an Arrow file that can be read from anywhere."""
    assert storage.put("a/b/x.bin", write(b"hello")) == 5
    assert storage.read("a/b/x.bin") == b"hello"
    assert storage.size("a/b/x.bin") == 5
    opened = storage.open("a/b/x.bin")
    opened.seek(1)
    assert opened.read(3) == b"ell"
    opened.close()


def test_a_file_is_replaced_whole_and_its_stamp_changes(storage: Storage) -> None:
    """The stamp tells that it is another one."""
    storage.put("a/x", write(b"one"))
    before = storage.stamps("a")["x"]
    storage.put("a/x", write(b"other"))
    assert storage.read("a/x") == b"other"
    assert storage.stamps("a").keys() == {"x"}
    assert storage.stamps("a")["x"] != before


def test_files_and_folders_are_listed_one_level_at_a_time(storage: Storage) -> None:
    """Without the folder's own name; what is not there is empty."""
    for name in ("top", "a/x", "a/y", "a/b/z", "ab/w"):
        storage.put(name, write(b"1"))
    assert storage.names("") == ["top"]
    assert sorted(storage.folders("")) == ["a", "ab"]
    assert sorted(storage.names("a")) == ["x", "y"]
    assert storage.folders("a") == storage.folders("a/") == ["b"]
    assert (storage.names("none"), storage.folders("none"), storage.stamps("none")) == ([], [], {})


def test_what_is_not_there_is_a_file_not_found(storage: Storage) -> None:
    """For whoever reads; to delete it is no error, since it is gone already."""
    for read in (storage.read, storage.open, storage.size):
        with pytest.raises(FileNotFoundError):
            read("a/none")
    storage.delete("a/none")
    storage.rename("a/none", "a/new")
    assert storage.names("a") == []


def test_a_file_is_deleted_and_renamed(storage: Storage) -> None:
    """Under its new name it is the same file."""
    storage.put("a/x", write(b"1"))
    storage.put("a/y", write(b"2"))
    storage.delete("a/x")
    storage.rename("a/y", "a/z")
    assert storage.names("a") == ["z"]
    assert storage.read("a/z") == b"2"


def test_a_write_that_fails_leaves_what_was_there(storage: Storage) -> None:
    """A reader sees the whole file or none of it."""

    def fail(sink: Any) -> None:
        sink.write(b"half")
        raise RuntimeError("stopped")

    storage.put("a/x", write(b"whole"))
    for name in ("a/x", "a/new"):
        with pytest.raises(RuntimeError):
            storage.put(name, fail)
    assert storage.names("a") == ["x"]
    assert storage.read("a/x") == b"whole"


def test_a_folders_token_is_new_after_a_write_and_then_the_same(tmp_path: Path) -> None:
    """While it stays equal nothing need be listed; just after a change it says nothing."""
    storage = FolderStorage(tmp_path)
    assert storage.token("a") == storage.token("a")
    storage.put("a/x", write(b"1"))
    assert storage.token("a") is None
    os.utime(tmp_path / "a", (1_000, 1_000))
    assert storage.token("a") == storage.token("a") == 1_000 * 10**9
    os.utime(tmp_path / "a", (1_001, 1_001))
    assert storage.token("a") != 1_000 * 10**9


def test_an_object_stores_token_holds_for_a_second() -> None:
    """Listing is all that could be asked: other writers are seen soon."""
    now = [10.0]
    storage = ObjectStorage(MemoryStore(), "s3://x", monotonic=lambda: now[0])
    first = storage.token("a")
    now[0] += LISTING_TTL_S / 2
    assert storage.token("a") == first
    now[0] += LISTING_TTL_S / 2
    assert storage.token("a") != first


def test_half_written_files_are_in_no_listing(tmp_path: Path) -> None:
    """They belong to a writer that still runs, or that died."""
    (tmp_path / f"{TEMPORARY}abc").write_bytes(b"half")
    (tmp_path / "x").write_bytes(b"1")
    storage = FolderStorage(tmp_path)
    assert storage.names("") == ["x"]
    assert storage.stamps("").keys() == {"x"}


def test_a_full_disk_and_a_file_in_the_way_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path and what is wrong, in our own error."""
    storage = FolderStorage(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataFetchError, match=r"file/x: "):
        storage.put("file/x", write(b"1"))

    def full(sink: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DataFetchError, match=r"a/x: the disk is full"):
        storage.put("a/x", full)
    assert list((tmp_path / "a").iterdir()) == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_location_is_a_path_a_url_or_memory(home: Path) -> None:
    """A person names it as it is shown."""
    assert open_storage("~/bars").url == str(home / "bars")
    assert open_storage("memory").url == "memory"
    assert open_storage("s3://bucket/prefix/").url == "s3://bucket/prefix"
    assert open_storage("relative").url == str(Path("relative").absolute())


@pytest.mark.parametrize("location", ["nope://x", "s3://"])
def test_a_location_that_cannot_be_opened_is_named(location: str) -> None:
    """At the start, not at the first read."""
    with pytest.raises(ConfigurationError, match=location):
        open_storage(location)


def test_a_bucket_has_its_own_endpoint_and_keys() -> None:
    """Its keys show in no message; nothing is asked before the first file."""
    storage = open_bucket("s3://flat/x/", endpoint="http://127.0.0.1:1", key="k", secret="hidden")
    assert storage.url == "s3://flat/x"
    assert "hidden" not in repr(storage) + str(vars(storage))
