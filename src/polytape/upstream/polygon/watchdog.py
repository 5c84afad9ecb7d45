"""Is a feed that says nothing mute, or is the market quiet? Pure.

While the market is closed silence means nothing. A whole channel is never silent for long while
it is open; single symbols may be, for minutes: then the vendor's REST API knows better, and asking
it costs a request, so each time that it was quiet the next question waits twice as long.
"""

from dataclasses import dataclass

from polytape.model.market import Market

# The market's minutes come within seconds of each other in regular hours.
WHOLE_REGULAR_S, WHOLE_EXTENDED_S = 90.0, 300.0
FIRST_DOUBT_S, LONGEST_DOUBT_S = 180.0, 1_800.0


@dataclass
class Watchdog:
    """`heard` whenever something comes; `doubts` says whether the vendor is to be asked."""

    market: Market
    _heard_at: float = 0.0
    _patience_s: float = FIRST_DOUBT_S

    def heard(self, seconds: float) -> None:
        """An event came, at `seconds` of a clock that only grows."""
        self._heard_at, self._patience_s = seconds, FIRST_DOUBT_S

    def quiet(self, seconds: float) -> None:
        """The vendor was asked, and has no newer bars either."""
        self._heard_at = seconds
        self._patience_s = min(self._patience_s * 2, LONGEST_DOUBT_S)

    def doubts(self, seconds: float, now: int, *, whole: bool) -> bool:
        """Whether silence has lasted too long. `now`: microseconds UTC."""
        session = self.market.session(self.market.date_of(now))
        if session is None or now not in session.extended:
            self._heard_at = max(self._heard_at, seconds)  # the night does not count
            return False
        regular = now in session.regular
        limit = (WHOLE_REGULAR_S if regular else WHOLE_EXTENDED_S) if whole else self._patience_s
        return seconds - self._heard_at > limit
