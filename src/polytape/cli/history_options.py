"""What the options of `polytape history` mean: a stored series, a span, symbols of a store."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from polytape.cli.clock import now_us, this_market
from polytape.errors import ValidationError
from polytape.history.quarantine import Quarantine
from polytape.model.instants import must_have_begun, parse_span
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series, parse_timeframe
from polytape.model.zones import ZoneError, parse_zone
from polytape.store.segments import SegmentStore


def series_of(timeframe: str) -> Series:
    """The stored series of a timeframe. Raises: ValidationError for one that is made from it."""
    frame = parse_timeframe(timeframe)
    if frame.value != frame.series.value:
        allowed = "1min or 1day: the others are made from these"
        raise ValidationError("timeframe", timeframe, allowed)
    return frame.series


def chosen_series(timeframe: str | None) -> list[Series]:
    """The stored series of a timeframe, all of them where none is named.

    Raises: ValidationError for a timeframe that is made from another.
    """
    return list(Series) if timeframe is None else [series_of(timeframe)]


def span_of(start: str | None, end: str | None) -> Span:
    """The span of two days, microseconds UTC; either may be left open.

    Raises: ValidationError for what is no day, and for a start without an end on a day that has not
    begun.
    """
    market, now = this_market(), now_us()
    if start is not None and end is None:
        must_have_begun(start, "--from", market, now, today=True)
    return parse_span(
        start or "1990-01-01", end or market.date_of(now), market, names=("--from", "--to")
    )


def zone_of(name: str | None) -> ZoneInfo | None:
    """A zone by its name. Raises: ValidationError."""
    try:
        return None if name is None else parse_zone(name)
    except ZoneError as error:
        raise ValidationError("zone", name, str(error)) from error


def days_text(span: Span) -> str:
    """A span by its first and last day."""
    market = this_market()
    first, last = market.date_of(span.start), market.date_of(span.end - 1)
    return f"{first}" if first == last else f"{first} to {last}"


def symbols_of(store: SegmentStore, names: Sequence[str]) -> list[str]:
    """The symbols that are named; where none is, every one of the store, and those of which rows
    were set aside.

    Raises: ValidationError for what is no symbol.
    """
    symbols = [parse_symbol(name) for name in names]
    if symbols:
        return symbols
    stored = {s for series in Series for s in store.catalog.symbols(series)}
    return sorted(stored | {entry.symbol for entry in Quarantine(store.storage).rows()})
