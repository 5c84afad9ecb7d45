"""A gateway's own time, as commands read it."""

import time
from datetime import date
from typing import Self

import pytest

from polytape.cli.gateway_time import gateway_day, gateway_now
from polytape.errors import DataFetchError, NotFoundError
from polytape.model.instants import parse_instant
from polytape.wire.api.clock_messages import ClockState
from tests.conftest import MARKET


class Gateway:
    """Answers `/clock` with what it is given; an error is raised."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def get(self, path: str, kind: object) -> object:
        assert (path, kind) == ("/clock", ClockState)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def clock(now: str, *, wall: bool = False) -> dict[str, object]:
    return {"now": now, "speed": 1.0, "paused": False, "wall": wall}


def test_a_turned_clock_counts() -> None:
    """As of a replay."""
    gateway = Gateway(clock("2024-07-02T13:31:30.500Z"))
    expected = parse_instant("2024-07-02T13:31:30.5Z", "at", MARKET)
    assert gateway_now(gateway) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer",
    [clock("2024-07-02T13:31:30Z", wall=True), NotFoundError("no such page", status=404),
     DataFetchError("not allowed", status=405)],
)  # fmt: skip
def test_the_walls_time_is_this_machines(answer: object) -> None:
    """A server without a clock has the wall's, too."""
    before = time.time_ns() // 1_000
    assert before <= gateway_now(Gateway(answer)) <= time.time_ns() // 1_000  # type: ignore[arg-type]


def test_a_broken_server_is_an_error() -> None:
    for answer in (DataFetchError("down", status=502), clock("tomorrow")):
        with pytest.raises(DataFetchError):
            gateway_now(Gateway(answer))  # type: ignore[arg-type]


@pytest.mark.parametrize(("long_from", "day"), [(None, 8), ("2026-12-07", 9), ("2026-12-10", 8)])
def test_the_day_is_the_trade_date(
    monkeypatch: pytest.MonkeyPatch, long_from: str | None, day: int
) -> None:
    """21:30 in New York is the next one's, where the hours say so."""
    monkeypatch.setattr(
        "polytape.cli.gateway_time.connect", lambda _: Gateway(clock("2026-12-09T02:30:00Z"))
    )
    if long_from is not None:
        monkeypatch.setenv("POLYTAPE_LONG_DAY_FROM", long_from)
    assert gateway_day(None) == date(2026, 12, day)
