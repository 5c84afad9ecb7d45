"""Walks through a vendor that misbehaves as a machine likes: every answer is the truth or a typed
error, the store claims nothing that it does not have, and the budget is never overdrawn.
"""

import asyncio
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polytape.errors import PolygonClientError
from polytape.fake_vendor.mischief import Mischief
from polytape.history.bars_cache import BarsCache
from polytape.history.gap_filler import GapFiller
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.query import BarsQuery, series_query
from polytape.model.resample import bar_ends
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, day_span
from tests.fakes.vendor import Recorded, Street, Time, street
from tests.history.scene import AtOnce

pytestmark = [pytest.mark.socket, pytest.mark.timeout(240)]

LIMIT, WINDOW_S = 5, 60.0
SYMBOLS = ("AAPL", "NVDA")
WEEKS = day_span(date(2026, 11, 9), date(2026, 11, 23))
NOW = parse_instant("2026-11-23 11:30 America/New_York", "now", MARKET)
# An empty page that says so is a lie that nobody can notice; a drip needs real time.
UNSEEN = {Mischief.EMPTY_PAGE, Mischief.DRIP, Mischief.NO_ROWS}
# What is answered without the rows that cannot be right, with a note: see tests/hostile. So is a
# page of another time beside a right one.
IN_PART = {
    Mischief.HALF_ELSEWHERE,
    Mischief.OTHER_TIME,
    Mischief.BAD_PRICES,
    Mischief.CONTRADICTIONS,
}

steps = st.tuples(
    st.lists(st.sampled_from(sorted(set(Mischief) - UNSEEN - IN_PART)), max_size=4),
    st.sampled_from(SYMBOLS),
    st.sampled_from(list(Series)),
    st.integers(0, 350),
    st.integers(1, 48),
    st.booleans(),
)
walks = st.lists(steps, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def wall() -> Iterator[Street]:
    time = Time(NOW)
    later = Synthetic(xnys(), lambda: NOW + DAY_US)
    span = Span(WEEKS.start - DAY_US, WEEKS.end + 3 * DAY_US)
    truth = Recorded(later, SYMBOLS, span, time).upstream()
    with street(
        NOW, most_rows=400, budget=(LIMIT, WINDOW_S), truth=truth, universe=SYMBOLS, time=time
    ) as made:
        yield made


class Walk:
    """One store before the vendor."""

    def __init__(self, wall: Street) -> None:
        self.wall = wall
        self.loop = asyncio.new_event_loop()
        wall.vendor.requests.clear()
        wall.vendor.mischief.clear()
        wall.time.sleep(WINDOW_S)
        wall.time.now = NOW
        self.store = SegmentStore(open_storage("memory"), "polygon", MARKET)
        self.source = wall.source("advanced", limits=(LIMIT, WINDOW_S))
        self.filler = GapFiller(
            self.source.upstream(),
            self.store,
            xnys(),
            lambda: wall.time.now,
            AtOnce(),
            BarsCache(10**8),
        )

    def fetch(self, query: BarsQuery) -> bool:
        """Whether there was an answer; it was the truth then."""
        fetched_at = self.wall.time.now
        try:
            read = self.loop.run_until_complete(self.filler.read(query))
        except PolygonClientError:
            return False
        span = query.span
        until = min(span.end, fetched_at if read.through is None else read.through)
        seen = Span(span.start, max(span.start, until))
        # A bar that was completed while the vendor was being asked may be there or not.
        sure = bar_ends(read.bars.timestamp, query.timeframe, MARKET) <= fetched_at
        bars = read.bars.take(sure).within(seen)
        assert same(bars, self.truth(query, fetched_at).within(seen))
        return True

    def truth(self, query: BarsQuery, fetched_at: int) -> Bars:
        """What could be known of a span when it was fetched."""
        bars = self.wall.true_bars(query.symbol, query.series, query.span)
        return bars.take(bar_ends(bars.timestamp, query.timeframe, MARKET) <= fetched_at)

    def check(self) -> None:
        """Every span that the store speaks of has its true bars; none was fetched in vain."""
        for symbol in SYMBOLS:
            for series in Series:
                for part in self.store.coverage(symbol, series, WEEKS):
                    stored = self.store.read(symbol, series, part.span)
                    if part.coverage.final:
                        query = series_query(symbol, series, part.span)
                        assert same(stored, self.truth(query, part.coverage.fetched_at))
        assert self.wall.vendor.busiest() <= LIMIT
        assert self.wall.vendor.keys_in_urls == 0

    def close(self) -> None:
        self.filler.close()
        self.store.close()
        self.loop.close()
        self.source.vendor.driver.close()


def same(one: Bars, other: Bars) -> bool:
    """Equal but for what the vendor may leave out."""
    mine, theirs = one.columns(), other.columns()
    names = ("timestamp", "open", "high", "low", "close", "volume")
    return all(mine[name].tolist() == theirs[name].tolist() for name in names)


Steps = list[tuple[list[Mischief], str, Series, int, int, bool]]
ON_ANY_WALL = [HealthCheck.function_scoped_fixture]


@settings(max_examples=6, suppress_health_check=ON_ANY_WALL)
@given(walks)
def test_a_walk_ends_with_the_truth_or_a_typed_error(wall: Street, steps: Steps) -> None:
    """Whatever the vendor does wrong."""
    check_walk(wall, steps)


@pytest.mark.long
@settings(max_examples=500, suppress_health_check=ON_ANY_WALL)
@given(walks)
def test_five_hundred_walks_end_so(wall: Street, steps: Steps) -> None:
    """The same, many times."""
    check_walk(wall, steps)


def check_walk(wall: Street, steps: Steps) -> None:
    walk = Walk(wall)
    for kinds, symbol, series, start, hours, background in steps:
        wall.spoil(*kinds)
        begin = WEEKS.start + start * HOUR_US
        span = Span(begin, begin + hours * HOUR_US + (start % 3) * MINUTE_US)
        walk.fetch(series_query(symbol, series, span, background=background))
    walk.check()
    wall.vendor.mischief.clear()
    wall.time.sleep(WINDOW_S)
    # Whatever happened before, a vendor that behaves again is understood again.
    last = Span(WEEKS.start, WEEKS.start + 30 * HOUR_US)
    assert walk.fetch(series_query("AAPL", Series.MINUTE, last, background=True))
    walk.check()
    walk.close()
