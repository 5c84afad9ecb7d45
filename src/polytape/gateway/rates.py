"""Totals of the last minute, by looking at them every few seconds: a request costs nothing more.
Pure: time is an argument.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from polytape.model.histogram import percentile_of

WINDOW_S = 60.0
EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Totals:
    """What had happened since the gateway was started, and each route's durations by bucket."""

    requests: int = 0
    errors: int = 0
    bars: int = 0
    fetches: int = 0
    hits: int = 0
    misses: int = 0
    events: int = 0
    routes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Window:
    """What happened within `seconds`: the totals before and after."""

    seconds: float
    before: Totals
    after: Totals

    def count(self, name: str) -> int:
        """By how much a total grew."""
        grown: int = getattr(self.after, name) - getattr(self.before, name)
        return grown

    def per_second(self, name: str) -> float:
        """By how much it grew each second."""
        return self._rate(self.count(name))

    def route_rate(self, route: str) -> float:
        """The requests of a route each second."""
        return self._rate(sum(self._buckets(route)))

    def percentile(self, route: str, share: float) -> float | None:
        """The time in seconds in which a share (0 to 1) of a route's requests were answered; None
        where there were none.
        """
        buckets = self._buckets(route)
        return percentile_of(buckets, share) if any(buckets) else None

    def _buckets(self, route: str) -> list[int]:
        after = self.after.routes[route]
        before = self.before.routes.get(route, (0,) * len(after))
        return [now - then for now, then in zip(after, before, strict=True)]

    def _rate(self, count: int) -> float:
        return round(count / self.seconds, 3) if self.seconds > 0 else 0.0


class Rates:
    """The looks of the last minute. `began`: seconds of a clock that only grows, at nothing."""

    def __init__(self, began: float) -> None:
        self._looks: deque[tuple[float, Totals]] = deque([(began, Totals())])

    def look(self, now: float, totals: Totals) -> None:
        """The totals of an instant. One look that is older than the window stays."""
        self._looks.append((now, totals))
        while len(self._looks) > 1 and self._looks[1][0] <= now - WINDOW_S:
            self._looks.popleft()

    def window(self, now: float, totals: Totals) -> Window:
        """The last minute, or a few seconds more, up to the totals of now."""
        at, before = self._looks[0]
        for at_next, totals_next in self._looks:
            if at_next > now - WINDOW_S:
                break
            at, before = at_next, totals_next
        return Window(now - at, before, totals)
