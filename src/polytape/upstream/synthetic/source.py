"""The source of `--source synthetic`: a made-up market, for use without a key. No price in it is
real.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import BoundedSemaphore

from polytape.errors import NotFoundError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.near_symbols import near
from polytape.model.query import BarsQuery
from polytape.model.securities import SymbolInfo, matches, rank
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US
from polytape.upstream import source
from polytape.upstream.synthetic.bars import SyntheticBars
from polytape.upstream.synthetic.listing import listing

LAST_BAR_DAYS = 10
# Threads that make prices at the same time.
AT_ONCE = 2


@dataclass
class Synthetic:
    """A `BarSource` and a `ReferenceSource`. `now`, microseconds UTC: no bar is from the future.

    Its prices have trends within the day that real markets have not (the halves of a day have a
    correlation of about +0.4): a backtest on them says that the code runs, and nothing else.
    """

    market: Market
    now: Callable[[], int]
    seed: int = 0
    checks_splits: bool = False

    def __post_init__(self) -> None:
        self._bars = SyntheticBars(self.market, self.now, self.seed)
        self._room = BoundedSemaphore(AT_ONCE)

    def upstream(self) -> source.Upstream:
        """This source by its parts."""
        return source.Upstream("synthetic", self, self, made_up=True, suggest=self.suggest)

    def earliest(self) -> int:
        """As `BarSource.earliest`: all of time."""
        return 0

    def bars(self, query: BarsQuery) -> source.SourceBars:
        """As `BarSource.bars`."""
        self._must_exist(query.symbol)
        start = query.span.start
        span = Span(start, max(start, min(query.span.end, self.now())))
        parts = self._bars.chunks(query.symbol, span, query.series)
        return source.SourceBars(Bars.concat(self._by_turns(parts)).within(span))

    def _by_turns(self, parts: Iterable[Bars]) -> Iterator[Bars]:
        """Parts, each made in its turn: more threads at once would make no more of them, only wait
        for the interpreter, and with them the loop that answers others.
        """
        iterator = iter(parts)
        while True:
            with self._room:
                part = next(iterator, None)
            if part is None:
                return
            yield part

    def last_bar(self, symbol: str) -> Bars:
        """As `BarSource.last_bar`."""
        self._must_exist(symbol)
        now = self.now()
        span = Span(now - LAST_BAR_DAYS * DAY_US, now)
        return Bars.concat(self._bars.chunks(symbol, span, Series.MINUTE)).within(span).last(1)

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `ReferenceSource.splits`."""
        self._must_exist(symbol)
        return self._bars.splits(symbol)

    cached_splits = splits

    def forget(self) -> None:
        """As `ReferenceSource.forget`: nothing is cached that could change."""

    def find(self, symbol: str) -> SymbolInfo | None:
        """As `ReferenceSource.find`."""
        return listing().get(symbol)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """As `ReferenceSource.search`."""
        infos = listing().values()
        return rank([i for i in infos if matches(i, query, active_only=active_only)], query)

    def suggest(self, symbol: str) -> tuple[str, ...]:
        """As `Upstream.suggest`."""
        return near(symbol, listing().__contains__)

    def _must_exist(self, symbol: str) -> None:
        if symbol not in listing():
            raise NotFoundError(f"the made-up market has no symbol {symbol}")
