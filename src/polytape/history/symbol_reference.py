"""Who knows of symbols and splits: a source, or a store alone (`store_reference`)."""

from dataclasses import dataclass
from typing import Protocol

from polytape.model.bars import Bars
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.upstream.source import Upstream


class SymbolReference(Protocol):
    """Securities, their splits and last bars."""

    @property
    def name(self) -> str:
        """What answers call this origin."""
        ...

    @property
    def made_up(self) -> bool:
        """Whether the prices are invented."""
        ...

    def last_bar(self, symbol: str) -> Bars:
        """As `BarSource.last_bar`."""
        ...

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `ReferenceSource.splits`."""
        ...

    def find(self, symbol: str) -> SymbolInfo | None:
        """As `ReferenceSource.find`."""
        ...

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """As `ReferenceSource.search`."""
        ...

    def suggest(self, symbol: str) -> tuple[str, ...]:
        """As `Upstream.suggest`."""
        ...


@dataclass(frozen=True)
class UpstreamReference:
    """As `SymbolReference`, from a source."""

    upstream: Upstream

    @property
    def name(self) -> str:
        """As `SymbolReference.name`."""
        return self.upstream.name

    @property
    def made_up(self) -> bool:
        """As `SymbolReference.made_up`."""
        return self.upstream.is_made_up

    def last_bar(self, symbol: str) -> Bars:
        """As `BarSource.last_bar`."""
        return self.upstream.bars.last_bar(symbol)

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """As `ReferenceSource.splits`."""
        return self.upstream.reference.splits(symbol)

    def find(self, symbol: str) -> SymbolInfo | None:
        """As `ReferenceSource.find`."""
        return self.upstream.reference.find(symbol)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        """As `ReferenceSource.search`."""
        return self.upstream.reference.search(query, active_only=active_only)

    def suggest(self, symbol: str) -> tuple[str, ...]:
        """As `Upstream.suggest`."""
        return self.upstream.suggest(symbol)
