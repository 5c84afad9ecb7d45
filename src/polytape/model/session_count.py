"""Which sessions of a span have bars, and which lack some: what `SeriesBasis` says. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

import numpy as np

from polytape.model.arrays import Bools, Ints
from polytape.model.bars import Bars
from polytape.model.basis import Basis, SeriesBasis, SessionRun
from polytape.model.market import Market
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.timestamps import day_number, number_day, to_datetime, to_us
from polytape.model.units import DAY_US


@dataclass(frozen=True, slots=True)
class Lacks:
    """What is known of bars beside the bars: the spans that are `missing`, the `reason` for that,
    and the days whose bar was made `from_minutes`.
    """

    missing: tuple[Span, ...] = ()
    from_minutes: tuple[date, ...] = ()
    reason: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class SessionDays:
    """The sessions of a span: their days since 1970, where the sessions begin and end, and `edges`,
    where the days begin and then where they end: microseconds UTC.
    """

    days: Ints
    edges: Ints
    opens: Ints
    closes: Ints

    @property
    def starts(self) -> Ints:
        """Where the days begin."""
        return self.edges[: len(self.days)]

    @property
    def ends(self) -> Ints:
        """Where they end."""
        return self.edges[len(self.days) :]

    def with_bars(self, bars: Bars) -> Bools:
        """On which of the days a bar starts."""
        places, count = bars.timestamp.searchsorted(self.edges), len(self.days)
        seen: Bools = places[count:] > places[:count]
        return seen

    def first(self, which: Bools) -> date | None:
        """The first of some of the days."""
        return number_day(int(self.days[which.argmax()])) if which.any() else None

    def of(self, spans: Iterable[Span]) -> Bools:
        """Which of the days some spans touch."""
        inside = np.zeros(len(self.days), bool)
        for span in spans:
            inside |= (self.starts < span.end) & (self.ends > span.start)
        return inside

    def within(self, runs: Iterable[SessionRun]) -> Bools:
        """Which of the days some runs hold."""
        inside = np.zeros(len(self.days), bool)
        for run in runs:
            inside |= (self.days >= day_number(run.first)) & (self.days <= day_number(run.last))
        return inside

    def runs(self, which: Bools, reason: str = "") -> tuple[SessionRun, ...]:
        """Some of the days, those that follow each other as one, each for a reason."""
        if not which.any():
            return ()
        places = np.flatnonzero(which)
        parts = np.split(self.days[places], np.flatnonzero(np.diff(places) > 1) + 1)
        return tuple(
            SessionRun(number_day(int(part[0])), number_day(int(part[-1])), len(part), reason)
            for part in parts
        )


def series_basis(
    bars: Bars,
    series: Series,
    span: Span,
    market: Market,
    *,
    now: int,
    complete_through: int,
    lacks: Lacks = Lacks(),
) -> SeriesBasis:
    """What the tidy bars of a stored series in `span` stand on, as it is known at `now`.

    A session is expected in minutes from its opening bell on, in daily bars once it has closed.
    Instants are microseconds UTC.
    """
    sessions = session_days(market, span)
    seen = sessions.with_bars(bars)
    missing = sessions.of(lacks.missing)
    begun = (
        sessions.opens < min(now, span.end) if series is Series.MINUTE else sessions.closes <= now
    )
    expected = (begun & (sessions.closes > span.start)) | missing
    bare = expected & ~seen & ~missing
    made = np.array([day_number(day) for day in lacks.from_minutes], np.int64)
    final = max(market.final_before(now), span.start)
    provisional = len(bars) > 0 and int(bars.timestamp[-1]) >= final
    return SeriesBasis(
        series=series.value,
        start=to_datetime(span.start),
        end=to_datetime(span.end),
        expected=int(expected.sum()),
        with_bars=int((expected & seen & ~missing).sum()),
        first_bar=sessions.first(seen),
        missing=sessions.runs(missing, lacks.reason),
        without_bars=sessions.runs(_between(seen) & bare) if bare.any() else (),
        from_minutes=sessions.runs(np.isin(sessions.days, made)) if len(made) else (),
        provisional_from=to_datetime(final) if provisional else None,
        complete_through=to_datetime(complete_through),
    )


def cut_basis(basis: Basis, bars: Bars, span: Span, market: Market) -> Basis:
    """The basis of the bars of a part of the span that it speaks of; bars of a day at most."""
    return replace(basis, inputs=tuple(_cut(one, bars, span, market) for one in basis.inputs))


def _cut(one: SeriesBasis, bars: Bars, span: Span, market: Market) -> SeriesBasis:
    sessions = session_days(market, span)
    seen = sessions.with_bars(bars)
    missing, bare, made = (
        sessions.within(runs) for runs in (one.missing, one.without_bars, one.from_minutes)
    )
    through, end = one.complete_through, to_datetime(span.end)
    over = sessions.closes <= (span.end if through is None else to_us(through))
    provisional = one.provisional_from
    reasons = (run.reason for run in one.missing if run.reason)
    return replace(
        one,
        start=to_datetime(span.start),
        end=end,
        expected=int((over | seen | missing).sum()),
        with_bars=int((seen & ~missing).sum()),
        first_bar=sessions.first(seen),
        missing=sessions.runs(missing, "; ".join(dict.fromkeys(reasons))),
        without_bars=sessions.runs(bare),
        from_minutes=sessions.runs(made),
        provisional_from=provisional if provisional is not None and provisional < end else None,
        complete_through=None if through is None else min(through, end),
    )


@lru_cache(maxsize=256)
def session_days(market: Market, span: Span) -> SessionDays:
    """The sessions of a span. A scan wants one span symbol after symbol."""
    # No instant of an empty span lies on any day: its last day is before its first.
    before = 1 if span else DAY_US
    first, last = (day_number(market.date_of(at)) for at in (span.start, span.end - before))
    left, right = np.searchsorted(market.days, first), np.searchsorted(market.days, last, "right")
    days = market.days[left:right]
    edges = market.day_starts(np.concatenate([days, days + 1]))
    return SessionDays(days, edges, market.opens[left:right], market.closes[left:right])


def _between(seen: Bools) -> Bools:
    """The places between the first and the last that are true."""
    places = np.flatnonzero(seen)
    inside = np.zeros(len(seen), bool)
    if len(places):
        inside[places[0] : places[-1]] = True
    return inside
