"""Splits and securities as the vendor lists them, each question asked once a day."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import msgspec

from polytape.errors import NotFoundError
from polytape.model.newyork import date_of
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.upstream.daily_cache import DailyCache
from polytape.upstream.polygon.connection import VendorConnection
from polytape.wire.flow import Request
from polytape.wire.polygon.errors import PlanError, PlanLimit
from polytape.wire.polygon.messages import TickersPage
from polytape.wire.polygon.requests import (
    SPLITS_V1,
    SPLITS_V3,
    read_splits,
    read_tickers,
    search_request,
    splits_request,
    ticker_request,
    to_security,
    to_split,
)
from polytape.wire.polygon.split_records import (
    WHOLE_TABLE,
    SplitRecord,
    each_once,
    read_told,
    splits_of,
)

log = logging.getLogger(__name__)

MOST_FOUND = 100
# Rows are corrected for some days after they are first listed.
CORRECTED_DAYS = 30


class PolygonReference:
    """What the vendor says of splits and securities.

    `whole`: the table of splits of the whole market is read at once and then kept up by one
    question a day; otherwise each symbol's splits are asked for when it is first met. The table
    takes some six requests, which the free plan does not have to give.
    """

    def __init__(
        self, vendor: VendorConnection, memo: DailyCache, now: Callable[[], int], *, whole: bool
    ) -> None:
        self._vendor = vendor
        self._memo = memo
        self._now = now
        self._whole = whole
        self._path = SPLITS_V1
        self._table: tuple[bytes, dict[str, list[SplitRecord]]] | None = None

    def splits(self, symbol: str) -> tuple[Split, ...]:
        """A symbol's splits, announced ones included, oldest first."""
        if self._whole or self._memo.last(WHOLE_TABLE) is not None:
            rows = self._market().get(symbol, [])
        else:
            ask = partial(self._ask_splits, symbol=symbol)
            body = self._memo.once(splits_of(symbol), lambda: msgspec.json.encode(ask()))
            rows = read_told(body)
        return each_once(rows)

    def known_splits(self, symbol: str) -> tuple[Split, ...] | None:
        """The same where today's answer is at hand, else None."""
        if self._memo.today(WHOLE_TABLE) is not None:
            return each_once(self._market().get(symbol, []))
        body = None if self._whole else self._memo.today(splits_of(symbol))
        return None if body is None else each_once(read_told(body))

    def find(self, symbol: str) -> SymbolInfo | None:
        """The security of a symbol; an active one before a delisted one of the same symbol."""
        body = self._memo.once(f"ticker {symbol}", lambda: self._ask_ticker(symbol))
        found = msgspec.json.decode(body, type=list[SymbolInfo])
        return next((info for info in found if info.symbol == symbol), None)

    def search(self, text: str, *, active_only: bool) -> list[SymbolInfo]:
        """The vendor's best, with the exact symbol before them."""
        question = f"search {'active' if active_only else 'all'} {text.casefold()}"
        body = self._memo.once(question, lambda: self._ask_search(text, active_only))
        found = msgspec.json.decode(body, type=list[SymbolInfo])
        return sorted(found, key=lambda info: info.symbol.casefold() != text.casefold())

    def _market(self) -> dict[str, list[SplitRecord]]:
        """The whole table by symbol: read once, then what was listed or corrected since."""
        body = self._memo.once(WHOLE_TABLE, self._renewed)
        if self._table is None or self._table[0] is not body:
            by_symbol: dict[str, list[SplitRecord]] = {}
            for row in read_told(body):
                by_symbol.setdefault(row.symbol, []).append(row)
            self._table = body, by_symbol
        return self._table[1]

    def _renewed(self) -> bytes:
        held = self._memo.last(WHOLE_TABLE)
        if held is None:
            return msgspec.json.encode(self._ask_splits())
        since = (date_of(held[0]) - timedelta(days=CORRECTED_DAYS)).isoformat()
        kept = [r for r in read_told(held[1]) if r.day < since]
        return msgspec.json.encode(kept + self._ask_splits(since=since))

    def _ask_splits(
        self, *, symbol: str | None = None, since: str | None = None
    ) -> list[SplitRecord]:
        try:
            return self._splits_by(self._path, symbol, since)
        except (NotFoundError, PlanError) as error:
            other = isinstance(error, PlanError) and error.lacks is not PlanLimit.DATA
            if other or self._path == SPLITS_V3:
                raise
            log.info("%s is not to be had (%s): asking %s", SPLITS_V1, error, SPLITS_V3)
            self._path = SPLITS_V3
            return self._splits_by(self._path, symbol, since)

    def _splits_by(self, path: str, symbol: str | None, since: str | None) -> list[SplitRecord]:
        pages = self._vendor.pages(splits_request(path, symbol=symbol, since=since), read_splits)
        rows = []
        for row in (row for page in pages for row in page.results or ()):
            split = to_split(row)
            if split is None:
                log.warning("the vendor lists a split that is none: %s", row)
            elif symbol is None or split.symbol == symbol:
                rows.append(SplitRecord.of(split))
        return rows

    def _ask_ticker(self, symbol: str) -> bytes:
        for active in (True, False):
            found = self._first_page(ticker_request(symbol, active=active))
            if found:
                return msgspec.json.encode(found)
        return b"[]"

    def _ask_search(self, text: str, active_only: bool) -> bytes:
        states = (True,) if active_only else (True, False)
        asked = [search_request(text, active=active, limit=MOST_FOUND) for active in states]
        return msgspec.json.encode([info for one in asked for info in self._first_page(one)])

    def _first_page(self, request: Request) -> list[SymbolInfo]:
        """The best of a list; its later pages are for nobody."""
        page = self._vendor.pages(request, lambda body: _last(read_tickers(body)))[0]
        return [to_security(row) for row in page.results or ()]


def _last(page: TickersPage) -> TickersPage:
    """The page as if nothing came after it."""
    return msgspec.structs.replace(page, next_url=msgspec.UNSET)
