"""What the vendor has published so far, by the key's plan: how far back, and up to when.

https://massive.com/pricing

Where the plan is not named, its answers give it away: a refusal of today's bars, a history that is
cut at the edge of some plan.

The vendor's days are calendar dates of New York (`wire.polygon.plans`). A trade date that begins
the evening before is published in two parts then, and stays provisional until both are there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.spans import Span
from polytape.model.timestamps import iso
from polytape.model.units import DAY_US
from polytape.upstream.source import SourceBars
from polytape.wire.polygon.errors import PlanError, PlanLimit
from polytape.wire.polygon.plans import DELAY_US, FIRST_DAY, PLANS, Plan, plan_edge

# A history that begins so close after the edge of a plan's was cut there without a word.
CLIPPED_US = 7 * DAY_US
AFTER_THE_DAY = "today's bars are published once the day has ended"
OLDER = "polytape history import brings in older bars, a larger plan has more"
LATE = "prices are 15 minutes delayed"


@dataclass
class Publication:
    """What of the vendor's history a key can have. `plan` None: learned from its answers. `now`
    gives microseconds UTC, as are all instants here.
    """

    market: Market
    now: Callable[[], int]
    plan: Plan | None = None
    _not_before_tomorrow: date | None = field(default=None, repr=False)
    # The latest instant that the vendor refused to reach back to, and the day it did so.
    _refused: tuple[int, date] | None = field(default=None, repr=False)

    def earliest(self) -> int:
        """The first instant of the plan's history, as far as the plan is known."""
        if self.plan is None:
            return self.market.midnight(FIRST_DAY)
        return self.plan.earliest(self.now(), self.market)

    def within(self, span: Span) -> Span:
        """The part of a span that the vendor may have bars of, whatever the plan."""
        first = max(self.market.midnight(FIRST_DAY), span.start)
        return Span(first, max(first, span.end))

    def check_start(self, start: int) -> None:
        """Refuse what the plan's history does not reach back to, without a request.

        Raises: PlanError.
        """
        if self.plan is not None and start < self.earliest():
            raise PlanError(
                PlanLimit.DATES,
                f"the {self.plan.name} plan holds {self.plan.years} years: nothing before "
                f"{self._first_day()} can be asked for; {OLDER}",
            )
        if self._refused is not None:
            latest, day = self._refused
            if start <= latest and day == self.market.calendar_date(self.now()):
                reached = self.market.date_of(latest)
                raise PlanError(
                    PlanLimit.DATES,
                    f"{PlanLimit.DATES.value}: it refused {reached} today, so nothing before it is "
                    "asked for (--plan NAME says how far back the key reaches)",
                )

    def learn_refusal(self, error: PlanError, start: int) -> None:
        """Note that the vendor refused to reach back to `start`, today: a plan may change."""
        if error.limit is PlanLimit.DATES and self.plan is None:
            today = self.market.calendar_date(self.now())
            latest = self._refused[0] if self._refused and self._refused[1] == today else start
            self._refused = max(start, latest), today

    def until(self) -> int:
        """The instant up to which bars are published now."""
        now = self.now()
        if self.ends_with_the_day():
            return self.market.midnight(self.market.calendar_date(now))
        return now if self.plan is None else self.plan.published_until(now, self.market)

    def until_if_delayed(self) -> int:
        """The same where an answer says that it is delayed."""
        return min(self.until(), self.now() - DELAY_US)

    def ends_with_the_day(self) -> bool:
        """Whether the bars of today, a calendar date, are published once it has ended."""
        if self.plan is not None and self.plan.delay_us is None:
            return True
        return self._not_before_tomorrow == self.market.calendar_date(self.now())

    def learn(self, error: PlanError) -> bool:
        """Whether a refusal says something new: that today's bars come tomorrow. Then `until` knows
        it from now on.
        """
        if error.limit is not PlanLimit.TODAY or self.ends_with_the_day():
            return False
        self._not_before_tomorrow = self.market.calendar_date(self.now())
        return True

    def vouched(self, bars: Bars, span: Span, until: int) -> SourceBars:
        """The bars of a span as an answer that vouches for what was published `until` then, and for
        nothing before a cut in the history.
        """
        clipped = self._clipped(span, bars)
        notes = [] if clipped is None else [_clipped_note(clipped)]
        provisional = [] if clipped is None else [clipped]
        if until >= min(span.end, self.now()):
            return SourceBars(bars, tuple(notes), tuple(provisional))
        late = Span(max(span.start, until), span.end)
        if any(late.intersect(session.extended) for session in self.market.sessions(late)):
            notes.insert(0, AFTER_THE_DAY if self.ends_with_the_day() else LATE)
        return SourceBars(bars, tuple(notes), (*provisional, late), through=until)

    def _first_day(self) -> date:
        """The first trade date that the plan's history holds whole."""
        edge = self.earliest()
        day = self.market.date_of(edge)
        return day if self.market.day_start(day) >= edge else day + timedelta(days=1)

    def _clipped(self, span: Span, bars: Bars) -> Span | None:
        """What lies before a history that seems to be cut at the edge of some plan."""
        if self.plan is not None or not len(bars):
            return None
        begins = self.market.midnight(self.market.calendar_date(int(bars.timestamp[0])))
        for years in {plan.years for plan in PLANS.values() if plan.years is not None}:
            edge = plan_edge(years, self.now(), self.market)
            if span.start < edge <= begins <= edge + CLIPPED_US:
                return Span(span.start, begins)
        return None


def _clipped_note(clipped: Span) -> str:
    return f"the vendor's answer begins where a plan's history ends: {iso(clipped.end)}"
