"""What the fake vendor knows: bars as traded, splits, securities, and what time it is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from polytape.errors import NotFoundError
from polytape.fake_vendor.answers import MADE_UP, Json
from polytape.model.market import Market
from polytape.model.query import series_query
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.upstream.source import Upstream

# The vendor's own zone, whatever the market.
NEW_YORK = ZoneInfo("America/New_York")

FIRST_DAY = date(2003, 9, 10)
MINUTE_MS = 60_000
LOOK_BACK_DAYS = 7


class FakeBar(NamedTuple):
    """One bar. `start` in milliseconds; `vwap` and `trades` are None where the source has none."""

    start: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    trades: int | None

    @classmethod
    def of_event(cls, event: Json) -> "FakeBar":
        """The bar of an `AM` event. Live bars have no count of trades."""
        opening, high, low, close = (float(str(event[name])) for name in "ohlc")
        volume = float(str(event.get("dv", event["v"])))
        vwap = event.get("vw")
        known_vwap = None if vwap is None else float(str(vwap))
        return cls(int(str(event["s"])), opening, high, low, close, volume, known_vwap, None)

    def in_shares(self, ratio: float) -> "FakeBar":
        """The bar after a split into `ratio` new shares for an old one."""
        return FakeBar(
            self.start,
            self.open / ratio,
            self.high / ratio,
            self.low / ratio,
            self.close / ratio,
            self.volume * ratio,
            None if self.vwap is None else self.vwap / ratio,
            self.trades,
        )

    def json(self) -> Json:
        """The bar under the vendor's names."""
        row: Json = {
            "v": self.volume,
            "o": self.open,
            "c": self.close,
            "h": self.high,
            "l": self.low,
            "t": self.start,
        }
        if self.vwap is not None:
            row["vw"] = self.vwap
        if self.trades is not None:
            row["n"] = self.trades
        return row


@dataclass
class FakeMarket:
    """The bars of a source under the vendor's rules. `now`: microseconds UTC. `universe`: the
    symbols that exist. `extra_splits` are listed beside the source's, right or wrong.
    `corrections` are minutes that stand in place of the source's, by symbol and start.
    """

    upstream: Upstream
    market: Market
    now: Callable[[], int]
    universe: tuple[str, ...]
    extra_splits: list[Split] = field(default_factory=list)
    corrections: dict[tuple[str, int], FakeBar] = field(default_factory=dict)

    @property
    def marks(self) -> dict[str, str]:
        """What each response says of the prices: nothing where they are real."""
        return MADE_UP if self.upstream.made_up else {}

    def base(self, symbol: str, series: Series, start_ms: int, end_ms: int) -> list[FakeBar]:
        """Unadjusted minutes or days that start in [start, end] (milliseconds), oldest first."""
        if symbol not in self.universe or end_ms < start_ms:
            return []
        floor = self.market.midnight(FIRST_DAY)
        # A minute is there once it has ended; a day while it runs.
        published = self.now() - (MINUTE_US - 1 if series is Series.MINUTE else 0)
        start = max(floor, start_ms * 1_000)
        span = Span(start, max(start, min(end_ms * 1_000 + 1, published)))
        try:
            bars = self.upstream.bars.bars(series_query(symbol, series, span)).bars
        except NotFoundError:
            return []
        columns = [column.tolist() for column in bars.columns().values()]
        rows = [_bar(*values) for values in zip(*columns, strict=True)]
        return self._corrected(symbol, rows, span) if series is Series.MINUTE else rows

    def correct(self, symbol: str, bar: FakeBar) -> None:
        """Answer this minute from now on, whatever the source has."""
        self.corrections[symbol, bar.start] = bar

    def _corrected(self, symbol: str, rows: list[FakeBar], span: Span) -> list[FakeBar]:
        minutes = {bar.start: bar for bar in rows}
        for (name, start), bar in tuple(self.corrections.items()):
            if name == symbol and span.start <= start * 1_000 < span.end:
                count = minutes[start].trades if start in minutes else None
                minutes[start] = bar._replace(trades=count)
        return [minutes[start] for start in sorted(minutes)]

    def splits(self, symbol: str | None = None) -> list[Split]:
        """Splits of one symbol, or of all."""
        symbols = self.universe if symbol is None else (symbol,)
        known = [
            split
            for s in symbols
            if s in self.universe
            for split in self.upstream.reference.splits(s) or ()
        ]
        extra = [split for split in self.extra_splits if symbol in (None, split.symbol)]
        return sorted([*known, *extra])

    def info(self, symbol: str) -> SymbolInfo | None:
        """The security of a symbol."""
        return self.upstream.reference.find(symbol) if symbol in self.universe else None

    def adjusted(self, symbol: str, bars: Iterable[FakeBar]) -> Iterator[FakeBar]:
        """The bars in today's shares, one by one."""
        today = self.today()
        done = [split for split in self.splits(symbol) if split.execution_date <= today]
        for bar in bars:
            day = datetime.fromtimestamp(bar.start / 1_000, NEW_YORK).date()
            ratio = 1.0
            for split in done:
                if split.execution_date > day:
                    ratio *= split.split_to / split.split_from
            yield bar.in_shares(ratio)

    def today(self) -> date:
        """The New York day."""
        return self.market.date_of(self.now())

    def bell(self, day: date) -> int:
        """16:00 New York of a day in milliseconds: how some answers stamp it."""
        closing = datetime(day.year, day.month, day.day, 16, tzinfo=NEW_YORK)
        return int(closing.timestamp() * 1_000)

    def opening(self, day: date) -> int:
        """09:30 New York of a day in milliseconds."""
        bell = datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK)
        return int(bell.timestamp() * 1_000)

    def day_bars(self, symbol: str, day: date) -> list[FakeBar]:
        """The daily bar of a day, in a list of one or none."""
        start = self.market.midnight(day) // 1_000
        return self.base(symbol, Series.DAY, start, start)

    def minute_bars(self, symbol: str, day: date) -> list[FakeBar]:
        """The minutes of a day."""
        span = self.market.day_span(day)
        return self.base(symbol, Series.MINUTE, span.start // 1_000, span.end // 1_000 - 1)

    def last_minute(self, symbol: str) -> FakeBar | None:
        """The last minute of this week; None where there is none."""
        for ago in range(LOOK_BACK_DAYS):
            bars = self.minute_bars(symbol, self.today() - timedelta(days=ago))
            if bars:
                return bars[-1]
        return None


def _bar(
    stamp: int,
    open: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    vwap: float,
    count: float,
) -> FakeBar:
    """A bar of the source's columns, where NaN is unknown."""
    known_vwap = vwap if vwap == vwap else None  # noqa: PLR0124 - NaN
    known_count = int(count) if count == count else None  # noqa: PLR0124 - NaN
    return FakeBar(stamp // 1_000, open, high, low, close, volume, known_vwap, known_count)
