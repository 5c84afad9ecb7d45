"""A data-quality report on bars: what is wrong, where, and why, where the calendar knows it.

Nothing is deleted or mended; the report shows evidence. A vwap outside [low, high] is normal (odd
lots count for it and not for prices) and is not looked at.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from polytape.model.arrays import Bools, Floats, Ints
from polytape.model.bars import PRICES, Bars
from polytape.model.counts import counted
from polytape.model.market import REGULAR_MINUTES, SATURDAY, Market, Session
from polytape.model.spans import Span
from polytape.model.timeframes import Timeframe
from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US

# A spike stands this far (as a log ratio) from both its past and its future, or within itself.
SPIKE_LEAST = 0.10
SPIKE_TIMES_USUAL = 20.0
SPIKE_NEIGHBOURS = 5
# Fewer bars have no neighbours on both sides.
SPIKE_FEWEST_BARS = 3
OFF_SESSION = "no session"
OUTSIDE_HOURS = "outside hours"
# Gaps in longer intraday bars are not looked for.
LONGEST_GAP_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the bar that starts at `timestamp`, microseconds UTC."""

    kind: str
    timestamp: int
    detail: str

    def __str__(self) -> str:
        return f"{iso(self.timestamp)} {self.kind}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Gap:
    """Bars that a glance at the clock would expect and that are not there, `missing` in number; no
    bar is inside, over however many sessions it goes.

    `cause` is the calendar's ("exchange holiday" or "early close"; weekends are not listed), or
    that the symbol had no bars yet, or has none any more; `missing` is then 0. None means a halt,
    no eligible trade, or a gap at the vendor.
    """

    span: Span
    missing: int
    cause: str | None


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Findings by time and gaps by time. `sound` when nothing is wrong and nothing unexplained."""

    bars: int
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]

    @property
    def unexplained_missing(self) -> int:
        """How many expected bars are missing without a cause that the calendar knows."""
        return sum(gap.missing for gap in self.gaps)

    @property
    def sound(self) -> bool:
        """Whether there is nothing to look at."""
        return not self.findings and self.unexplained_missing == 0

    def counts(self) -> dict[str, int]:
        """How often each kind of finding occurs."""
        kinds = [finding.kind for finding in self.findings]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def check(
    bars: Bars,
    timeframe: Timeframe,
    span: Span,
    *,
    market: Market,
    anchored: bool = False,
) -> QualityReport:
    """The report on bars in the order they came, expected to fill the sessions inside `span`.

    Gaps are looked for in intraday bars of up to 60 minutes and in daily bars; regular hours only.
    `anchored` says that the bars begin at the opening bell (60 minutes and more, regular hours).
    """
    tidy = bars.tidy()
    findings = [*_order(bars), *_values(bars), *_spikes(tidy)]
    if timeframe is Timeframe.DAY:
        findings += _off_session(bars, market)
    if timeframe.length_us is not None:
        findings += _outside_hours(tidy, timeframe.length_us, market)
    findings.sort(key=lambda finding: (finding.timestamp, finding.kind))
    gaps = tuple(_joined(_gaps(tidy, timeframe, span, market, anchored=anchored), tidy))
    return QualityReport(len(bars), tuple(findings), gaps)


def off_session(bars: Bars, market: Market) -> Bools:
    """Which daily bars are of a day without a session. Days outside the calendar are not judged."""
    return _on_calendar(bars, market) & (market.session_index(bars.timestamp) < 0)


def _off_session(bars: Bars, market: Market) -> Iterator[Finding]:
    for at in np.flatnonzero(off_session(bars, market)):
        stamp = int(bars.timestamp[at])
        why = market.why_closed(market.date_of(stamp))
        # Files whose days are stamped 00:00 UTC were once imported the evening before.
        hint = "the bars around it may lie a day early: delete, import again"
        yield Finding(OFF_SESSION, stamp, f"{why}; {hint}")


def _outside_hours(bars: Bars, length: int, market: Market) -> Iterator[Finding]:
    """One for each day. The bars are kept and served all the same: the rules of `model.hours` may
    not know of hours that trade by now.
    """
    known = market.extended(bars.timestamp) | market.extended(bars.timestamp + length - MINUTE_US)
    strange = bars.take(~known & _on_calendar(bars, market))
    for start, end in pairwise(_day_edges(strange, market)):
        first, last = (market.local(int(strange.timestamp[at])) for at in (start, end - 1))
        yield Finding(
            OUTSIDE_HOURS,
            int(strange.timestamp[start]),
            f"{counted(end - start, 'bar')}, {first:%Y-%m-%d %H:%M} to {last:%H:%M} of the "
            "market's time, when nothing is known to trade",
        )


def _day_edges(bars: Bars, market: Market) -> list[int]:
    """Where the bars of each day begin, and the end of the last."""
    days = market.days_of(bars.timestamp)
    return [*np.flatnonzero(np.diff(days, prepend=-1)).tolist(), len(bars)]


def _on_calendar(bars: Bars, market: Market) -> Bools:
    """Which bars are of days that the calendar reaches."""
    if not len(market.days):
        return np.zeros(len(bars), np.bool_)
    days = market.days_of(bars.timestamp)
    known: Bools = (days >= market.days[0]) & (days <= market.days[-1])
    return known


def _order(bars: Bars) -> Iterator[Finding]:
    steps = np.diff(bars.timestamp)
    for at in np.flatnonzero(steps < 0) + 1:
        earlier = iso(int(bars.timestamp[at - 1]))
        yield Finding("disorder", int(bars.timestamp[at]), f"follows {earlier}")
    stamps, counts = np.unique(bars.timestamp, return_counts=True)
    for stamp, count in zip(stamps[counts > 1], counts[counts > 1], strict=True):
        yield Finding("duplicate", int(stamp), f"{count} bars with this start")


def _values(bars: Bars) -> Iterator[Finding]:
    prices = np.vstack([getattr(bars, name) for name in PRICES])
    unreal = ~np.isfinite(prices).all(axis=0) | ~np.isfinite(bars.volume)
    yield from _marked(bars, "not a number", unreal)
    yield from _marked(bars, "zero or negative price", np.any(prices <= 0, axis=0))
    yield from _marked(bars, "negative volume", bars.volume < 0)
    yield from _marked(bars, "high below low", bars.high < bars.low)
    ordered: Bools = bars.high >= bars.low
    for name, price in (("open", bars.open), ("close", bars.close)):
        outside: Bools = ordered & ((price > bars.high) | (price < bars.low))
        yield from _marked(bars, f"{name} outside range", outside)


@dataclass(frozen=True, eq=False, slots=True)
class Spikes:
    """Which bars have a price far from the closes on both sides of it, or prices far from each
    other; and the median close before and after each bar, in dollars.
    """

    where: Bools
    before: Floats
    after: Floats


def spikes(bars: Bars) -> Spikes:
    """The spikes of sound, tidy bars. At either end the one side there is speaks for both."""
    if len(bars) < SPIKE_FEWEST_BARS:
        return Spikes(np.zeros(len(bars), np.bool_), bars.close, bars.close)
    close = np.log(bars.close)
    usual = float(np.median(np.abs(np.diff(close))))
    limit = max(SPIKE_LEAST, SPIKE_TIMES_USUAL * usual)
    past, future = _medians(close)
    far = np.zeros(len(bars), np.bool_)
    for price in (np.log(bars.high), np.log(bars.low)):
        far |= np.minimum(np.abs(price - past), np.abs(price - future)) > limit
    torn = np.log(bars.high / bars.low) > limit
    return Spikes(far | torn, np.exp(past), np.exp(future))


def _spikes(bars: Bars) -> Iterator[Finding]:
    good = np.vstack([getattr(bars, name) for name in PRICES])
    bars = bars.take((np.isfinite(good) & (good > 0)).all(axis=0))
    made = spikes(bars)
    for at in np.flatnonzero(made.where):
        before, after = made.before[at], made.after[at]
        around = f"; closes around it are {before:.6g} before and {after:.6g} after"
        yield Finding("spike", int(bars.timestamp[at]), _values_of(bars, int(at)) + around)


def _medians(close: Floats) -> tuple[Floats, Floats]:
    """The median of the closes before each bar, and of those after it."""
    room = np.full(SPIKE_NEIGHBOURS, np.nan)
    windows = sliding_window_view(np.concatenate([room, close, room]), SPIKE_NEIGHBOURS)
    past, future = windows[: len(close)], windows[SPIKE_NEIGHBOURS + 1 :]
    # At either end there is one side only: it speaks for both.
    sides = [np.full(len(close), np.nan) for _ in range(2)]
    for side, window in zip(sides, (past, future), strict=True):
        known = ~np.isnan(window).all(axis=1)
        side[known] = np.nanmedian(window[known], axis=1)
    first, second = sides
    return np.where(np.isnan(first), second, first), np.where(np.isnan(second), first, second)


def _marked(bars: Bars, kind: str, mask: Bools) -> Iterator[Finding]:
    for at in np.flatnonzero(mask):
        yield Finding(kind, int(bars.timestamp[at]), _values_of(bars, int(at)))


def _values_of(bars: Bars, at: int) -> str:
    values = ", ".join(f"{name} {getattr(bars, name)[at]:g}" for name in PRICES)
    return f"{values}, volume {bars.volume[at]:g}"


def _gaps(
    bars: Bars, timeframe: Timeframe, span: Span, market: Market, *, anchored: bool
) -> Iterator[Gap]:
    if timeframe is Timeframe.DAY:
        yield from _missing_days(bars, span, market)
    elif timeframe.minutes is not None and timeframe.minutes <= LONGEST_GAP_MINUTES:
        sessions = {session.day: session for session in market.sessions(span)}
        for day in _weekdays(span, market):
            session = sessions.get(day)
            if session is None:
                yield from _holiday(day, span, market)
            else:
                yield from _missing_in_session(bars, timeframe, span, session, anchored=anchored)


def _joined(gaps: Iterable[Gap], bars: Bars) -> Iterator[Gap]:
    """Gaps without a cause that have no bar between them as one; what the calendar explains stays
    beside it only where it lies outside.
    """
    last: Gap | None = None
    explained: list[Gap] = []
    for gap in gaps:
        if gap.cause is not None:
            explained.append(gap)
        elif last is not None and not _any_between(bars, last.span.end, gap.span.start):
            last = Gap(Span(last.span.start, gap.span.end), last.missing + gap.missing, None)
            explained = []
        else:
            yield from filter(None, (last, *explained))
            last, explained = gap, []
    yield from filter(None, (last, *explained))


def _any_between(bars: Bars, start: int, end: int) -> bool:
    """Whether a bar starts in [start, end), microseconds UTC."""
    left, right = np.searchsorted(bars.timestamp, [start, end])
    return bool(right > left)


def _missing_days(bars: Bars, span: Span, market: Market) -> Iterator[Gap]:
    present = {market.date_of(int(stamp)) for stamp in bars.timestamp}
    for day in _weekdays(span, market):
        if market.session(day) is None:
            yield from _holiday(day, span, market)
        elif day not in present and market.midnight(day) in span:
            whole = market.day_span(day)
            if whole.end <= span.end:
                yield Gap(whole.intersect(span), 1, None)


def _holiday(day: date, span: Span, market: Market) -> Iterator[Gap]:
    inside = market.day_span(day).intersect(span)
    if inside:
        yield Gap(inside, 0, market.why_closed(day))


def _missing_in_session(
    bars: Bars, timeframe: Timeframe, span: Span, session: Session, *, anchored: bool
) -> Iterator[Gap]:
    assert timeframe.length_us is not None
    step = timeframe.length_us
    first = session.open if anchored else session.open // step * step
    places = np.arange(first, session.close, step)
    # A bar that the end of the span cuts was still forming when it was asked for.
    places = places[(places >= span.start) & (places + step <= span.end)]
    left, right = np.searchsorted(bars.timestamp, [first, session.close])
    absent = places[~np.isin(places, bars.timestamp[left:right])]
    for run in _runs(absent, step):
        yield Gap(Span(int(run[0]), int(run[-1]) + step), len(run), None)
    if session.early_close:
        shut = Span(session.close, session.open + REGULAR_MINUTES * MINUTE_US).intersect(span)
        if shut:
            yield Gap(shut, 0, "early close")


def _runs(places: Ints, step: int) -> list[Ints]:
    if not len(places):
        return []
    return np.split(places, np.flatnonzero(np.diff(places) > step) + 1)


def _weekdays(span: Span, market: Market) -> Iterator[date]:
    if not span:
        return
    day, last = market.date_of(span.start), market.date_of(span.end - 1)
    while day <= last:
        if day.weekday() < SATURDAY:
            yield day
        day += timedelta(days=1)
