"""A file written whole or not at all."""

import os
from pathlib import Path
from typing import IO

import pytest

from polytape.net.atomic_file import TEMPORARY, write_atomically


def test_a_file_is_there_whole_and_nothing_beside_it(tmp_path: Path) -> None:
    """Its size is returned, so that nobody need ask for it."""
    for durable in (False, True):
        path = tmp_path / f"{durable}"
        assert write_atomically(path, lambda sink: sink.write(b"hello"), durable=durable) == 5
        assert path.read_bytes() == b"hello"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["False", "True"]


def test_until_it_is_written_the_old_one_is_read(tmp_path: Path) -> None:
    """Under its own name there is never half a file."""
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def write(sink: IO[bytes]) -> None:
        sink.write(b"new")
        sink.flush()
        assert path.read_bytes() == b"old"
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith(TEMPORARY)] != []

    write_atomically(path, write)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_write_that_fails_leaves_no_trace(tmp_path: Path, error: type[BaseException]) -> None:
    """What was there stays, and ctrl-C leaves no temporary file either."""
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def write(sink: IO[bytes]) -> None:
        sink.write(b"half")
        raise error

    with pytest.raises(error):
        write_atomically(path, write)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """It is not made: a wrong path is a mistake."""
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "x", lambda sink: sink.write(b"1"))


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_it_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    """Not those of a temporary one, which nobody else may read."""
    (tmp_path / "usual").write_bytes(b"1")
    write_atomically(tmp_path / "x", lambda sink: sink.write(b"1"))
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_the_processs_umask_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read it, it would have to be set: files of other threads had every right meanwhile."""
    monkeypatch.setattr(os, "umask", lambda _: pytest.fail("the umask was set"))
    write_atomically(tmp_path / "x", lambda sink: sink.write(b"1"))
    assert (tmp_path / "x").read_bytes() == b"1"
