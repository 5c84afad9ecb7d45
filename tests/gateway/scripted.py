"""A source that does what a test tells it."""

import threading

from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.upstream.source import SourceBars, Upstream
from tests.conftest import flat_bars


class Scripted:
    """Waits for leave, notes what is fetched and may fail. Its one symbol is X."""

    checks_splits = False

    def __init__(self, *, leave: bool = False) -> None:
        self.leave = threading.Event()
        self.queries: list[BarsQuery] = []
        self.error: Exception | None = None
        self.threads: set[str] = set()
        self.last = Bars.empty()
        self.table: tuple[Split, ...] | None = None
        self.forgets = 0
        if leave:
            self.leave.set()

    def upstream(self) -> Upstream:
        return Upstream("scripted", self, self)

    def earliest(self) -> int:
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        self.queries.append(query)
        self.threads.add(threading.current_thread().name)
        assert self.leave.wait(10)
        if self.error:
            raise self.error
        return SourceBars(flat_bars([query.span.start]))

    def last_bar(self, symbol: str) -> Bars:
        return self.last

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        return self.table

    cached_splits = splits

    def find(self, symbol: str) -> SymbolInfo | None:
        return SymbolInfo(symbol) if symbol == "X" else None

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        return [SymbolInfo("X")]

    def forget(self) -> None:
        self.forgets += 1
