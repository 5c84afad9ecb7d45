"""The source of `--source polygon`: the vendor by its parts."""

from collections.abc import Callable
from dataclasses import dataclass, field

from polytape.errors import ValidationError
from polytape.model.market import Market
from polytape.upstream import answer_store, source
from polytape.upstream.clock_check import ClockCheck
from polytape.upstream.daily_cache import DailyCache
from polytape.upstream.polygon.bars import PolygonBars
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.polygon.days import PolygonDays
from polytape.upstream.polygon.publication import Publication
from polytape.upstream.polygon.reference import PolygonReference
from polytape.wire.flow import Request
from polytape.wire.polygon.errors import BadRequestError
from polytape.wire.polygon.plans import Plan
from polytape.wire.polygon.responses import read_any


@dataclass
class Polygon:
    """The vendor as a source. `plan` None: what the key's plan includes is learned from its
    answers. `now`: microseconds UTC. `memory` stores reference answers beyond the process's end.
    `clock` compares this machine's clock with the vendor's; `says_made_up`: whether the vendor has
    said that its prices are made up.
    """

    vendor: VendorConnection
    market: Market
    now: Callable[[], int]
    plan: Plan | None = None
    memory: answer_store.AnswerStore = field(default_factory=answer_store.MemoryAnswers)
    clock: ClockCheck | None = None
    says_made_up: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        self._daily = DailyCache(self.memory, self.market, self.now)
        whole = self.plan is not None and self.plan.name != "basic"
        self.bars = PolygonBars(self.vendor, Publication(self.market, self.now, self.plan))
        self.days = PolygonDays(self.vendor, self.market)
        self.reference = PolygonReference(self.vendor, self._daily, self.market, whole=whole)

    def upstream(self, files: source.DaySource | None = None) -> source.Upstream:
        """This source by its parts, with the vendor's flat files beside it where there are any."""
        return source.Upstream(
            "polygon",
            self.bars,
            self.reference,
            days=self.days,
            files=files,
            through=self,
            close=self.vendor.end,
            refused_splits=self.reference.refused_splits,
            trouble=self.vendor.trouble,
            clock=self.clock,
            says_made_up=self.says_made_up,
        )

    def read_through(self, path: str, query: tuple[tuple[str, str], ...], *, daily: bool) -> bytes:
        """As `ReadThrough.read_through`.

        Raises: ValidationError for what the vendor calls wrong: here the request is the caller's.
        """

        def fetch() -> bytes:
            try:
                return self.vendor.get(Request("GET", path, query)).body
            except BadRequestError as error:
                raise ValidationError.from_detail(error.detail, "request") from error

        if not daily:
            return fetch()
        question = f"GET {path} {sorted(query)}"
        return self._daily.once(question, lambda: read_any(fetch()), lasting=False)
