"""What the gateway knows of symbols: whether they exist, their last price, a search."""

import asyncio
from collections.abc import Callable
from functools import partial

from polytape import errors
from polytape.history.bars_result import splits_basis
from polytape.history.bars_service import BarsService
from polytape.history.symbol_reference import SymbolReference
from polytape.model.bars import Bars
from polytape.model.securities import SymbolInfo
from polytape.model.splits import adjust
from polytape.model.symbols import parse_symbol
from polytape.model.timestamps import iso
from polytape.wire.api.messages import MAX_SYMBOLS, Latest, SearchAnswer, SearchResult, Verdict

MAX_RESULTS = 100
VALIDATED_AT_ONCE = 8


class SymbolsService:
    """Answers from the source, or from the store alone. `now` gives microseconds UTC."""

    def __init__(self, bars: BarsService, now: Callable[[], int]) -> None:
        self._bars = bars
        self._workers = bars.filler.workers
        self._now = now

    async def validate(self, symbols: list[str], *, detailed: bool) -> dict[str, Verdict]:
        """A verdict on each symbol as it was written.

        Raises: ValidationError for too many, DataFetchError where the source fails.
        """
        if len(symbols) > MAX_SYMBOLS:
            raise errors.ValidationError("symbols", len(symbols), f"at most {MAX_SYMBOLS} symbols")
        verdict = partial(_verdict, self._bars.reference())
        room = asyncio.Semaphore(VALIDATED_AT_ONCE)

        async def one(symbol: str) -> Verdict:
            async with room:
                return await self._workers.foreground(partial(verdict, symbol, detailed))

        return dict(zip(symbols, await asyncio.gather(*map(one, symbols)), strict=True))

    async def latest(self, symbol: str) -> Latest:
        """The close of the last complete minute.

        Raises: NotFoundError where there is no such symbol, NoPriceError where there is no bar of
        it, ValidationError for what is no symbol.
        """
        reference, symbol, market = self._bars.reference(), parse_symbol(symbol), self._bars.market
        bar = await self._last_bar(reference, symbol)
        # In today's shares, as bars are: it may be older than a split.
        splits = await self._bars.splits(symbol, int(bar.timestamp[-1]))
        bar = adjust(bar, splits.used or (), market.date_of(self._now()), market)
        return Latest(
            symbol,
            float(bar.close[-1]),
            iso(int(bar.timestamp[-1])),
            reference.name,
            reference.made_up,
            splits_basis(reference, splits),
        )

    async def _last_bar(self, reference: SymbolReference, symbol: str) -> Bars:
        try:
            bar = await self._workers.foreground(partial(reference.last_bar, symbol))
            if len(bar):
                return bar
            await self._bars.must_exist(symbol)
        except errors.NotFoundError as error:
            raise await self._bars.suggesting(error, symbol) from error
        raise errors.NoPriceError(f"{reference.name} has no price for {symbol}")

    async def search(self, query: str, *, active_only: bool) -> SearchAnswer:
        """Up to MAX_RESULTS securities, the best first.

        Raises: ValidationError for an empty query, DataFetchError where the source fails.
        """
        if not query.strip():
            raise errors.ValidationError("query", query, "some text of a symbol or a name")
        search = partial(self._bars.reference().search, query.strip(), active_only=active_only)
        results = [_result(info) for info in (await self._workers.foreground(search))[:MAX_RESULTS]]
        return SearchAnswer(query, len(results), results)


def _verdict(reference: SymbolReference, symbol: str, detailed: bool) -> Verdict:
    try:
        info = reference.find(parse_symbol(symbol, "symbols"))
    except errors.ValidationError as error:
        return Verdict(valid=False, reason=str(error) if detailed else None)
    if info is None or not detailed:
        return Verdict(valid=info is not None)
    return Verdict(True, info.symbol, info.name, info.type, info.exchange, info.active)


def _result(info: SymbolInfo) -> SearchResult:
    return SearchResult(info.symbol, info.symbol, info.name, info.type, info.exchange, info.active)
