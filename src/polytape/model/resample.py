"""Longer bars from shorter ones, on the clock grid of New York.

5- to 240-minute bars are sums of minutes, weeks and months sums of the vendor's days: first open,
highest high, lowest low, last close, summed volume and transactions, volume-weighted vwap rounded
to 4 decimals. Measured on real vendor data, bars built this way equal the vendor's own in all
columns (on the nights of a change of the clock, on which nobody trades, nothing was measured). A
grid place without a bar stays without one.
"""

from datetime import date, timedelta

import numpy as np

from polytape.model.arrays import Bools, Floats, Ints
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import DAY_US, HOUR_US, MINUTE_US
from polytape.model.wall_clock import WallClock

VWAP_DECIMALS = 4
# Up to here the opening bell lies on the grid; longer bars have to be moved to begin at it.
LONGEST_ON_GRID_MINUTES = 30
NO_PLACES: Ints = np.array([], np.int64)


def resample(
    bars: Bars, timeframe: Timeframe, *, market: Market, include_extended: bool = True
) -> Bars:
    """Bars of `timeframe` from tidy bars of its stored series (1-minute bars, or daily bars).

    Without extended hours only minutes of [09:30, close) count, and 60-, 120- and 240-minute bars
    begin at 09:30. Days and longer do not depend on `include_extended`.
    """
    regular = timeframe.series is Series.MINUTE and not include_extended
    if timeframe.value == timeframe.series.value or not len(bars):
        return bars.take(market.regular(bars.timestamp)) if regular else bars
    anchored = regular and (timeframe.minutes or 0) > LONGEST_ON_GRID_MINUTES
    if not regular:
        return _sum_up(bars, *_places(bars.timestamp, NO_PLACES, timeframe, market))
    # What lies between two days' regular hours makes one bar, which is left out: that takes less
    # time than to copy the minutes of regular hours.
    bells = market.bells_among(bars.timestamp)
    first, starts = _places(bars.timestamp, bells, timeframe, market, anchored=anchored)
    inside = market.regular(bars.timestamp[first])
    chosen = _begins(inside, np.flatnonzero(inside))
    return _sum_up(bars, first[chosen], starts[chosen]).take(inside[chosen])


def whole_bars(span: Span, timeframe: Timeframe, market: Market, *, anchored: bool = False) -> Span:
    """The span of the stored series that the bars starting inside `span` are made of.

    A bar belongs to the span that contains its start, so the last one may reach past the end.
    """
    if not span or timeframe.value == timeframe.series.value:
        return span
    return Span(
        span.start, max(span.end, bar_end(span.end - 1, timeframe, market, anchored=anchored))
    )


def bar_start(instant: int, timeframe: Timeframe, market: Market, *, anchored: bool = False) -> int:
    """The start of the bar that `instant` falls into, both in microseconds UTC."""
    return int(_labels(np.array([instant]), timeframe, market, anchored=anchored)[0])


def bar_end(instant: int, timeframe: Timeframe, market: Market, *, anchored: bool = False) -> int:
    """The end of the bar that `instant` falls into, both in microseconds UTC."""
    start = bar_start(instant, timeframe, market, anchored=anchored)
    if timeframe.length_us is not None:
        return int(_grid_ends(np.array([start]), timeframe.length_us, market)[0])
    day = market.date_of(start)
    if timeframe is Timeframe.DAY:
        return market.day_start(day + timedelta(days=1))
    if timeframe is Timeframe.WEEK:
        return market.day_start(day + timedelta(days=7))
    return market.day_start(date(day.year + day.month // 12, day.month % 12 + 1, 1))


def bar_ends(starts: Ints, timeframe: Timeframe, market: Market) -> Ints:
    """The instant at which each bar is complete, from its start, both in microseconds UTC."""
    if timeframe.length_us is not None:
        return _grid_ends(starts, timeframe.length_us, market)
    if timeframe is Timeframe.MONTH:
        return np.array([bar_end(int(start), timeframe, market) for start in starts], np.int64)
    days = 1 if timeframe is Timeframe.DAY else 7
    return market.day_starts(market.days_of(starts) + days)


def complete_through(
    span: Span, timeframe: Timeframe, now: int, market: Market, *, anchored: bool = False
) -> int:
    """The instant through which the bars of `span` are complete at `now`: those that start before
    it end at or before `now`. Both in microseconds UTC.
    """
    # A trade date may begin before the midnight that its daily bar is stamped with.
    start = min(now, bar_start(now, timeframe, market, anchored=anchored))
    return min(span.end, max(span.start, start))


def days_from_minutes(minutes: Bars, market: Market) -> Bars:
    """Daily bars where only minutes are at hand; the vendor's own daily bars are better.

    Open, high and low come from regular hours; the close is the closing auction, which prints as
    the open of the minute that begins at the close, else the last regular minute's close; high and
    low are widened to contain it. Volume sums all minutes of the day, and lacks the trades that no
    minute bar has (median 9 % on vendor data). A day without a regular minute has no bar.
    Stamped at midnight New York.
    """
    at = market.session_index(minutes.timestamp)
    minutes, at = minutes.take(at >= 0), at[at >= 0]
    regular = minutes.take(market.regular(minutes.timestamp))
    if not len(regular):
        return Bars.empty()
    days = merge(regular, _labels(regular.timestamp, Timeframe.DAY, market))
    whole = merge(minutes, _labels(minutes.timestamp, Timeframe.DAY, market))
    whole = whole.take(np.isin(whole.timestamp, days.timestamp))
    auction = minutes.take(minutes.timestamp == market.closes[at])
    close = days.close.copy()
    auction_day = _labels(auction.timestamp, Timeframe.DAY, market)
    places = np.searchsorted(days.timestamp, auction_day)
    printed = np.append(days.timestamp, -1)[places] == auction_day
    close[places[printed]] = auction.open[printed]
    return Bars(
        days.timestamp,
        days.open,
        np.maximum(days.high, close),
        np.minimum(days.low, close),
        close,
        whole.volume,
        whole.vwap,
        whole.transactions,
    )


def _places(
    stamps: Ints, bells: Ints, timeframe: Timeframe, market: Market, *, anchored: bool = False
) -> tuple[Ints, Ints]:
    """Where among tidy stamps each bar's first one is, and where each bar starts. A bar begins at
    each of the places `bells`, too.

    All longer grids are made of half hours of UTC, so the wall clock is asked of these alone.
    """
    step = min(timeframe.length_us or DAY_US, LONGEST_ON_GRID_MINUTES * MINUTE_US)
    first = _begins(stamps // step, bells)
    starts = _labels(stamps[first], timeframe, market, anchored=anchored)
    new = _begins(starts, np.searchsorted(first, bells))
    return first[new], starts[new]


def _labels(stamps: Ints, timeframe: Timeframe, market: Market, *, anchored: bool = False) -> Ints:
    if timeframe.length_us is not None:
        return wall_grid(
            stamps, timeframe.length_us, market, market.opening_bell_us if anchored else 0
        )
    days = market.days_of(stamps)
    if timeframe is Timeframe.WEEK:
        days = days - (days + 4) % 7  # 1970-01-01 was a Thursday; a week starts on Sunday
    elif timeframe is Timeframe.MONTH:
        months = days.astype("datetime64[D]").astype("datetime64[M]")
        days = months.astype("datetime64[D]").astype(np.int64)
    return market.to_utc(days * DAY_US)


def wall_grid(stamps: Ints, length: int, clock: WallClock, anchor: int = 0) -> Ints:
    """The start of each instant's place on a grid of a wall clock. `length` divides a day and
    `anchor` is the time of day at which a place begins, both in microseconds; `stamps` and the
    starts are microseconds UTC.

    A place begins when the clock first shows its start or, where that is skipped, something later:
    on the nights on which the clock is changed one of two hours is an hour longer or shorter.
    """
    if HOUR_US % length == 0 and anchor == 0:
        return stamps // length * length  # offsets are whole hours: the UTC grid is the zone's
    starts = stamps - (clock.to_local(stamps) % DAY_US - anchor) % length
    if HOUR_US % length == 0 or not len(stamps):
        return starts
    return _round_changes(starts, stamps, length, clock, anchor)


def _round_changes(starts: Ints, stamps: Ints, length: int, clock: WallClock, anchor: int) -> Ints:
    """The starts, with those put right that lie less than a day after a change of the clock."""
    changed = clock.changed(stamps - DAY_US, stamps)
    if not changed.any():
        return starts
    late = stamps[changed]
    local = clock.to_local(late)
    place = local - (local % DAY_US - anchor) % length
    own, following = clock.first_shown(place), clock.first_shown(place + length)
    # Where the clock is set back into the place before, the next one has begun all the same.
    starts[changed] = np.where(following <= late, following, own)
    return starts


def _grid_ends(starts: Ints, length: int, clock: WallClock) -> Ints:
    """Where the places that begin at `starts` on a grid of a wall clock end."""
    ends = starts + length
    if HOUR_US % length == 0 or not len(starts):
        return ends
    odd = clock.changed(starts - 1, ends)
    if odd.any():
        # What the clock would show, had it not been changed at the start.
        shown = clock.to_local(starts[odd] - 1) + 1
        ends[odd] = clock.first_shown(shown + length)
    return ends


def merge(bars: Bars, labels: Ints) -> Bars:
    """One bar for each run of equal labels, stamped with it; the last bar of a run closes it."""
    if not len(bars):
        return bars
    first = _begins(labels, NO_PLACES)
    return _sum_up(bars, first, labels[first])


def _begins(labels: Ints | Bools, bells: Ints) -> Ints:
    """Where each run of equal labels begins, and the places `bells`."""
    begins = np.ones(len(labels), np.bool_)
    np.not_equal(labels[1:], labels[:-1], out=begins[1:])
    begins[bells] = True
    return np.flatnonzero(begins)


def _sum_up(bars: Bars, first: Ints, starts: Ints) -> Bars:
    """One bar for all from each place of `first` up to the next, stamped with its start."""
    last = np.append(first[1:], len(bars)) - 1
    volume = np.add.reduceat(bars.volume, first)
    return Bars(
        starts,
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[last],
        volume,
        _vwap(bars, first, volume),
        np.add.reduceat(bars.transactions, first),
    )


def _vwap(bars: Bars, first: Ints, volume: Floats) -> Floats:
    traded = np.add.reduceat(bars.vwap * bars.volume, first)
    mean = np.divide(traded, volume, out=np.full(len(volume), np.nan), where=volume > 0)
    rounded: Floats = np.round(mean, VWAP_DECIMALS)
    return rounded
