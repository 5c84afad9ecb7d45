"""What a source promises."""

from dataclasses import dataclass
from typing import Protocol

from polytape.model.bars import Bars
from polytape.model.securities import SymbolInfo
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series


@dataclass(frozen=True, slots=True)
class SourceBars:
    """Tidy bars as traded, and in plain words what a reader must know of them.

    `unsettled` are the spans on which the source does not vouch for its answer (a file that is not
    there yet, a daily bar made from minutes): they are answered, not kept.
    """

    bars: Bars
    notes: tuple[str, ...] = ()
    unsettled: tuple[Span, ...] = ()


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

    def bars(self, symbol: str, series: Series, span: Span) -> SourceBars:
        """All bars of the series that start inside `span`; none is an answer too.

        Daily bars are stamped at midnight New York.
        """
        ...

    def last_bar(self, symbol: str) -> Bars:
        """The last complete minute bar as one bar; empty where there is none."""
        ...

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """The symbol's splits, future ones included; None where the source knows of no splits."""
        ...

    def find(self, symbol: str) -> SymbolInfo | None:
        """The security of this symbol, None if there is none."""
        ...

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """Securities whose symbol or name holds `query`, the best first."""
        ...
