"""Minute bars that a break of the feed may have cost, and the cheapest way to get them. Pure.

A bar comes a few seconds after its minute has ended, bars of other symbols before and after it, and
until a quarter of an hour later it may come again with other values. All instants are microseconds
UTC, but for an event's own, which are the vendor's milliseconds.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from polytape.model.spans import Span
from polytape.model.units import MINUTE_US
from polytape.wire.polygon.events import MarketEvent, MinuteAggregate
from polytape.wire.polygon.messages import US_PER_MS

# A minute's bars have come by so long after its end.
SETTLE_US = 5_000_000
# A bar is corrected within this time, and so is remembered for it.
CORRECTED_MINUTES = 16
# From so many symbols on, one snapshot is cheaper than asking for each.
SNAPSHOT_FROM = 3


@dataclass(frozen=True, slots=True)
class FillPlan:
    """How minutes are fetched: one `snapshot`; symbols before live bars go on (`first`); the `rest`
    of the market in the background.
    """

    snapshot: bool = False
    first: tuple[str, ...] = ()
    rest: bool = False


@dataclass
class MinuteMemory:
    """The minutes that came of late, by symbol and start, so that one that is fetched and is not
    new is not sent again.
    """

    _recent: dict[str, dict[int, MinuteAggregate]] = field(default_factory=dict)

    def remember(self, events: Iterable[MarketEvent]) -> None:
        """Note the minutes among some events."""
        for event in events:
            if isinstance(event, MinuteAggregate):
                minutes = self._recent.setdefault(event.symbol, {})
                minutes[event.start] = event
                if len(minutes) > CORRECTED_MINUTES:
                    del minutes[min(minutes)]

    def symbols(self) -> list[str]:
        """All symbols of which minutes came."""
        return sorted(self._recent)

    def latest(self, symbol: str) -> int | None:
        """The start of a symbol's newest minute, microseconds UTC; None where none came."""
        minutes = self._recent.get(symbol)
        return max(minutes) * US_PER_MS if minutes else None

    def news(self, events: Iterable[MinuteAggregate], since: int) -> list[MinuteAggregate]:
        """Those that came with other values, and those from `since` on that have not come yet; by
        start and symbol.
        """
        return sorted(
            (event for event in events if self._is_news(event, since)),
            key=lambda event: (event.start, event.symbol),
        )

    def _is_news(self, event: MinuteAggregate, since: int) -> bool:
        before = self._recent.get(event.symbol, {}).get(event.start)
        if before is None:
            return event.start * US_PER_MS >= since
        return _values(before) != _values(event)


def missed(broken_at: int, ready_at: int) -> Span:
    """The minutes whose bars may have been missed between a break and the next subscription: the
    newest too, where the break came before all of its bars were there.
    """
    start = broken_at // MINUTE_US * MINUTE_US
    if broken_at - start < SETTLE_US:
        start -= MINUTE_US
    end = ready_at // MINUTE_US * MINUTE_US
    return Span(start, max(start, end))


def plan_fill(span: Span, watched: Collection[str], *, whole: bool) -> FillPlan:
    """How to fetch the minutes of a span: of the symbols that somebody names (`watched`), and of
    the `whole` market. A snapshot has each symbol's latest minute.
    """
    first = tuple(sorted(watched))
    # A few symbols are asked for in any case: what was corrected in a short break comes along.
    few = first if len(first) < SNAPSHOT_FROM else ()
    if not span:
        return FillPlan(first=few)
    if span.end - span.start <= MINUTE_US and (whole or not few):
        return FillPlan(snapshot=bool(whole or first), first=few)
    return FillPlan(snapshot=whole, first=first, rest=whole)


def _values(event: MinuteAggregate) -> tuple[float, ...]:
    return event.open, event.high, event.low, event.close, event.volume
