"""The smallest source."""

from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.upstream.source import SourceBars, Upstream
from tests.conftest import MARKET, flat_bars


class Small:
    """A source of one symbol: a bar at each midnight, and a table of splits or none."""

    checks_splits = False

    def __init__(self, splits: tuple[Split, ...] | None = None) -> None:
        self.table = splits
        self.cached = False
        self.lookups = 0
        self.answer: SourceBars | None = None

    def upstream(self) -> Upstream:
        return Upstream("small", self, self)

    def earliest(self) -> int:
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        if self.answer is not None:
            return self.answer
        days = [s.day for s in MARKET.sessions(query.span)] if query.symbol == "X" else []
        stamps = [MARKET.midnight(day) for day in days]
        return SourceBars(flat_bars(stamps, 100.0).within(query.span))

    def last_bar(self, symbol: str) -> Bars:
        return Bars.empty()

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        self.lookups += 1
        return self.table

    def cached_splits(self, symbol: str) -> tuple[Split, ...] | None:
        return self.table if self.cached else None

    def find(self, symbol: str) -> SymbolInfo | None:
        return SymbolInfo(symbol) if symbol == "X" else None

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        return []

    def forget(self) -> None:
        """Nothing is cached."""
