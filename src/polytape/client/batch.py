"""Many questions at once, and what becomes of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, TypeAlias

from polytape.client.request import Asked, parse_asked
from polytape.errors import PolygonClientError, ValidationError, one_of
from polytape.model.timeframes import Timeframe

Key: TypeAlias = tuple[str, str]
OnError: TypeAlias = Literal["raise", "keep"]
Requests: TypeAlias = str | Iterable[str | Mapping[str, Any]]

AT_ONCE = 8
FIELDS = frozenset({"symbol", "start_date", "end_date", "timeframe", "limit", "include_extended"})


@dataclass(frozen=True, slots=True)
class Many:
    """Questions by (symbol, standard timeframe)."""

    asked: dict[Key, Asked]
    errors: OnError

    def outcome(self, results: Mapping[Key, Any]) -> dict[Key, Any]:
        """The results in the order asked. The first error is raised unless errors are kept."""
        for key in self.asked:
            result = results[key]
            if isinstance(result, PolygonClientError) and self.errors == "raise":
                result.add_note(f"while fetching {key[0]} {key[1]}")
                raise result
        return {key: results[key] for key in self.asked}


def parse_many(
    requests: Requests,
    start_date: object,
    end_date: object,
    timeframes: str | Timeframe | Iterable[str | Timeframe],
    limit: object,
    include_extended: bool,
    errors: str,
) -> Many:
    """Symbols x timeframes, or requests with their own fields over the shared ones."""
    if errors not in ("raise", "keep"):
        raise ValidationError("errors", errors, one_of(("raise", "keep")))
    rows = [requests] if isinstance(requests, str) else list(requests)
    frames = [timeframes] if isinstance(timeframes, str | Timeframe) else list(timeframes)
    shared: dict[str, Any] = {
        "start_date": start_date,
        "end_date": end_date,
        "limit": limit,
        "include_extended": include_extended,
    }
    asked: dict[Key, Asked] = {}
    for row, frame in product(rows, frames):
        one = parse_asked(**(shared | {"timeframe": frame} | _own(row)))
        key = (one.query.symbol, one.query.timeframe.value)
        if asked.setdefault(key, one) != one:
            raise ValidationError("requests", key, "one span for each symbol and timeframe")
    return Many(asked, "raise" if errors == "raise" else "keep")


def _own(row: object) -> dict[str, Any]:
    if isinstance(row, str):
        return {"symbol": row}
    if isinstance(row, Mapping):
        if unknown := set(row) - FIELDS:
            raise ValidationError("requests", sorted(unknown), one_of(sorted(FIELDS)))
        return {"symbol": None} | dict(row)
    raise ValidationError("requests", row, "symbols, or mappings with the fields of fetch_bars")
