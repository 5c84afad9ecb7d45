"""Bars as callers want them, from one source and one store, either of which may be absent."""

from collections.abc import Callable
from functools import partial

from polytape.errors import ConfigurationError, IncompleteDataError, NotFoundError
from polytape.history.bars_result import BarsResult, make_result
from polytape.history.gap_filler import GapFiller
from polytape.history.splits import SplitChecker, Splits
from polytape.history.store_reference import StoreReference
from polytape.history.symbol_reference import SymbolReference, UpstreamReference
from polytape.model.query import BarsQuery
from polytape.model.splits import RefusedSplit, Split
from polytape.upstream.source import Upstream


class BarsService:
    """Answers queries: made whole by the filler, adjusted, cut and summed."""

    def __init__(self, filler: GapFiller, on_bars: Callable[[int], None] = lambda _: None) -> None:
        self.filler = filler
        self.market = filler.market
        self._checker = SplitChecker(filler)
        self._on_bars = on_bars
        self._reference: SymbolReference | None = None
        self._stored: StoreReference | None = None
        if filler.upstream is not None:
            self._reference = UpstreamReference(filler.upstream)
        elif filler.store is not None:
            self._reference = self._stored = StoreReference(filler.store)

    @property
    def source_name(self) -> str:
        """What answers call the origin of their prices."""
        return "none" if self._reference is None else self._reference.name

    @property
    def made_up(self) -> bool:
        """Whether the prices are invented."""
        return self._reference is not None and self._reference.made_up

    def reference(self) -> SymbolReference:
        """Who knows of symbols and splits.

        Raises: ConfigurationError where there is neither a source nor a store.
        """
        if self._reference is None:
            raise ConfigurationError(
                "this gateway has neither a source of bars nor a store: start it with "
                "--source synthetic, with --source flatfiles --data DIR, or with a store"
            )
        return self._reference

    async def bars(self, query: BarsQuery) -> BarsResult:
        """The answer to a query.

        Raises: errors of our tree; where there is no such symbol, with those that may be meant.
        """
        try:
            return await self._bars(query)
        except NotFoundError as error:
            raise await self.suggesting(error, query.symbol) from error

    async def _bars(self, query: BarsQuery) -> BarsResult:
        reference = self.reference()
        # Before the read: what is traded while it takes place is not in the answer.
        now = self.filler.now()
        try:
            read = await self.filler.read(query.of_series(self.market))
        except IncompleteDataError:  # where there is no such symbol, that is why
            if self.filler.upstream is None:
                await self.must_exist(query.symbol)
            raise
        if not len(read.bars):
            await self.must_exist(query.symbol)
        splits = Splits(())
        if query.adjusted and len(read.bars):
            splits = await self.splits(query.symbol, int(read.bars.timestamp[0]))
        make = partial(make_result, query, read, splits, reference, self.market, now)
        result = await self.filler.run(query, make)
        self._on_bars(len(result.bars))
        return result

    async def splits(self, symbol: str, since: int) -> Splits:
        """The splits that adjust bars from `since` on (microseconds UTC), checked where the source
        wants that.

        Raises: errors of our tree.
        """
        workers, upstream = self.filler.workers, self.filler.upstream
        if upstream is None:
            self.reference()
            assert self._stored is not None
            return await workers.work(partial(self._stored.checked_splits, symbol))
        listed, refused = await workers.work(partial(_listed_splits, upstream, symbol))
        if listed is None:
            listed = await workers.foreground(partial(upstream.reference.splits, symbol))
            if listed is None:
                return Splits(None)
            refused = await workers.work(partial(upstream.refused_splits, symbol))
        return await self._checker.check(listed, since, refused)

    async def suggesting(self, error: NotFoundError, symbol: str) -> NotFoundError:
        """The error that there is no such symbol, with those that may be meant."""
        suggest = partial(self.reference().suggest, symbol)
        return error.suggesting(await self.filler.workers.foreground(suggest))

    async def must_exist(self, symbol: str) -> None:
        """Raises: NotFoundError where the source, or the store alone, knows no such symbol."""
        reference = self.reference()
        if await self.filler.workers.foreground(partial(reference.find, symbol)) is None:
            if self.filler.upstream is None:
                raise NotFoundError(not_stored(symbol))
            raise NotFoundError(f"{reference.name} has no symbol {symbol}")


def not_stored(symbol: str) -> str:
    """What is said of a symbol that a store alone has no bars of: there may well be one."""
    return (
        f"the store has no symbol {symbol}, and this gateway has no source to fetch it from: "
        f"import its bars (polytape history import FILES), fetch them (polytape history backfill "
        f"{symbol} --from DAY, with a --source), or start the gateway with a --source"
    )


def _listed_splits(
    upstream: Upstream, symbol: str
) -> tuple[tuple[Split, ...] | None, tuple[RefusedSplit, ...]]:
    """A symbol's splits and what was refused of them; None where that takes a request."""
    listed = upstream.reference.cached_splits(symbol)
    return listed, () if listed is None else upstream.refused_splits(symbol)
