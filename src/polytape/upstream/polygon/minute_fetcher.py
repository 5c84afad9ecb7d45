"""Minutes that the live feed missed, from the vendor's REST API, as the feed sends them."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UNSET

from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.upstream.bar_feed import minute_events
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.source import BarSource
from polytape.wire.polygon.events import MinuteAggregate
from polytape.wire.polygon.messages import US_PER_MS, SnapshotMinute
from polytape.wire.polygon.requests import snapshot_request
from polytape.wire.polygon.responses import read_snapshots


@dataclass
class MinuteFetcher:
    """Calls block and may come from several threads.

    Raises: errors of our tree, RateLimitError where the budget is used up.
    """

    vendor: VendorConnection
    bars: BarSource

    def of_symbol(self, symbol: str, span: Span, *, background: bool) -> list[MinuteAggregate]:
        """A symbol's minutes that start inside a span."""
        query = series_query(symbol, Series.MINUTE, span, background=background)
        return minute_events(symbol, self.bars.bars(query).bars.within(span))

    def of_snapshot(
        self, symbols: Sequence[str], span: Span
    ) -> tuple[list[MinuteAggregate], list[str]]:
        """The latest minute of each symbol (of the whole market, where none is named), as far as it
        starts inside a span; and the symbols that have traded in a later minute since.
        """
        response = self.vendor.get(snapshot_request(symbols))
        rows = read_snapshots(response.body)
        later = [row.ticker for row in rows if row.start >= span.end]
        return [_minute(row) for row in rows if row.start in span], later

    def newest(self, symbol: str) -> int | None:
        """The start of a symbol's last complete minute, microseconds UTC; None without one."""
        bars = self.bars.last_bar(symbol)
        return int(bars.timestamp[-1]) if len(bars) else None


def _minute(row: SnapshotMinute) -> MinuteAggregate:
    assert row.min is not None
    start, minute = row.start // US_PER_MS, row.min
    prices = (minute.o, minute.h, minute.l, minute.c, minute.v)
    end = start + MINUTE_US // US_PER_MS
    return MinuteAggregate(row.ticker, *prices, start, end, minute.vw or UNSET)
