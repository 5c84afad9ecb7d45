"""What a source promises: bars, and beside them whole days, reference data, the vendor's own
answers, as far as it has them.

Calls may block and may come from several threads at once. They raise errors of our tree:
NotFoundError for a symbol that the source has never heard of, DataFetchError for what could not be
fetched or read, naming the file or address.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.near_symbols import near
from polytape.model.query import BarsQuery
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import RefusedSplit, Split
from polytape.model.suspect_bars import SuspectBars
from polytape.model.timeframes import Series
from polytape.upstream.clock_check import ClockCheck


@dataclass(frozen=True, slots=True)
class SourceBars:
    """Tidy bars as traded, and in plain words what a reader must know of them.

    `provisional` are the spans that the source does not vouch for (a file that is not there yet, a
    daily bar made from minutes): their bars are answered, not stored. `through`: the instant up to
    which the source has published, microseconds UTC, where that is not now. `missing` are the spans
    that it ought to have and has not: an error, but where a query allows a part. `from_minutes`:
    the days whose bar was made from those. `proves_empty`: where there are no bars, that there are
    none is certain; else they are asked for once more. `suspects`: rows that cannot be right and
    are not among the bars; their spans are provisional. `write_failure` is set by who stores the
    answer: why it could not be stored.
    """

    bars: Bars
    notes: tuple[str, ...] = ()
    provisional: tuple[Span, ...] = ()
    through: int | None = None
    missing: tuple[Span, ...] = ()
    from_minutes: tuple[date, ...] = ()
    proves_empty: bool = True
    suspects: tuple[SuspectBars, ...] = ()
    write_failure: str = ""


class BarSource(Protocol):
    """Bars of one symbol."""

    def earliest(self) -> int:
        """The first instant that the source may have bars of, microseconds UTC."""
        ...

    def bars(self, query: BarsQuery) -> SourceBars:
        """All bars of the query's series that start inside its span; none is an answer too.

        Daily bars are stamped at midnight in the market's zone. A query in the background lets
        others go first.
        """
        ...

    def last_bar(self, symbol: str) -> Bars:
        """The last complete minute in bars of length one; empty where there is none."""
        ...


class DaySource(Protocol):
    """Whole days of the whole market."""

    @property
    def reads_whole_days(self) -> bool:
        """Whether a single symbol's bars are cut out of whole days, too: then all of a day should
        be stored.
        """
        ...

    @property
    def requests_per_day(self) -> int:
        """How many requests of the budget a day takes."""
        ...

    @property
    def unit(self) -> str:
        """What a day comes as: 'files', 'lists'."""
        ...

    @property
    def covers_unlisted(self) -> bool:
        """Whether a symbol that is not among a day's bars had none. Files leave out what the
        vendor's API has, such as OTC stocks: beside it they say nothing of others.
        """
        ...

    def has_day(self, series: Series, day: date) -> bool:
        """Whether there is an answer for a day; the market's day may not have ended."""
        ...

    def market_day(
        self, series: Series, day: date, *, background: bool = False
    ) -> MarketBars | None:
        """The bars of every symbol of a day; None where the source has no such day (yet)."""
        ...

    def mark_stored(self, series: Series, day: date) -> None:
        """Note that the bars of `market_day` are stored now: `replaced` compares with them."""
        ...

    def replaced(self, series: Series, days: Iterable[date]) -> list[date]:
        """The days whose bars were replaced at the source since they were stored."""
        ...


class ReferenceSource(Protocol):
    """Splits and securities."""

    @property
    def checks_splits(self) -> bool:
        """Whether its splits are to be checked against prices before they are used."""
        ...

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """The symbol's splits, future ones included; None where the source knows of no splits."""
        ...

    def cached_splits(self, symbol: str) -> tuple[Split, ...] | None:
        """The same where that takes no request; None where it takes one."""
        ...

    def find(self, symbol: str) -> SymbolInfo | None:
        """The security of this symbol, None if there is none."""
        ...

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """Securities whose symbol or name contains `query`, the best first."""
        ...

    def forget(self) -> None:
        """Fetch splits and securities anew when they are next needed."""
        ...


class ReadThrough(Protocol):
    """The vendor's own answers."""

    def read_through(self, path: str, query: tuple[tuple[str, str], ...], *, daily: bool) -> bytes:
        """The vendor's JSON for a path and a query; with `daily` fetched once a day."""
        ...


@dataclass(frozen=True)
class Upstream:
    """Where a gateway's bars come from, in the parts that there are.

    `name` is what answers call the source; `made_up` says that its prices are invented, and
    `says_made_up` whether its answers have said so. `close` ends all requests: those that wait for
    a turn are refused. `files` are the vendor's flat files beside its API. `refused_splits` gives
    the records of a symbol that are no splits, of the list that `splits` was made from; it makes no
    request. `trouble` says why nothing can be fetched now, by what happened last. `clock` compares
    this machine's clock with the vendor's. `suggest` gives symbols that may be meant by one that
    there is not; it makes no request.
    """

    name: str
    bars: BarSource
    reference: ReferenceSource
    made_up: bool = False
    days: DaySource | None = None
    files: DaySource | None = None
    through: ReadThrough | None = None
    close: Callable[[], None] = lambda: None
    refused_splits: Callable[[str], tuple[RefusedSplit, ...]] = lambda _: ()
    trouble: Callable[[], str | None] = lambda: None
    clock: ClockCheck | None = None
    suggest: Callable[[str], tuple[str, ...]] = near
    says_made_up: Callable[[], bool] = lambda: False

    @property
    def is_made_up(self) -> bool:
        """Whether its prices are invented, as far as that is known by now."""
        return self.made_up or self.says_made_up()

    @property
    def whole_days(self) -> DaySource | None:
        """The source of whole days, where single symbols are cut out of them."""
        return self.days if self.days is not None and self.days.reads_whole_days else None
