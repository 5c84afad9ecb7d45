"""Many queries at once, and what becomes of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from polytape.client.core import START_END, Core, Outcome
from polytape.errors import PolygonClientError, ValidationError, one_of
from polytape.model.answer_size import most_bars
from polytape.model.date_words import is_word, naming_words
from polytape.model.market import Market
from polytape.model.query import BarsQuery, parse_query
from polytape.model.timeframes import Timeframe
from polytape.model.zone_warning import warn_without_zone
from polytape.wire.flow import Flow

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
# Symbol and standard timeframe.
Key: TypeAlias = tuple[str, str]
OnError: TypeAlias = Literal["raise", "keep"]
Requests: TypeAlias = str | Iterable[str | Mapping[str, object]]

AT_ONCE = 8
# One request is for so many queries and possible bars: a longer one may not be in time.
MOST_TOGETHER, MOST_BARS_TOGETHER = 100, 500_000
FIELDS = frozenset(
    {"symbol", "start_date", "end_date", "timeframe", "limit", "include_extended", "adjusted"}
)


@dataclass(frozen=True, slots=True)
class Many:
    """Queries by symbol and timeframe. `errors` says whether the first error is raised."""

    queries: dict[Key, BarsQuery]
    errors: OnError

    def outcome(self, results: Mapping[Key, T]) -> dict[Key, T]:
        """The results in the order of the queries.

        Raises: the first error among them, where `errors` says so.
        """
        for key in self.queries:
            result = results[key]
            if isinstance(result, PolygonClientError) and self.errors == "raise":
                result.add_note(f"while fetching {key[0]} {key[1]}")
                raise result
        return {key: results[key] for key in self.queries}


def read_many(
    core: Core,
    requests: Requests,
    start_date: object,
    end_date: object,
    timeframes: str | Timeframe | Iterable[str | Timeframe],
    *,
    limit: object,
    include_extended: bool,
    use_cache: bool,
    allow_partial: bool = False,
    adjusted: bool = True,
    errors: str,
) -> Flow[Many]:
    """As `parse_many`; dates may be words, by the gateway's time.

    Raises: ValidationError naming the parameter; what asking for the time raises.
    """
    warn_without_zone(start_date=start_date, end_date=end_date)
    start_date, end_date = yield from core.dates(start_date, end_date)
    rows: list[str | Mapping[str, object]] = []
    for row in [requests] if isinstance(requests, str) else list(requests):
        if isinstance(row, Mapping):
            warn_without_zone(start_date=row.get("start_date"), end_date=row.get("end_date"))
        if isinstance(row, Mapping) and any(map(is_word, row.values())):
            own = yield from core.dates(row.get("start_date"), row.get("end_date"))
            dates = zip(("start_date", "end_date"), own, strict=True)
            rows.append({**row, **{name: day for name, day in dates if name in row}})
        else:
            rows.append(row)
    with naming_words(START_END):
        return parse_many(
            rows,
            start_date,
            end_date,
            timeframes,
            core.market,
            limit=limit,
            include_extended=include_extended,
            use_cache=use_cache,
            allow_partial=allow_partial,
            adjusted=adjusted,
            errors=errors,
        )


def parse_many(
    requests: Requests,
    start_date: object,
    end_date: object,
    timeframes: str | Timeframe | Iterable[str | Timeframe],
    market: Market,
    *,
    limit: object,
    include_extended: bool,
    use_cache: bool,
    allow_partial: bool = False,
    adjusted: bool = True,
    errors: str,
) -> Many:
    """Symbols x timeframes, or requests with their own fields over the shared ones.

    Raises: ValidationError naming the parameter.
    """
    if errors not in ("raise", "keep"):
        raise ValidationError("errors", errors, one_of(("raise", "keep")))
    rows = [requests] if isinstance(requests, str) else list(requests)
    every = [timeframes] if isinstance(timeframes, str | Timeframe) else list(timeframes)
    shared: dict[str, object] = {
        "start_date": start_date,
        "end_date": end_date,
        "limit": limit,
        "include_extended": include_extended,
        "adjusted": adjusted,
    }
    queries: dict[Key, BarsQuery] = {}
    for row, timeframe in product(rows, every):
        fields = shared | {"timeframe": timeframe} | _own(row)
        query = replace(_query(fields, market, use_cache), allow_partial=allow_partial)
        key = (query.symbol, query.timeframe.value)
        if queries.setdefault(key, query) != query:
            raise ValidationError("requests", key, "one span for each symbol and timeframe")
    return Many(queries, "raise" if errors == "raise" else "keep")


def explained(
    core: Core, queries: Iterable[BarsQuery], outcomes: Iterable[Outcome]
) -> Flow[list[Outcome]]:
    """The same outcomes, in which answers without bars say why."""
    made: list[Outcome] = []
    for query, outcome in zip(queries, outcomes, strict=True):
        if isinstance(outcome, PolygonClientError):
            made.append(outcome)
        else:
            made.append((yield from core.explained(query, outcome)))
    return made


def framed(outcome: Outcome) -> "pd.DataFrame | PolygonClientError":
    """The frame of an answer; an error as it is."""
    return outcome if isinstance(outcome, PolygonClientError) else outcome.frames.make()


def groups(queries: Iterable[BarsQuery], market: Market) -> list[list[BarsQuery]]:
    """Queries in groups that one request each is sent for, in their order."""
    made: list[list[BarsQuery]] = []
    bars = 0
    for query in queries:
        most = most_bars(query, market, query.span.end)
        if not made or len(made[-1]) == MOST_TOGETHER or bars + most > MOST_BARS_TOGETHER:
            made.append([])
            bars = 0
        made[-1].append(query)
        bars += most
    return made


def _query(fields: Mapping[str, object], market: Market, use_cache: bool) -> BarsQuery:
    return parse_query(
        fields["symbol"],
        fields["start_date"],
        fields["end_date"],
        fields["timeframe"],
        market,
        limit=fields["limit"],
        include_extended=bool(fields["include_extended"]),
        adjusted=bool(fields["adjusted"]),
        use_cache=use_cache,
    )


def _own(row: object) -> dict[str, object]:
    """The fields of one request."""
    if isinstance(row, str):
        return {"symbol": row}
    if isinstance(row, Mapping):
        if unknown := set(row) - FIELDS:
            raise ValidationError("requests", sorted(unknown), one_of(sorted(FIELDS)))
        return {"symbol": None} | dict(row)
    raise ValidationError("requests", row, "symbols, or mappings with the fields of fetch_bars")
