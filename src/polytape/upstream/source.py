"""What a source promises."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series


@dataclass(frozen=True, slots=True)
class SourceBars:
    """Tidy bars as traded, and in plain words what a reader must know of them.

    `unsettled` are the spans on which the source does not vouch for its answer (a file that is not
    there yet, a daily bar made from minutes): they are answered, not kept. `through`: the instant
    up to which the source has published, where that is not now.
    """

    bars: Bars
    notes: tuple[str, ...] = ()
    unsettled: tuple[Span, ...] = ()
    through: int | None = None


class Source(Protocol):
    """Where bars come from. Calls may block and may come from several threads at once.

    Errors are of our tree: NotFoundError for a symbol that the source has never heard of,
    DataFetchError for what could not be had or read, naming the file or address.
    """

    @property
    def name(self) -> str:
        """What answers call this source."""
        ...

    @property
    def made_up(self) -> bool:
        """Whether the prices are invented."""
        ...

    @property
    def checks_splits(self) -> bool:
        """Whether its splits are to be checked against prices before they are used."""
        ...

    @property
    def whole_days(self) -> bool:
        """Whether it reads whole days of the whole market: all of a day is worth keeping then."""
        ...

    @property
    def lists_days(self) -> bool:
        """Whether `market_day` gives daily bars by one small question."""
        ...

    def earliest(self) -> int:
        """The first instant that it can be asked for, microseconds UTC."""
        ...

    def bars(
        self, symbol: str, series: Series, span: Span, *, background: bool = False
    ) -> SourceBars:
        """All bars of the series that start inside `span`; none is an answer too.

        Daily bars are stamped at midnight New York. `background`: nobody waits for the answer, so
        others may go first.
        """
        ...

    def market_day(
        self, series: Series, day: date, *, background: bool = False
    ) -> MarketBars | None:
        """The bars of every symbol of a day by one question; None where there is no such question,
        or no answer to it yet.
        """
        ...

    def kept(self, series: Series, day: date) -> None:
        """What `market_day` gave is kept now."""
        ...

    def last_bar(self, symbol: str) -> Bars:
        """The last complete minute bar as one bar; empty where there is none."""
        ...

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """The symbol's splits, future ones included; None where the source knows of no splits."""
        ...

    def known_splits(self, symbol: str) -> tuple[Split, ...] | None:
        """The same where nobody must be asked for it, else None."""
        ...

    def find(self, symbol: str) -> SymbolInfo | None:
        """The security of this symbol, None if there is none."""
        ...

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """Securities whose symbol or name holds `query`, the best first."""
        ...

    def forget(self) -> None:
        """Ask again for what was remembered of splits and securities."""
        ...

    def end(self) -> None:
        """Ask no more; who waits for a turn is sent away."""
        ...


class Local:
    """What a source says that asks nobody over a network."""

    checks_splits = False
    whole_days = False
    lists_days = False

    def earliest(self) -> int:
        """All of time."""
        return 0

    def market_day(
        self,
        series: Series,  # noqa: ARG002
        day: date,  # noqa: ARG002
        *,
        background: bool = False,  # noqa: ARG002
    ) -> MarketBars | None:
        """There is no such question."""
        return None

    def kept(self, series: Series, day: date) -> None:
        """Nothing is to be remembered."""

    def known_splits(self, symbol: str) -> tuple[Split, ...] | None:  # noqa: ARG002
        """They are always looked up."""
        return None

    def forget(self) -> None:
        """Nothing is remembered."""

    def end(self) -> None:
        """Nobody waits."""
