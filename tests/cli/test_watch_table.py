"""The table of the watch: a function of events, results and the clock."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.cli.watch_fetch import Failure, Task
from polytape.cli.watch_table import (
    LATE_US,
    RETRY_AFTER_US,
    SILENT_AFTER_US,
    ZONES_EVERY_US,
    FeedHealth,
    WatchRow,
    WatchTable,
)
from polytape.client.stream_session import StreamNotice
from polytape.errors import ConnectionError, NotFoundError
from polytape.model.units import DAY_US, MINUTE_US, SECOND_US
from polytape.wire.polygon.events import Trade
from tests.cli.watch_parts import (
    BEFORE,
    DAY,
    HEARTBEAT,
    OPEN,
    SUBSCRIBED,
    end_of,
    history,
    minute,
    no_history,
    zone,
    zones,
)
from tests.conftest import MARKET

NOW = OPEN + 10 * MINUTE_US


def made(*symbols: str, live: bool = True) -> WatchTable:
    """A table that is subscribed."""
    table = WatchTable(symbols or ("AAPL",), MARKET, live=live)
    if live:
        table.event(SUBSCRIBED, NOW)
    return table


def whole(minutes: int = 3) -> WatchTable:
    """A table of AAPL with history and zones at 11 to 12 dollars."""
    table = made()
    table.due(NOW)
    table.result(history(minutes), NOW)
    table.due(NOW)
    table.result(zones(zone(11.0, 12.0), as_of=end_of(minutes - 1)), NOW)
    return table


def test_a_row_is_price_change_volume_zone_and_age() -> None:
    """Each against what it is compared with."""
    table = whole()
    assert table.settled(NOW)
    table.event(minute(3, close=10.5, volume=150.0), NOW)
    (row,) = table.rows(NOW + 2 * SECOND_US)
    assert row == WatchRow(
        "AAPL", 10.5, 2.5, 31.25, 300.0, 0.75, "L3", 0.5, OPEN + 3 * MINUTE_US, 2.0
    )
    assert table.market_now(end_of(9)) == end_of(9)
    assert table.market_now(end_of(1)) == end_of(3)  # a market that is ahead of this machine


def test_nothing_is_asked_for_before_the_feed_is_subscribed() -> None:
    """So that no bar lies between history and the stream."""
    table = WatchTable(["AAPL"], MARKET)
    assert table.due(NOW) == []
    assert not table.settled(NOW)
    table.event(StreamNotice("connected"), NOW)
    assert table.due(NOW) == []
    table.event(SUBSCRIBED, NOW)
    assert table.due(NOW) == [Task("AAPL", "history")]
    assert table.due(NOW) == []


def test_a_table_without_a_feed_asks_at_once() -> None:
    """For one look at what is stored."""
    table = made(live=False)
    assert table.due(NOW) == [Task("AAPL", "history")]
    assert table.health(NOW) == FeedHealth("none")


def test_a_partial_sum_does_not_pass_for_the_days_volume() -> None:
    """Bars that come before their history show a price alone."""
    table = made()
    table.event(minute(5), NOW)
    (row,) = table.rows(NOW)
    assert (row.price, row.volume, row.relative_volume, row.change) == (10.0, None, None, None)
    table.due(NOW)
    table.result(history(5), NOW)
    (row,) = table.rows(NOW)
    assert (row.volume, row.relative_volume, row.change) == (300.0, 0.5, 2.0)


@given(st.lists(st.integers(0, 12), max_size=30), st.integers(0, 13))
def test_bars_that_history_has_too_count_once(live: list[int], stored: int) -> None:
    """Whatever comes first, and however often."""
    table = made()
    half = len(live) // 2
    for count in live[:half]:
        table.event(minute(count), NOW)
    table.due(NOW)
    table.result(history(stored), NOW)
    for count in live[half:]:
        table.event(minute(count), NOW)
    (row,) = table.rows(NOW)
    bars = {*live, *range(stored)}
    assert row.volume == (50.0 * len(bars) if bars else None)


@pytest.mark.parametrize("kind", ["gap", "backfilled", "reconnected"])
def test_after_a_break_the_days_bars_are_read_again(kind: str) -> None:
    """Until then sums are not shown, and the health says why."""
    table = whole()
    table.event(minute(3), NOW)
    table.event(StreamNotice(kind), NOW)
    assert table.health(NOW) == FeedHealth("gap", "reading history")
    assert table.rows(NOW)[0].volume is None
    assert not table.settled(NOW)
    assert table.due(NOW) == [Task("AAPL", "history", end_of(3))]
    assert table.rows(NOW)[0].volume is None
    table.result(history(9), NOW)
    assert table.rows(NOW)[0].volume == 9 * 50.0
    assert table.health(NOW) == FeedHealth("connected")


def test_what_failed_is_said_and_tried_again_later() -> None:
    """A symbol that is not there, or a gateway that is gone for a while."""
    table = made("AAPL", "NOPE")
    _, task = table.due(NOW)
    table.result(history(3), NOW)
    table.result(Failure(task, NotFoundError("no symbol NOPE", status=404)), NOW)
    assert table.remarks() == ["NOPE: no symbol NOPE"]
    assert table.rows(NOW)[1] == WatchRow("NOPE")
    assert [task.symbol for task in table.due(NOW)] == ["AAPL"]
    assert table.due(NOW + RETRY_AFTER_US) == [Task("NOPE", "history")]
    table.result(history(1, "NOPE"), NOW)
    assert table.remarks() == []
    assert table.failures() == []


def test_a_gap_that_could_not_be_read_stays_a_gap() -> None:
    """The failure of history is not its end."""
    table = whole()
    table.event(StreamNotice("gap"), NOW)
    (task,) = table.due(NOW)
    table.result(Failure(task, ConnectionError("gone")), NOW)
    assert table.remarks() == ["AAPL: gone"]
    assert table.settled(NOW)  # as far as it can be
    assert table.rows(NOW)[0].volume is None
    assert table.health(NOW).state == "gap"
    assert table.due(NOW + RETRY_AFTER_US) == [task]


def test_zones_are_made_again_every_quarter_of_an_hour() -> None:
    """By the bars where they are ahead: of the market's time, whatever this machine's."""
    table = whole()
    for count in range(3, 14):
        table.event(minute(count), NOW)
        assert table.due(NOW) == []
    table.event(minute(14), NOW)
    assert table.due(NOW) == [Task("AAPL", "zones", end_of(14))]
    table.result(zones(zone(10.0, 10.5, "L5"), zone(1.0, 2.0), as_of=end_of(14)), NOW)
    assert table.rows(NOW)[0].zone == "L5"


def test_while_the_market_is_closed_zones_are_as_of_now() -> None:
    """As of the last bar the session before is not yet over, and its levels would be missing."""
    table = made()
    saturday = NOW + 4 * DAY_US
    table.due(saturday)
    table.result(history(3), saturday)
    assert table.due(saturday) == [Task("AAPL", "zones", saturday)]
    table.result(zones(zone(11.0, 12.0), as_of=saturday), saturday)
    assert table.due(saturday + MINUTE_US) == []
    later = saturday + 5 * MINUTE_US
    assert later % ZONES_EVERY_US == 0
    assert table.due(later) == []  # its last bar may still come
    assert table.due(later + LATE_US) == [Task("AAPL", "zones", later + LATE_US)]
    assert (table.why_closed(saturday), table.why_closed(NOW)) == ("weekend", None)


def test_without_zones_it_says_why() -> None:
    """None is something else than not known yet."""
    table = made()
    table.due(NOW)
    table.result(history(3), NOW)
    assert table.rows(NOW)[0].zone is None
    table.due(NOW)
    table.result(zones(as_of=end_of(2), errors=("confluence: too little history",)), NOW)
    assert (table.rows(NOW)[0].zone, table.rows(NOW)[0].zone_atrs) == ("none", None)
    assert table.remarks() == ["AAPL: confluence: too little history"]


def test_a_new_day_begins_with_its_own_history() -> None:
    """The change is never against the close before the last one."""
    table = made()
    table.due(NOW)
    table.result(history(390, day=BEFORE), NOW)
    assert table.rows(NOW)[0].change == 2.0
    table.event(minute(0), NOW)
    (row,) = table.rows(NOW)
    assert (row.change, row.volume) == (None, None)
    assert table.due(NOW) == [Task("AAPL", "history", end_of(0))]
    table.result(history(1, close=9.0), NOW)
    assert (table.rows(NOW)[0].change, table.rows(NOW)[0].volume) == (1.0, 50.0)


def test_history_that_lags_behind_the_feed_is_not_asked_without_end() -> None:
    """It is tried again later."""
    table = made()
    table.event(minute(0), NOW)
    assert [task.what for task in table.due(NOW)] == ["history"]
    table.result(history(390, day=BEFORE), NOW)
    assert table.due(NOW) == []
    assert [task.what for task in table.due(NOW + RETRY_AFTER_US)] == ["history"]


def test_a_symbol_without_bars_waits_for_its_first() -> None:
    """Its row is empty, and it is settled."""
    table = made()
    table.due(NOW)
    table.result(no_history(), NOW)
    assert table.rows(NOW) == [WatchRow("AAPL")]
    assert table.settled(NOW)
    assert table.market_now(NOW) == NOW
    table.event(minute(0), NOW)
    assert [task.what for task in table.due(NOW)] == ["history"]


def test_the_feeds_health_follows_what_it_says() -> None:
    """And its silence."""
    table = WatchTable(["AAPL"], MARKET)
    assert table.health(NOW) == FeedHealth("connecting")
    table.event(StreamNotice("connected"), NOW)
    assert table.health(NOW) == FeedHealth("connected")
    assert table.health(NOW + SILENT_AFTER_US) == FeedHealth("connected")
    later = NOW + SILENT_AFTER_US + SECOND_US
    assert table.health(later) == FeedHealth("silent", "nothing for 6 s")
    table.event(HEARTBEAT, later)
    assert table.health(later) == FeedHealth("connected")
    table.event(StreamNotice("disconnected", "gone"), later)
    assert table.health(later + DAY_US) == FeedHealth("disconnected", "gone")
    table.event(StreamNotice("connected"), later)
    table.event(StreamNotice("lag", "9 s"), later)
    assert table.health(later) == FeedHealth("lag", "9 s")
    table.event(minute(0), later)
    assert table.health(later) == FeedHealth("connected")


def test_bars_of_others_and_other_events_change_no_row() -> None:
    """They are a sign of life."""
    table = whole()
    before = table.rows(NOW)
    table.event(minute(9, "MSFT"), NOW)
    table.event(Trade("AAPL", 99.0, 1), NOW)
    assert table.rows(NOW) == before


def test_a_bar_of_history_is_as_old_as_the_market_says() -> None:
    """In a replay the market's clock is behind this machine's."""
    for lag in (0, 900 * DAY_US):
        table = WatchTable(["AAPL"], MARKET, live=False, clock_lag_us=lag)
        table.due(NOW)
        table.result(history(3), NOW)
        assert table.rows(end_of(2) + lag + 7 * SECOND_US)[0].age_s == 7.0


@pytest.mark.parametrize(
    ("price", "atrs", "inside"),
    [(8.0, 1.75, False), (11.0, 0.25, True), (11.25, 0.125, True), (12.0, -0.25, True),
     (12.5, -0.5, False), (30.0, 5.0, False)],
)  # fmt: skip
def test_a_zone_is_as_far_away_as_a_scan_says(price: float, atrs: float, inside: bool) -> None:
    """By its centre, above the price positive; inside with both edges. Of several the nearest."""
    table = whole()
    table.due(NOW + 1)
    both = zones(zone(11.0, 12.0), zone(39.5, 40.5), as_of=end_of(2))
    table.result(both, NOW)
    table.event(minute(3, close=price), NOW)
    (row,) = table.rows(NOW)
    assert (row.zone, row.zone_atrs, row.inside) == ("L3", atrs, inside)


def test_without_an_earlier_day_there_is_no_change() -> None:
    """Volume counts all the same."""
    table = made()
    table.due(NOW)
    table.result(history(3, close=None), NOW)
    (row,) = table.rows(NOW)
    assert (row.change, row.change_percent, row.volume) == (None, None, 150.0)
    assert history(3).day == DAY


def test_rows_stand_in_the_order_of_the_symbols() -> None:
    """Whoever came first."""
    table = made("SPY", "AAPL")
    table.event(minute(1, "AAPL"), NOW)
    rows = table.rows(NOW)
    assert [row.symbol for row in rows] == ["SPY", "AAPL"]
    assert replace(rows[0], symbol="") == WatchRow("")
