"""The file of tokens: hashes of them, and nothing that opens a gateway."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from polytape.errors import ConfigurationError, ValidationError
from polytape.gateway.roles import Role
from polytape.gateway.tokens import FILE, add_token, digest, read_tokens, remove_token
from polytape.net.private_file import HAS_MODES, write_private

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def test_a_token_is_in_its_file_as_a_hash_alone(tmp_path: Path) -> None:
    """Of mode 0600; the token itself is returned once."""
    path = tmp_path / FILE
    token = add_token(path, "alice", Role.READ, now=NOW, days=2, per_minute=5, vendor_per_day=7)
    (record,) = read_tokens(path)
    assert (record.name, record.rights(), record.per_minute, record.vendor_per_day) == (
        "alice", Role.READ, 5, 7
    )  # fmt: skip
    assert record.expires_at == NOW + timedelta(days=2)
    assert record.sha256 == digest(token.encode()).hex()
    assert token not in path.read_text()
    assert len(token) == 43
    assert not HAS_MODES or path.stat().st_mode & 0o777 == 0o600


def test_a_token_is_another_each_time(tmp_path: Path) -> None:
    """Names are told apart, and so are tokens."""
    path = tmp_path / FILE
    tokens = {add_token(path, f"client-{number}", Role.SPEND, now=NOW) for number in range(5)}
    assert len(tokens) == len({record.sha256 for record in read_tokens(path)}) == 5


@pytest.mark.parametrize(
    "name", ["", "a b", "owner", "page", "anonymous", "a\n", "é", "-a", "x" * 65, "a/b"]
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """It stands in log lines; the gateway's own names are its own."""
    with pytest.raises(ValidationError, match=r"name=.* is not valid"):
        add_token(tmp_path / FILE, name, Role.READ, now=NOW)
    assert read_tokens(tmp_path / FILE) == []


def test_a_name_is_used_once_and_a_token_is_removed_by_it(tmp_path: Path) -> None:
    """Who is not there cannot be removed: the error names those who are."""
    path = tmp_path / FILE
    add_token(path, "alice", Role.READ, now=NOW)
    with pytest.raises(ValidationError, match="another name"):
        add_token(path, "alice", Role.READ, now=NOW)
    with pytest.raises(ValidationError, match="alice"):
        remove_token(path, "bob")
    remove_token(path, "alice")
    assert read_tokens(path) == []


def test_programs_at_once_lose_no_token(tmp_path: Path) -> None:
    """Each adds to what the others have written."""
    path = tmp_path / FILE

    def add(number: int) -> None:
        for turn in range(4):
            add_token(path, f"c{number}-{turn}", Role.READ, now=NOW)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_tokens(path)) == 16


def test_days_without_end_are_refused(tmp_path: Path) -> None:
    """The calendar ends."""
    with pytest.raises(ValidationError, match="fewer days"):
        add_token(tmp_path / FILE, "alice", Role.READ, now=NOW, days=1e9)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b'{"tokens": 5}', b"[" * 100_000,
        b'{"tokens": [{"name": "a", "role": "god", "sha256": "' + b"0" * 64 + b'", "created_at": "2026-11-23T15:00:00Z"}]}',
        b'{"tokens": [{"name": "a", "role": "read", "sha256": "00", "created_at": "2026-11-23T15:00:00Z"}]}',
        b'{"tokens": [{"name": "a", "role": "read", "sha256": "' + b"0" * 64 +
        b'", "created_at": "2026-11-23T15:00:00Z", "expires_at": "2026-11-23T15:00:00"}]}',
    ],
)  # fmt: skip
def test_what_is_no_file_of_tokens_is_told(tmp_path: Path, content: bytes) -> None:
    """It is never read as a file without tokens."""
    write_private(tmp_path / FILE, content)
    with pytest.raises(ConfigurationError, match=f"{FILE} is no file of tokens"):
        read_tokens(tmp_path / FILE)
