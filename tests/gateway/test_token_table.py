"""The tokens that open a gateway, as its file changes and time passes."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from polytape.errors import ConfigurationError
from polytape.gateway.roles import Role
from polytape.gateway.token_table import CODE_S, MOST_CODES, MOST_SESSIONS, SESSION_S, TokenTable
from polytape.gateway.tokens import FILE, add_token, remove_token
from polytape.net.private_file import write_private

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return NOW.timestamp() + self.seconds - 1_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE


@pytest.fixture
def make_table(clock: Clock, file: Path) -> Callable[[], TokenTable]:
    return lambda: TokenTable(file, seconds=clock.monotonic, wall=clock.wall)


def test_a_token_that_is_added_opens_within_a_second(
    make_table: Callable[[], TokenTable], clock: Clock, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And one that is removed opens nothing any more; both are in the audit."""
    caplog.set_level(logging.INFO, "polytape.audit")
    table = make_table()
    token = add_token(file, "alice", Role.READ, now=NOW).encode()
    assert table.find(token) is None
    clock.seconds += 1.0
    caller = table.find(token)
    assert caller is not None
    assert (caller.name, caller.role) == ("alice", Role.READ)
    assert table.find(token[:-1]) is None
    assert table.find(b"") is None
    remove_token(file, "alice")
    clock.seconds += 1.0
    assert table.find(token) is None
    lines = [json.loads(text) for text in caplog.messages]
    assert [(line["added"], line["removed"]) for line in lines] == [
        (["alice"], []),
        ([], ["alice"]),
    ]


def test_the_file_is_looked_at_once_a_second_at_most(
    make_table: Callable[[], TokenTable], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by each request."""
    table = make_table()
    looks: list[float] = []
    monkeypatch.setattr(table, "_look", lambda: looks.append(clock.seconds))
    for _ in range(1_000):
        clock.seconds += 1 / 64
        table.find(b"wrong")
    assert len(looks) == 1_000 // 64


def test_a_file_that_goes_bad_is_told_and_the_tokens_before_count(
    make_table: Callable[[], TokenTable], clock: Clock, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A slip of an editor locks nobody out; at the start it is an error."""
    token = add_token(file, "alice", Role.READ, now=NOW).encode()
    table = make_table()
    write_private(file, b"nonsense")
    clock.seconds += 1.0
    assert table.find(token) is not None
    assert "is no file of tokens" in caplog.text
    with pytest.raises(ConfigurationError, match="is no file of tokens"):
        make_table()
    file.unlink()
    clock.seconds += 1.0
    assert table.find(token) is None


def test_a_token_ends_with_its_time(
    make_table: Callable[[], TokenTable], clock: Clock, file: Path
) -> None:
    """To the second."""
    token = add_token(file, "alice", Role.READ, now=NOW, days=1).encode()
    table = make_table()
    assert table.has_filed()
    clock.seconds += 86_399
    assert table.find(token) is not None
    clock.seconds += 1
    assert table.find(token) is None
    assert not table.has_filed()


def test_what_a_token_has_used_outlives_a_change_of_the_file(
    make_table: Callable[[], TokenTable], clock: Clock, file: Path
) -> None:
    """Nobody gets a new quota by having another token added."""
    token = add_token(file, "alice", Role.SPEND, now=NOW, per_minute=1).encode()
    table = make_table()
    caller = table.find(token)
    assert caller is not None
    assert caller.wait_s(clock.seconds) == 0
    add_token(file, "bob", Role.READ, now=NOW)
    clock.seconds += 1.0
    again = table.find(token)
    assert again is not None
    assert again.wait_s(clock.seconds) == 59.0


def test_a_code_opens_one_session_once(make_table: Callable[[], TokenTable], clock: Clock) -> None:
    """Within a minute; the session ends after its time."""
    table = make_table()
    opened = table.open_session(code := table.make_code())
    assert opened is not None
    token, expires = opened
    caller = table.find(token.encode())
    assert caller is not None
    assert (caller.name, caller.role) == ("page", Role.ADMINISTER)
    assert table.find(code.encode()) is None
    assert table.open_session(code) is None
    assert expires == clock.wall() + SESSION_S
    clock.seconds += SESSION_S
    assert table.find(token.encode()) is None
    late = table.make_code()
    clock.seconds += CODE_S
    assert table.open_session(late) is None
    for wrong in ("", "x", token, "\udcff"):
        assert table.open_session(wrong) is None


def test_codes_and_sessions_are_bounded(make_table: Callable[[], TokenTable]) -> None:
    """The oldest goes first."""
    table = make_table()
    codes = [table.make_code() for _ in range(MOST_CODES + 1)]
    assert table.open_session(codes[0]) is None
    assert table.open_session(codes[1]) is not None
    tokens = []
    for _ in range(MOST_SESSIONS + 1):
        opened = table.open_session(table.make_code())
        assert opened is not None
        tokens.append(opened[0].encode())
    assert table.find(tokens[0]) is None
    assert all(table.find(token) is not None for token in tokens[1:])
