"""A clock that misbehaves: behind, a repair is not lost; years ahead, nothing is whole for ever."""

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.history.store_writer import StoreWriter
from polytape.model.market_bars import MarketBars
from polytape.model.query import series_query
from polytape.model.spans import Span, SpanSet
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from polytape.net.storage import Storage
from polytape.store.catalog import FUTURE_US
from polytape.store.compact import compact, forget
from polytape.store.segments import SegmentStore
from polytape.upstream.clock_check import TOLERANCE_US, ClockCheck
from tests.conftest import MARKET
from tests.history.scene import Scene
from tests.store.bars import DAY, FIRST, HOUR, memory, some_bars, write

MONTH = "bars/1min/2024-01"
DAY_ONE = Span(FIRST, FIRST + DAY)
HOURS = [FIRST + n * HOUR for n in range(6)]
NOW = FIRST + 30 * DAY


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def opened(storage: Storage, clock: Clock) -> SegmentStore:
    return SegmentStore(storage, "test", MARKET, now=clock)


def stored(store: SegmentStore, clock: Clock, price: float) -> None:
    """Fetched and stored as the gateway does it."""
    writer = StoreWriter(store, MARKET, now=clock)
    market = MarketBars.of({"A": some_bars(HOURS, price)})
    writer.write(Series.MINUTE, ("A",), SpanSet.of([DAY_ONE]), market, clock.now)
    writer.close()


def first_price(store: SegmentStore) -> float | None:
    bars = store.read("A", Series.MINUTE, DAY_ONE)
    return float(bars.close[0]) if len(bars) else None


@given(
    st.lists(
        st.tuples(st.sampled_from(["store", "delete", "compact"]), st.integers(-11, 11)),
        max_size=6,
    )
)
def test_what_was_said_last_counts_wherever_the_clock_goes(steps: list[tuple[str, int]]) -> None:
    """Within hours: repairs, deletions and compactions by a clock that jumps back and forth."""
    clock, storage = Clock(), memory()
    truth: float | None = None
    for number, (step, hours) in enumerate(steps):
        clock.now = NOW + hours * HOUR_US
        store = opened(storage, clock)
        if step == "store":
            truth = float(number)
            stored(store, clock, truth)
        elif step == "delete":
            truth = None
            forget(store, "A", Series.MINUTE, DAY_ONE)
        else:
            compact(store, MONTH)
        assert first_price(store) == truth
        assert bool(store.coverage("A", Series.MINUTE)) is (truth is not None)
        store.close()


def test_a_repair_by_a_clock_that_is_behind_is_not_lost() -> None:
    clock, storage = Clock(), memory()
    store = opened(storage, clock)
    stored(store, clock, 1.0)
    clock.now -= 12 * HOUR_US
    stored(store, clock, 2.0)
    assert first_price(store) == 2.0
    clock.now += 15 * HOUR_US
    assert first_price(opened(storage, clock)) == 2.0
    stored(store, clock, 3.0)
    assert first_price(store) == 3.0


def test_coverage_from_the_future_is_refused_and_named(caplog: pytest.LogCaptureFixture) -> None:
    """A clock that was once four years ahead leaves nothing that is whole for ever."""
    clock, storage = Clock(NOW + 1_461 * DAY_US), memory()
    stored(opened(storage, clock), clock, 1.0)
    clock.now = NOW
    store = opened(storage, clock)
    assert store.coverage("A", Series.MINUTE) == []
    assert "is not believed: it was fetched at 2028-02" in caplog.text
    (refused,) = store.catalog.unread()
    assert refused.path.startswith(MONTH)
    assert "one of the two clocks was wrong" in refused.reason
    stored(store, clock, 2.0)
    assert first_price(store) == 2.0
    for number in (3, 4):
        write(store, "B", some_bars([FIRST]), DAY_ONE, number)
    assert compact(store, MONTH) is not None
    assert first_price(store) == 2.0
    assert len(store.catalog.segments(MONTH)) == 2  # what is not believed is not touched
    assert len(list(store.catalog.unread())) == 1


def test_what_is_believed_of_a_file_stays() -> None:
    """Where one entry of coverage is from the future, the others of the file count."""
    clock, storage = Clock(), memory()
    store = opened(storage, clock)
    stored(store, clock, 1.0)
    ahead = Clock(NOW + 100 * DAY_US)
    write(opened(storage, ahead), "B", some_bars(HOURS), DAY_ONE, ahead.now)
    compact(opened(storage, ahead), MONTH)
    fresh = opened(storage, clock)
    assert first_price(fresh) == 1.0
    assert fresh.coverage("B", Series.MINUTE) == []
    assert len(opened(storage, ahead).coverage("B", Series.MINUTE)) == 1


def test_a_clock_that_is_behind_by_days_is_set_right_by_the_vendors() -> None:
    clock, storage = Clock(), memory()
    stored(opened(storage, clock), clock, 1.0)
    clock.now -= FUTURE_US + HOUR_US
    store = opened(storage, clock)
    assert first_price(store) is None
    check = ClockCheck(clock)
    check.heard({"date": http_date(NOW)})
    store.believe_until(check.latest)
    store.catalog.forget()
    assert first_price(store) == 1.0


def http_date(instant: int) -> str:
    return format_datetime(datetime.fromtimestamp(instant // SECOND_US, UTC), usegmt=True)


@given(st.integers(-(10**14), 10**14))
def test_the_earlier_clock_decides_what_is_over(ahead: int) -> None:
    clock = Clock()
    check = ClockCheck(clock)
    check.heard({"date": http_date(NOW + ahead)})
    truth = (NOW + ahead) // SECOND_US * SECOND_US
    if abs(truth - NOW) > TOLERANCE_US:
        assert (check.earliest(), check.latest()) == (min(NOW, truth), max(NOW, truth))
        assert check.vendor_ahead_us() == truth - NOW
        assert ("behind" in str(check.note())) is (truth > NOW)
    else:
        assert check.earliest() == check.latest() == NOW
        assert check.note() is None


@pytest.mark.parametrize(
    "headers",
    [{}, {"date": ""}, {"date": "yesterday"}, {"date": "Thu, 99 Nov 2026 02:02:02 GMT"}],
)
def test_a_response_without_a_time_says_nothing(headers: dict[str, str]) -> None:
    check = ClockCheck(Clock())
    check.heard(headers)
    check.heard(headers | {"age": "old"})
    assert check.vendor_ahead_us() == 0


def test_a_change_is_logged_once_and_a_cached_response_is_as_old_as_it_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    check = ClockCheck(Clock())
    check.heard({"date": http_date(NOW - HOUR_US), "age": "3600"})
    assert caplog.text == ""
    for _ in range(3):
        check.heard({"date": http_date(NOW - HOUR_US)})
    assert caplog.text.count("60 minutes ahead of the vendor's") == 1
    check.heard({"date": http_date(NOW - MINUTE_US)})
    assert "agrees with the vendor's again" in caplog.text


async def test_an_answer_says_that_the_clock_is_wrong() -> None:
    """By a clock that is a year ahead, what the vendor may still correct is not final."""
    scene = Scene()
    check = ClockCheck(lambda: scene.now + 365 * DAY_US)
    check.heard({"date": http_date(scene.now)})
    upstream = replace(scene.source.upstream(), clock=check)
    store, service = scene.open(upstream)
    filler = replace(service.filler, now=check.earliest)
    today = MARKET.day_span(MARKET.date_of(scene.now))
    read = await filler.read(series_query("AAPL", Series.MINUTE, today))
    assert [note for note in read.notes if "365.0 days ahead of the vendor's" in note]
    slices = store.coverage("AAPL", Series.MINUTE)
    assert [part.coverage.final for part in slices] == [False]
    assert slices[0].span.end <= scene.now
    filler.close()
    scene.close()
