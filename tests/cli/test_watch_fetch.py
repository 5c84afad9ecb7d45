"""What the watch asks a client for."""

from datetime import date

import pytest

from polytape import ConfluenceScanner, PolygonClient
from polytape.cli.watch_fetch import (
    Failure,
    History,
    SymbolZones,
    Task,
    perform,
)
from polytape.errors import NotFoundError
from polytape.model.instants import parse_instant, parse_span
from polytape.model.spans import Span
from tests.conftest import MARKET, NOW

pytestmark = pytest.mark.socket


def test_history_is_the_last_day_and_what_it_is_compared_with(gateway: str) -> None:
    """The close before it is the official one, and the usual day is of ten sessions."""
    with PolygonClient(gateway) as client:
        result = perform(client, Task("AAPL", "history"), NOW)
        assert isinstance(result, History)
        today = client.fetch_table("AAPL", "2026-11-23", "2026-11-23", "1min")
        days = client.fetch_bars("AAPL", "2026-11-16", "2026-11-20", "1day")
        assert result.day == date(2026, 11, 23)
        assert result.minutes.close.tolist() == today["close"].to_pylist()
        assert result.previous_close == days["close"].iloc[-1]
        # Ten sessions back from Friday the 20th.
        assert (result.usual.days[0], result.usual.days[-1]) == (
            date(2026, 11, 9), date(2026, 11, 20),
        )  # fmt: skip
        assert len(result.usual.days) == 10
        last = int(result.minutes.timestamp[-1]) + 60_000_000
        relative = result.usual.relative(float(result.minutes.volume.sum()), last)
        assert relative is not None
        assert 0.2 < relative < 5


def test_history_goes_on_to_the_bars_that_are_known(gateway: str) -> None:
    """Where the market's clock runs faster than was thought."""
    with PolygonClient(gateway) as client:
        a_week_ago = NOW - 7 * 86_400_000_000
        early = perform(client, Task("AAPL", "history"), a_week_ago)
        late = perform(client, Task("AAPL", "history", NOW), a_week_ago)
    assert isinstance(early, History)
    assert isinstance(late, History)
    assert (early.day, late.day) == (date(2026, 11, 16), date(2026, 11, 23))


def test_zones_are_the_scanners(gateway: str) -> None:
    """With the daily ATR."""
    with PolygonClient(gateway) as client:
        result = perform(client, Task("AAPL", "zones", NOW), NOW)
        assert isinstance(result, SymbolZones)
        assert result.as_of == NOW
        assert result.zones
        assert result.atr_day is not None
        assert result.errors == ()


def test_zones_are_those_of_a_scan_at_the_same_instant(gateway: str) -> None:
    """On a Saturday Friday counts as a whole day, which as of its last bar it does not yet."""
    friday, saturday = "2026-11-21T00:59:00Z", "2026-11-21T12:00:00Z"
    now = parse_instant(saturday, "at", MARKET)
    task = Task("AAPL", "zones", parse_instant(friday, "at", MARKET))
    with PolygonClient(gateway) as client:
        scanner = ConfluenceScanner(client)
        early, late = (scanner.scan("AAPL", at) for at in (friday, saturday))
        result = perform(client, task, now)
    assert isinstance(result, SymbolZones)
    assert result.zones == late.zones != early.zones
    assert result.as_of == task.as_of


def test_a_symbol_that_is_not_there_is_a_failure(gateway: str) -> None:
    """Not an exception: the others go on."""
    with PolygonClient(gateway) as client:
        result = perform(client, Task("ZZZZZZ", "history"), NOW)
    assert isinstance(result, Failure)
    assert isinstance(result.error, NotFoundError)


def test_before_its_first_bar_a_symbol_has_an_empty_day(gateway: str) -> None:
    """And no close."""
    with PolygonClient(gateway) as client:
        early = parse_instant("2003-09-01T14:00:00Z", "at", MARKET)
        result = perform(client, Task("AAPL", "history"), early)
    assert isinstance(result, History)
    assert (result.day, result.previous_close, len(result.minutes)) == (None, None, 0)


def test_no_more_is_fetched_than_is_needed(gateway: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual volume is of ten sessions, and the day itself: no month of minutes."""
    spans: dict[str, Span] = {}
    with PolygonClient(gateway) as client:
        fetch = client.fetch_table

        def counted(symbol: str, first: date, last: date, timeframe: str) -> object:
            spans[timeframe] = parse_span(first, last, MARKET)
            return fetch(symbol, first, last, timeframe)

        monkeypatch.setattr(client, "fetch_table", counted)
        result = perform(client, Task("AAPL", "history"), NOW)
    assert isinstance(result, History)
    assert len(result.usual.days) == 10
    sessions = list(MARKET.sessions(spans["1min"]))
    assert 11 <= len(sessions) <= 14
