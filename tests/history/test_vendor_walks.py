"""Walks through a vendor that misbehaves as a machine likes: every answer is the truth or a typed
error, the store claims nothing that it does not hold, and the budget is never overdrawn.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import date
from typing import TypeVar

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
from polytape.model.resample import bar_ends
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import day_span
from tests.fakes.vendor import Recorded, Street, Time, street

pytestmark = [pytest.mark.socket, pytest.mark.timeout(240)]

T = TypeVar("T")
LIMIT, WINDOW_S = 5, 60.0
SYMBOLS = ("AAPL", "NVDA")
FRAMES = {Series.MINUTE: Timeframe.MIN_1, Series.DAY: Timeframe.DAY}
WEEKS = day_span(date(2026, 11, 9), date(2026, 11, 23))
NOW = parse_instant("2026-11-23 11:30 America/New_York", "now")
# An empty page that says so is a lie that nobody can find out; a drip needs real time.
UNSEEN = {Mischief.EMPTY_PAGE, Mischief.DRIP}

questions = st.tuples(
    st.lists(st.sampled_from(sorted(set(Mischief) - UNSEEN)), max_size=4),
    st.sampled_from(SYMBOLS),
    st.sampled_from(list(Series)),
    st.integers(0, 350),
    st.integers(1, 48),
    st.booleans(),
)
walks = st.lists(questions, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def wall() -> Iterator[Street]:
    time = Time(NOW)
    later = Synthetic(xnys(), lambda: NOW + DAY_US)
    truth = Recorded(later, SYMBOLS, Span(WEEKS.start - DAY_US, WEEKS.end + 3 * DAY_US), time)
    with street(
        NOW, most_rows=400, budget=(LIMIT, WINDOW_S), truth=truth, universe=SYMBOLS, time=time
    ) as made:
        yield made


async def at_once(call: Callable[[], T]) -> T:
    return call()


class Walk:
    """One store before the vendor."""

    def __init__(self, wall: Street) -> None:
        self.wall = wall
        self.loop = asyncio.new_event_loop()
        wall.vendor.asked.clear()
        wall.vendor.mischief.clear()
        wall.time.sleep(WINDOW_S)
        wall.time.now = NOW
        self.store = SegmentStore(open_storage("memory"), "polygon")
        self.source = wall.source("advanced", limits=(LIMIT, WINDOW_S))
        self.filler = GapFiller(
            self.source, self.store, xnys(), lambda: wall.time.now, at_once, at_once, at_once,
            BarsCache(10**8),
        )  # fmt: skip

    def ask(self, symbol: str, series: Series, span: Span, background: bool) -> bool:
        """Whether there was an answer; it was the truth then."""
        asked = self.wall.time.now
        try:
            asking = self.filler.base(symbol, series, span, background=background)
            base = self.loop.run_until_complete(asking)
        except PolygonClientError:
            return False
        until = min(span.end, asked if base.through is None else base.through)
        seen = Span(span.start, max(span.start, until))
        # A bar that was completed while the vendor was being asked may be there or not.
        known = bar_ends(base.bars.timestamp, FRAMES[series]) <= asked
        told = base.bars.take(known).within(seen)
        assert same(told, self.truth(symbol, series, span, asked).within(seen))
        return True

    def truth(self, symbol: str, series: Series, span: Span, asked: int) -> Bars:
        """What could be known of a span when it was asked for."""
        bars = self.wall.truth.bars(symbol, series, span).bars
        return bars.take(bar_ends(bars.timestamp, FRAMES[series]) <= asked)

    def check(self) -> None:
        """Every span that the store speaks of holds its true bars; none was asked for in vain."""
        for symbol in SYMBOLS:
            for series in Series:
                for piece in self.store.coverage(symbol, series, WEEKS):
                    held = self.store.read(symbol, series, piece.span)
                    if piece.cover.final:
                        assert same(held, self.truth(symbol, series, piece.span, piece.cover.asked))
        assert self.wall.vendor.busiest() <= LIMIT
        assert self.wall.vendor.keys_in_urls == 0


def same(one: Bars, other: Bars) -> bool:
    """Equal but for what the vendor may leave out."""
    mine, theirs = one.columns(), other.columns()
    names = ("timestamp", "open", "high", "low", "close", "volume")
    return all(mine[name].tolist() == theirs[name].tolist() for name in names)


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walks)
def test_a_walk_ends_with_the_truth_or_a_typed_error(
    wall: Street, steps: list[tuple[list[Mischief], str, Series, int, int, bool]]
) -> None:
    walk = Walk(wall)
    for kinds, symbol, series, start, hours, background in steps:
        wall.spoil(*kinds)
        begin = WEEKS.start + start * HOUR_US
        span = Span(begin, begin + hours * HOUR_US + (start % 3) * MINUTE_US)
        walk.ask(symbol, series, span, background)
    walk.check()
    wall.vendor.mischief.clear()
    wall.time.sleep(WINDOW_S)
    # Whatever happened before, a vendor that behaves again is understood again.
    assert walk.ask("AAPL", Series.MINUTE, Span(WEEKS.start, WEEKS.start + 30 * HOUR_US), True)
    walk.check()
    walk.filler.close()
    walk.loop.close()
    walk.source.vendor.driver.close()
