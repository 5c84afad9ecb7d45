"""The source of `--source polygon`: the vendor by its parts."""

from collections.abc import Callable
from dataclasses import dataclass, field

from polytape.model.market import Market
from polytape.upstream.answer_store import AnswerStore, MemoryAnswers
from polytape.upstream.daily_cache import DailyCache
from polytape.upstream.polygon.bars import PolygonBars
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.days import PolygonDays
from polytape.upstream.polygon.publication import Publication
from polytape.upstream.polygon.reference import PolygonReference
from polytape.upstream.source import DaySource, Upstream
from polytape.wire.flow import Request
from polytape.wire.polygon.plans import Plan
from polytape.wire.polygon.responses import read_any


@dataclass
class Polygon:
    """The vendor as a source. `plan` None: what the key's plan includes is learned from its
    answers. `now`: microseconds UTC. `memory` stores reference answers beyond the process's end.
    """

    vendor: VendorConnection
    market: Market
    now: Callable[[], int]
    plan: Plan | None = None
    memory: AnswerStore = field(default_factory=MemoryAnswers)

    def __post_init__(self) -> None:
        self._daily = DailyCache(self.memory, self.market, self.now)
        whole = self.plan is not None and self.plan.name != "basic"
        self.bars = PolygonBars(self.vendor, Publication(self.market, self.now, self.plan))
        self.days = PolygonDays(self.vendor, self.market)
        self.reference = PolygonReference(self.vendor, self._daily, self.market, whole=whole)

    def upstream(self, files: DaySource | None = None) -> Upstream:
        """This source by its parts, with the vendor's flat files beside it where there are any."""
        return Upstream(
            "polygon",
            self.bars,
            self.reference,
            days=self.days,
            files=files,
            through=self,
            close=self.vendor.end,
        )

    def read_through(self, path: str, query: tuple[tuple[str, str], ...], *, daily: bool) -> bytes:
        """As `ReadThrough.read_through`."""

        def fetch() -> bytes:
            return self.vendor.get(Request("GET", path, query)).body

        if not daily:
            return fetch()
        question = f"GET {path} {sorted(query)}"
        return self._daily.once(question, lambda: read_any(fetch()), lasting=False)
