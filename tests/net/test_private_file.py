"""Files of the user's own: what is in them nobody else reads, and nobody else has written."""

import os
import threading
from pathlib import Path

import pytest

from polytape.errors import ConfigurationError
from polytape.net.owner_token import FILE, make_owner_token, owner_token
from polytape.net.private_file import HAS_MODES, locked, make_private, read_private, write_private

posix = pytest.mark.skipif(not HAS_MODES, reason="no modes of files here")
TOKEN = "t" * 43


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Whole, in place of what was there; no other file stays."""
    path = tmp_path / "new" / "file"
    assert read_private(path) is None
    write_private(path, b"one")
    write_private(path, b"two")
    assert read_private(path) == b"two"
    assert list(path.parent.iterdir()) == [path]


@posix
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """Whatever the umask says."""
    before = os.umask(0)
    try:
        write_private(tmp_path / "new" / "a", b"x")
        make_private(tmp_path / "new" / "b", b"x")
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in sorted((tmp_path / "new").iterdir())] == [
        0o600
    ] * 2
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602, 0o640])
def test_what_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    """With its name, and what to do."""
    path = tmp_path / FILE
    write_private(path, TOKEN.encode())
    path.chmod(mode)
    with pytest.raises(
        ConfigurationError, match=f"{FILE} may be read or written by others.*chmod 600"
    ):
        owner_token(tmp_path)


def test_what_cannot_be_read_or_written_names_its_file(tmp_path: Path) -> None:
    """A folder in the file's place, a file in the folder's."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=r"cannot read .*folder: Is a directory"):
        read_private(tmp_path / "folder")
    (tmp_path / "file").write_text("")
    for call in (write_private, make_private):
        with pytest.raises(ConfigurationError, match=r"cannot write .*POLYTAPE_ACCESS_FOLDER"):
            call(tmp_path / "file" / "in", b"x")
    with pytest.raises(ConfigurationError, match="cannot write"), locked(tmp_path / "file" / "in"):
        pass


def test_of_many_programs_one_makes_the_token(tmp_path: Path) -> None:
    """And all others read that one: two gateways of a user share it."""
    made: list[bool] = []
    barrier = threading.Barrier(8)

    def make(number: int) -> None:
        barrier.wait()
        made.append(make_owner_token(tmp_path, f"{number}" * 43))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 7 + [True]
    token = owner_token(tmp_path)
    assert token is not None
    assert token == token[0] * 43
    assert list(tmp_path.iterdir()) == [tmp_path / FILE]


@pytest.mark.parametrize(
    "content", [b"", b"short", b"x" * 20 + b" " + b"x" * 20, b"\xff" * 43, b"a\n" * 30]
)
def test_what_is_no_token_is_told(tmp_path: Path, content: bytes) -> None:
    """An empty one would be everybody's."""
    write_private(tmp_path / FILE, content)
    with pytest.raises(ConfigurationError, match="has no token: remove it"):
        owner_token(tmp_path)
