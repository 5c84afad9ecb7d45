"""What the fake vendor knows: bars as traded, splits, securities, and what time it is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from polytape.errors import NotFoundError
from polytape.model.market import Market
from polytape.model.newyork import NEW_YORK, date_of, midnight, to_datetime
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.upstream.source import Source

Row: TypeAlias = dict[str, Any]

FIRST_DAY = date(2003, 9, 10)
MINUTE_MS = 60_000


@dataclass
class FakeMarket:
    """The bars of a source under the vendor's rules. `now`: microseconds UTC. `universe`: the
    symbols that exist. `extra_splits` are listed beside the source's, right or wrong.
    """

    source: Source
    market: Market
    now: Callable[[], int]
    universe: tuple[str, ...]
    extra_splits: list[Split] = field(default_factory=list)

    def base(self, symbol: str, series: Series, start_ms: int, end_ms: int) -> list[Row]:
        """Unadjusted minutes or days that start in [start, end] (milliseconds), oldest first."""
        if symbol not in self.universe or end_ms < start_ms:
            return []
        floor = midnight(FIRST_DAY)
        span = Span(max(floor, start_ms * 1_000), max(floor, min(end_ms * 1_000 + 1, self.now())))
        try:
            bars = self.source.bars(symbol, series, span).bars
        except NotFoundError:
            return []
        columns = [column.tolist() for column in bars.columns().values()]
        return [_row(*values) for values in zip(*columns, strict=True)]

    def splits(self, symbol: str | None = None) -> list[Split]:
        """Splits of one symbol, or of all."""
        symbols = self.universe if symbol is None else (symbol,)
        known = [
            split for s in symbols if s in self.universe for split in self.source.splits(s) or ()
        ]
        extra = [split for split in self.extra_splits if symbol in (None, split.symbol)]
        return sorted([*known, *extra])

    def info(self, symbol: str) -> SymbolInfo | None:
        """The security of a symbol."""
        return self.source.find(symbol) if symbol in self.universe else None

    def adjusted(self, symbol: str, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows in today's shares, row by row."""
        today = date_of(self.now())
        done = [split for split in self.splits(symbol) if split.execution_date <= today]
        for row in rows:
            day = datetime.fromtimestamp(row["t"] / 1_000, NEW_YORK).date()
            ratio = 1.0
            for split in done:
                if split.execution_date > day:
                    ratio *= split.split_to / split.split_from
            prices = {name: row[name] / ratio for name in ("o", "h", "l", "c", "vw") if name in row}
            yield row | prices | {"v": row["v"] * ratio}

    def today(self) -> date:
        """The New York day."""
        return date_of(self.now())

    def bell(self, day: date) -> int:
        """16:00 New York of a day in milliseconds: how some answers stamp it."""
        closing = datetime(day.year, day.month, day.day, 16, tzinfo=NEW_YORK)
        return int(closing.timestamp() * 1_000)

    def day_rows(self, symbol: str, day: date) -> list[Row]:
        """The daily bar of a day, in a list of one or none."""
        start = midnight(day) // 1_000
        return self.base(symbol, Series.DAY, start, start)

    def minute_rows(self, symbol: str, day: date) -> list[Row]:
        """The minutes of a day."""
        ends = midnight(day + timedelta(days=1)) // 1_000 - 1
        return self.base(symbol, Series.MINUTE, midnight(day) // 1_000, ends)

    def status(self) -> Row:
        """The market now."""
        now = self.now()
        session = self.market.session(self.today())
        early = session is not None and session.extended.start <= now < session.open
        late = session is not None and session.close <= now < session.extended.end
        regular = session is not None and session.open <= now < session.close
        word = "open" if regular else "extended-hours" if early or late else "closed"
        server = to_datetime(now).astimezone(NEW_YORK).isoformat(timespec="seconds")
        return {
            "market": word, "earlyHours": early, "afterHours": late, "serverTime": server,
            "exchanges": {"nyse": word, "nasdaq": word, "otc": "open" if regular else "closed"},
            "currencies": {"fx": "open", "crypto": "open"}, "indicesGroups": {"s_and_p": word},
        }  # fmt: skip

    def upcoming(self) -> list[Row]:
        """Holidays and early closes of the next year, a row for each exchange."""
        rows = []
        for ahead in range(1, 366):
            day = self.today() + timedelta(days=ahead)
            session = self.market.session(day)
            if session is None and day.weekday() < 5:
                told: Row = {"status": "closed"}
            elif session is not None and session.early_close:
                told = {"status": "early-close", "open": _utc(session.open),
                        "close": _utc(session.close)}  # fmt: skip
            else:
                continue
            told |= {"name": "Holiday", "date": f"{day}"}
            rows += [{"exchange": exchange} | told for exchange in ("NYSE", "NASDAQ")]
        return rows


def _row(stamp: int, open: float, high: float, low: float, close: float, volume: float,
         vwap: float, count: float) -> Row:  # fmt: skip
    row = {"v": volume, "o": open, "c": close, "h": high, "l": low, "t": stamp // 1_000}
    if vwap == vwap:  # noqa: PLR0124 - the source may not know it
        row["vw"] = vwap
    if count == count:  # noqa: PLR0124
        row["n"] = int(count)
    return row


def _utc(instant: int) -> str:
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.000Z")
