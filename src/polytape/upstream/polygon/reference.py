"""Splits and securities as the vendor lists them, each question fetched once a day."""

import logging
from datetime import timedelta
from functools import partial

import msgspec

from polytape.errors import NotFoundError
from polytape.model.securities import SymbolInfo
from polytape.model.splits import RefusedSplit, Split
from polytape.model.wall_clock import WallClock
from polytape.upstream.daily_cache import DailyCache
from polytape.upstream.polygon.connection import VendorConnection
from polytape.wire.flow import Request
from polytape.wire.polygon import errors, requests, responses, split_records
from polytape.wire.polygon.messages import TickersPage
from polytape.wire.polygon.split_records import WHOLE_TABLE, SplitRecord

log = logging.getLogger(__name__)

MOST_RESULTS = 100
# Rows are corrected for some days after they are first listed.
CORRECTED_DAYS = 30


class PolygonReference:
    """The vendor as a `ReferenceSource`: its splits and securities, of today.

    `whole`: the table of splits of the whole market is fetched at once and then updated by one
    request a day; otherwise each symbol's splits are fetched when it is first met. The table takes
    some six requests, which the free plan does not have to give.
    """

    checks_splits = True

    def __init__(
        self, vendor: VendorConnection, cache: DailyCache, market: WallClock, *, whole: bool
    ) -> None:
        self._vendor = vendor
        self._cache = cache
        self._market = market
        self._whole = whole
        self._path = requests.SPLITS_V1
        self._table: tuple[bytes, dict[str, list[SplitRecord]]] | None = None

    def splits(self, symbol: str) -> tuple[Split, ...]:
        """As `ReferenceSource.splits`: announced ones included, oldest first."""
        if self._whole or self._cache.last(WHOLE_TABLE) is not None:
            rows = self._whole_table().get(symbol, [])
        else:
            fetch = partial(self._fetch_splits, symbol=symbol)
            question = split_records.splits_of(symbol)
            body = self._cache.once(question, lambda: msgspec.json.encode(fetch()))
            rows = split_records.read_records(body)
        return split_records.each_once(rows)

    def cached_splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `ReferenceSource.cached_splits`: today's, where they were fetched already."""
        rows = self._cached_records(symbol)
        return None if rows is None else split_records.each_once(rows)

    def refused_splits(self, symbol: str) -> tuple[RefusedSplit, ...]:
        """As `Upstream.refused_splits`: of the list that was fetched today."""
        return split_records.refused_of(self._cached_records(symbol) or ())

    def _cached_records(self, symbol: str) -> list[SplitRecord] | None:
        """Today's rows of a symbol, where they were fetched already."""
        if self._cache.today(WHOLE_TABLE) is not None:
            return self._whole_table().get(symbol, [])
        body = None if self._whole else self._cache.today(split_records.splits_of(symbol))
        return None if body is None else split_records.read_records(body)

    def find(self, symbol: str) -> SymbolInfo | None:
        """As `ReferenceSource.find`: an active one before a delisted one of the same symbol."""
        body = self._cache.once(f"ticker {symbol}", lambda: self._fetch_ticker(symbol))
        listed = msgspec.json.decode(body, type=list[SymbolInfo])
        return next((info for info in listed if info.symbol == symbol), None)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """As `ReferenceSource.search`: the vendor's best, with the exact symbol before them."""
        text = query.casefold()
        question = f"search {'active' if active_only else 'all'} {text}"
        body = self._cache.once(question, lambda: self._fetch_search(query, active_only))
        listed = msgspec.json.decode(body, type=list[SymbolInfo])
        return sorted(listed, key=lambda info: info.symbol.casefold() != text)

    def forget(self) -> None:
        """As `ReferenceSource.forget`."""
        self._cache.forget()

    def _whole_table(self) -> dict[str, list[SplitRecord]]:
        """The whole table by symbol: read once, then what was listed or corrected since."""
        body = self._cache.once(WHOLE_TABLE, self._renewed)
        if self._table is None or self._table[0] is not body:
            self._table = body, split_records.by_symbol(split_records.read_records(body))
        return self._table[1]

    def _renewed(self) -> bytes:
        stored = self._cache.last(WHOLE_TABLE)
        if stored is None:
            return msgspec.json.encode(self._fetch_splits())
        fetched_at, body = stored
        since = (self._market.date_of(fetched_at) - timedelta(days=CORRECTED_DAYS)).isoformat()
        older = [row for row in split_records.read_records(body) if row.day < since]
        return msgspec.json.encode(older + self._fetch_splits(since=since))

    def _fetch_splits(
        self, *, symbol: str | None = None, since: str | None = None
    ) -> list[SplitRecord]:
        """By the newer route; by the older one from then on, where the newer is not to be had."""
        try:
            return self._splits_by(self._path, symbol, since)
        except (NotFoundError, errors.PlanError) as error:
            other = isinstance(error, errors.PlanError) and error.limit is not errors.PlanLimit.DATA
            if other or self._path == requests.SPLITS_V3:
                raise
            v1, v3 = requests.SPLITS_V1, requests.SPLITS_V3
            log.info("%s is not to be had (%s): asking %s", v1, error, v3)
            self._path = v3
            return self._splits_by(self._path, symbol, since)

    def _splits_by(self, path: str, symbol: str | None, since: str | None) -> list[SplitRecord]:
        request = requests.splits_request(path, symbol=symbol, since=since)
        pages = self._vendor.pages(request, responses.read_splits)
        listed = (SplitRecord.of_row(row) for page in pages for row in page.results or ())
        rows = [record for record in listed if symbol in (None, record.symbol)]
        for refused in split_records.refused_of(rows):
            log.warning("%s", refused)
        return rows

    def _fetch_ticker(self, symbol: str) -> bytes:
        for active in (True, False):
            listed = self._first_page(requests.ticker_request(symbol, active=active))
            if listed:
                return msgspec.json.encode(listed)
        return b"[]"

    def _fetch_search(self, text: str, active_only: bool) -> bytes:
        infos: list[SymbolInfo] = []
        for active in (True,) if active_only else (True, False):
            request = requests.search_request(text, active=active, limit=MOST_RESULTS)
            infos += self._first_page(request)
        return msgspec.json.encode(infos)

    def _first_page(self, request: Request) -> list[SymbolInfo]:
        """The best of a list; its later pages are for nobody."""
        page = self._vendor.pages(request, lambda body: _last(responses.read_tickers(body)))[0]
        return [responses.to_security(row) for row in page.results or ()]


def _last(page: TickersPage) -> TickersPage:
    """The page as if nothing came after it."""
    return msgspec.structs.replace(page, next_url=msgspec.UNSET)
