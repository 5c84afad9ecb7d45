"""History joined to the stream, as a state machine: what to fetch, which bars what came makes. No
I/O, no clock.

The stream is subscribed to first, from the beginning of the gateway's log; history is fetched after
that, so each minute is in one of them or in both, and one that is in both counts once: it is known
by its start. After a gap that the log does not reach back to, the last minutes are fetched again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from polytape.client.live_series import LiveBar, LiveSeries
from polytape.client.stream_session import StreamEvent, StreamNotice
from polytape.errors import ValidationError, one_of
from polytape.model.bar import Bar
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.lookback import Lookback, parse_lookback
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series, Timeframe, parse_timeframe
from polytape.model.units import DAY_US, MINUTE_US
from polytape.wire.polygon.events import MinuteAggregate
from polytape.wire.polygon.messages import US_PER_MS
from polytape.wire.polygon.topics import Topic

ON = ("close", "update")
# A bar may come again with other values for so long.
CORRECTED_US = 16 * MINUTE_US
# Signs of life (one a second) between tries to fetch a gap; after them it is an error.
TRIES = (5, 10, 20, 40, 60)


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """What a caller wants: bars of a symbol from `lookback` on, each `on` its close or on each
    update.
    """

    symbol: str
    timeframe: Timeframe
    lookback: Lookback
    on: str = "close"
    include_extended: bool = True

    @classmethod
    def parse(
        cls, symbol: object, timeframe: object, lookback: object, on: object, *, extended: object
    ) -> "LiveRequest":
        """A request from what a caller wrote. Raises: ValidationError naming the parameter."""
        if on not in ON:
            raise ValidationError("on", on, one_of(ON))
        back, frame = parse_lookback(lookback), parse_timeframe(timeframe)
        return cls(parse_symbol(symbol), frame, back, str(on), bool(extended))

    @property
    def topics(self) -> frozenset[Topic]:
        """What it needs of the stream."""
        return frozenset({Topic("AM", self.symbol)})


class LiveJoin:
    """`queries` says what to fetch; `load` takes it; `receive` takes what the stream brings."""

    def __init__(self, request: LiveRequest, market: Market) -> None:
        self.request = request
        self._market = market
        self._series = LiveSeries(
            request.symbol, request.timeframe, market, include_extended=request.include_extended
        )
        self._edge: int | None = None
        self._now: int | None = None
        self._newest = 0
        # The newest minute before a gap that is still to be fetched.
        self._before_gap: int | None = None
        self._waits = 0
        self._failures = 0
        self._early: list[MinuteAggregate] = []
        self.wants_history = False

    @property
    def loaded(self) -> bool:
        """Whether the history is there."""
        return self._edge is not None

    @property
    def series(self) -> LiveSeries:
        """The bars so far."""
        return self._series

    def receive(self, event: StreamEvent) -> list[LiveBar]:
        """What an event of the stream changes: bars to give to the caller, oldest first."""
        if isinstance(event, MinuteAggregate):
            if not self.loaded:
                self._early.append(event)
                return []
            self._push(event)
        elif isinstance(event, StreamNotice):
            self._notice(event)
        # Bars are given in order: those after a gap wait for those in it.
        return [] if self.wants_history or self._waits or not self.loaded else self._ready()

    def queries(self) -> list[BarsQuery]:
        """What to fetch: the history and the minutes since the last midnight; after a gap, the
        minutes that may be missing.
        """
        assert self._now is not None
        request = self.request
        if self._edge is not None:
            return [self._minutes(Span(self._again_from(), self._until()))]
        start = request.lookback.begin(self._now, self._market)
        edge = self._first_edge(start)
        minutes = self._minutes(Span(edge, self._until()))
        day = request.timeframe.series is Series.DAY
        begin = min(edge, self._series.start_of(start))
        history = BarsQuery(
            request.symbol,
            Timeframe.DAY if day else request.timeframe,
            Span(begin, edge),
            include_extended=request.include_extended,
        )
        return [history, minutes]

    def load(self, answers: Sequence[Bars]) -> list[LiveBar]:
        """The bars of `queries`, in their order; what that gives to the caller."""
        self.wants_history, self._failures, self._before_gap = False, 0, None
        if self._edge is not None:
            self._series.merge(answers[0])
            return self._ready()
        history, minutes = answers
        assert self._now is not None
        self._edge = self._first_edge(self.request.lookback.begin(self._now, self._market))
        self._series.through(self._now // MINUTE_US * MINUTE_US - MINUTE_US)
        self._series.load(history, minutes, self._edge)
        if len(minutes):
            self._newest = int(minutes.timestamp[-1])
        before = [bar for bar in self._series.history() if self._given(bar)]
        early, self._early = self._early, []
        for event in early:
            self._push(event)
        return [*before, *self._ready()]

    def failed(self) -> bool:
        """The history could not be fetched now: whether to try again after some signs of life."""
        if not self.loaded or self._failures == len(TRIES):
            return False
        self._waits = TRIES[self._failures]
        self._failures += 1
        self.wants_history = False
        return True

    def _notice(self, notice: StreamNotice) -> None:
        if notice.at is not None:
            self._now = parse_instant(notice.at, "at", self._market)
        match notice.kind:
            case "subscribed" if not self.loaded:
                self.wants_history = True
            case "gap" if self.loaded:
                if self._before_gap is None:
                    self._before_gap = self._newest
                self.wants_history, self._waits = True, 0
            case "through" if notice.end is not None:
                self._series.through(parse_instant(notice.end, "end", self._market))
            case "heartbeat" if self._waits:
                self._waits -= 1
                self.wants_history = self._waits == 0

    def _push(self, event: MinuteAggregate) -> None:
        start = event.start * US_PER_MS
        self._newest = max(self._newest, start)
        vwap = event.vwap if isinstance(event.vwap, float) else float("nan")
        prices = (event.open, event.high, event.low, event.close)
        self._series.push(Bar(start, *prices, event.shares, vwap))

    def _ready(self) -> list[LiveBar]:
        return [bar for bar in self._series.take() if self._given(bar)]

    def _given(self, bar: LiveBar) -> bool:
        """Whether the caller wants it: with on="close" each bar once, when it is closed."""
        return self.request.on == "update" or not (bar.forming or bar.revision)

    def _first_edge(self, start: int) -> int:
        """From where on minutes are held: where today begins, or a later start."""
        assert self._now is not None
        begins = self._market.day_start(self._market.date_of(self._now))
        later = self.request.timeframe.series is Series.MINUTE and start > begins
        return self._series.start_of(start) if later else begins

    def _again_from(self) -> int:
        assert self._edge is not None
        newest = self._newest if self._before_gap is None else self._before_gap
        return max(self._edge, newest - CORRECTED_US)

    def _until(self) -> int:
        """Beyond every bar that there is: the gateway's clock decides."""
        assert self._now is not None
        return self._now + DAY_US

    def _minutes(self, span: Span) -> BarsQuery:
        return BarsQuery(self.request.symbol, Timeframe.MIN_1, span, use_cache=False)
