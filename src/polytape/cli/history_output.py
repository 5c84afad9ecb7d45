"""What the commands of `polytape history` read and say."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from polytape.cli.wiring import now_us
from polytape.errors import ConfigurationError, ValidationError
from polytape.model.instants import parse_span
from polytape.model.newyork import NEW_YORK, iso, to_datetime
from polytape.model.spans import Span
from polytape.model.timeframes import Series, parse_timeframe


def stored_series(timeframe: str) -> Series:
    """The stored series of a timeframe. Raises ValidationError for one that is made from it."""
    frame = parse_timeframe(timeframe)
    for series in Series:
        if frame.value == series.value:
            return series
    raise ValidationError("timeframe", timeframe, "1min or 1day: the others are made from these")


def span_of(start: str | None, end: str | None) -> Span:
    """The span of two days, either of which may be left open."""
    tomorrow = to_datetime(now_us()).astimezone(NEW_YORK).date()
    return parse_span(start or "1990-01-01", end or tomorrow)


def shown_days(span: Span) -> str:
    """A span by its first and last day."""
    first, last = (to_datetime(at).astimezone(NEW_YORK) for at in (span.start, span.end - 1))
    return (
        f"{first:%Y-%m-%d}"
        if first.date() == last.date()
        else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    )


def all_symbols(held: Any) -> list[str]:
    """Every symbol of a store."""
    return sorted({symbol for series in Series for symbol in held.symbol_set(series)})


def listed(universe: Path | None) -> list[str]:
    """The tickers of a file, one a line; `#` begins a remark. Raises ConfigurationError."""
    if universe is None:
        return []
    try:
        lines = universe.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{universe} cannot be read: {error}") from error
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def column_names(pairs: list[str]) -> dict[str, str]:
    """OURS=THEIRS pairs. Raises ValidationError."""
    from polytape.history.importer import KNOWN

    found = {ours: theirs for ours, _, theirs in (pair.partition("=") for pair in pairs)}
    for ours, theirs in found.items():
        if ours not in KNOWN or not theirs:
            raise ValidationError("column", f"{ours}={theirs}", f"OURS=THEIRS, OURS of {KNOWN}")
    return found


def zone_of(name: str | None) -> ZoneInfo | None:
    """A zone by its name. Raises ValidationError."""
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError("zone", name, "a zone such as America/New_York") from error


def splits_beside(paths: list[Path]) -> Path | None:
    """The table of splits that lies in one of the folders."""
    found = [path / "splits.csv" for path in paths if (path / "splits.csv").is_file()]
    return found[0] if found else None


def doubts(told: Any) -> Iterator[dict[str, Any]]:
    """A row for each finding and each gap of a report."""
    for finding in told.report.findings:
        yield {
            "symbol": told.symbol, "series": told.series, "at": iso(finding.timestamp),
            "kind": finding.kind, "missing": 0, "detail": finding.detail,
        }  # fmt: skip
    for gap in told.report.gaps:
        yield {
            "symbol": told.symbol, "series": told.series, "at": iso(gap.span.start),
            "kind": "explained" if gap.cause else "gap", "missing": gap.missing,
            "detail": gap.cause or f"no bar until {iso(gap.span.end)}: a halt, no trade, or a hole",
        }  # fmt: skip


@contextmanager
def progress(what: str, total: int) -> Iterator[Any]:
    """A bar with what is left of the time, on stderr."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn(what), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=total)
        yield lambda name: shown.update(task, advance=1, description=str(name))
