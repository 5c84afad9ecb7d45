"""Results as short tables of texts: what a notebook shows of each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from typing import Any

from polytape.engines.atr_run import AtrRun
from polytape.engines.bad_print_run import BadPrintRun
from polytape.engines.camarilla_run import CamarillaRun
from polytape.engines.confluence import SHOWN_PARTS, ConfluenceZone
from polytape.engines.fractal_history_run import FractalHistoryRun
from polytape.engines.fractal_run import FractalRun
from polytape.engines.fractals import Swing
from polytape.engines.gap_run import GapRun
from polytape.engines.hvn_run import HvnRun
from polytape.engines.opening_range_run import OpeningRangeRun
from polytape.engines.poc_run import PocRun
from polytape.engines.rates import Calibration, Difference, Rate
from polytape.engines.result import Shown, shown_at
from polytape.engines.scan_result import ScanResult
from polytape.engines.session import RANGES, SessionData
from polytape.engines.vwap_run import VwapRun
from polytape.engines.zone_run import ZoneRun
from polytape.model.counts import counted

SHOWN_ROWS = 12
LEVELS = (*(f"R{n}" for n in range(6, 0, -1)), "PP", *(f"S{n}" for n in range(1, 7)))


@dataclass(frozen=True, slots=True)
class Chip:
    """A short text in a cell; `title` is shown where a reader points at it."""

    text: str
    title: str = ""


Cell = str | tuple[Chip, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`heading` beside the symbol; `more` rows are left out."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: int = 0


def table_of(result: Shown) -> Table:
    """The table of a result."""
    return TABLES[type(result)](result)


def _table(
    heading: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], most: int = SHOWN_ROWS
) -> Table:
    every = [tuple(row) for row in rows]
    return Table(heading, tuple(columns), tuple(every[:most]), max(0, len(every) - most))


def _scan(result: ScanResult) -> Table:
    columns = ["level", "from", "to", "side", "score", "ATRs to centre", "parts"]
    rated = any(zone.rate is not None for zone in result.zones)
    rows = [_zone(zone, rated=rated) for zone in result.zones]
    heading = f"{_price(result.price)} zones of confluence, {result.structure}"
    return _table(heading, [*columns, "held"] if rated else columns, rows, len(rows))


def _zone(zone: ConfluenceZone, *, rated: bool) -> list[Cell]:
    row: list[Cell] = [
        zone.level,
        _cents(zone.low),
        _cents(zone.high),
        zone.kind,
        f"{zone.score:.1f}",
        f"{zone.distance_atr:+.1f}{' inside' if zone.is_price_inside else ''}",
        tuple(_chips(zone)),
    ]
    return [*row, "" if zone.rate is None else zone.rate.text()] if rated else row


def _chips(zone: ConfluenceZone) -> Iterable[Chip]:
    """A chip for each type of level in a zone, with how many there are; at most eight named."""
    types: dict[str, list[str]] = {}
    for part in zone.parts:
        types.setdefault(part.type, []).append(part.name)
    for name, parts in types.items():
        more = len(parts) - SHOWN_PARTS
        said = ", ".join([*parts[:SHOWN_PARTS], *([f"{more} more"] if more > 0 else [])])
        yield Chip(f"{name} \u00d7{len(parts)}" if len(parts) > 1 else name, said)


def _swings(result: FractalRun) -> Table:
    swings = result.fractals.swings
    heading = f"{result.timeframe} swings, {result.fractals.structure}: the latest first"
    columns = ("occurred", "kind", "price", "confirmed", "settled")
    return _table(heading, columns, map(_swing, reversed(swings)), SHOWN_PARTS)


def _swing(swing: Swing) -> tuple[str, ...]:
    moments = (swing.occurred_at, swing.confirmed_at, swing.settled_at)
    occurred, confirmed, settled = map(_moment, moments)
    return occurred, swing.kind, _cents(swing.price), confirmed, settled


def _history(result: FractalHistoryRun) -> Table:
    swings = result.history.swings
    replaced = sum(one.replaced_at is not None for one in swings)
    counts = f"{len(swings)}, {replaced} of them replaced"
    heading = f"{result.timeframe} swings shown {result.since_text}: {counts}"
    columns = ("occurred", "kind", "price", "confirmed", "settled", "replaced")
    rows = ((*_swing(one), _moment(one.replaced_at)) for one in reversed(swings))
    return _table(heading, columns, rows, SHOWN_PARTS)


def _profiles(result: HvnRun) -> Table:
    rows = [
        (
            f"{days}",
            _cents(made.poc),
            _cents(made.value_area_low),
            _cents(made.value_area_high),
            tuple(Chip(_cents(node.price), f"{node.share:.1%} of volume") for node in made.hvns),
            f"{made.bars:,}",
        )
        for days, made in result.profiles.items()
    ]
    columns = ("days", "point of control", "value area from", "to", "high-volume nodes", "bars")
    return _table(
        f"{_price(result.price)} volume by price of {result.timeframe} bars", columns, rows
    )


def _pivots(result: CamarillaRun) -> Table:
    made = result.pivots
    rows = [(name, *(_cents(one.levels[name]) for one in made.values())) for name in LEVELS]
    columns = ["level", *(f"{period} to {one.end}" for period, one in made.items())]
    return _table("Camarilla pivots", columns, rows if made else (), len(rows))


def _zones(result: ZoneRun) -> Table:
    rows = [
        (
            one.name,
            one.family,
            *(_cents(price) for price in (one.low, one.level, one.high)),
            f"{one.side} inside" if result.is_inside(one) else one.side,
        )
        for one in sorted(result.zones, key=lambda zone: -zone.level)
    ]
    columns = ("zone", "family", "from", "level", "to", "side")
    return _table(f"{_price(result.price)} zones", columns, rows, len(rows))


def _vwap(result: VwapRun) -> Table:
    rows = [(one.name, _cents(one.price)) for one in result.levels]
    heading = f"{_price(result.price)} VWAP since {_moment(result.anchor)} New York"
    return _table(heading, ("level", "price"), rows, len(rows))


def _ranges(result: OpeningRangeRun) -> Table:
    rows = [
        (
            f"{one.minutes}",
            _cents(one.low),
            _cents(one.middle),
            _cents(one.high),
            _moment(one.above_at),
            _moment(one.below_at),
        )
        for one in result.ranges
    ]
    columns = ("minutes", "low", "middle", "high", "left above", "left below")
    heading = f"{_price(result.price)} opening ranges of {result.day or 'no session'}"
    return _table(heading, columns, rows, len(rows))


def _gaps(result: GapRun) -> Table:
    rows = [
        (
            f"{one.day}",
            one.direction,
            _cents(one.open_low),
            _cents(one.open_high),
            f"{_cents(one.low)}-{_cents(one.high)}",
            f"{one.size_percent:.2f}",
        )
        for one in result.gaps
    ]
    columns = ("day", "gap", "open from", "to", "was", "percent")
    return _table(f"{_price(result.price)} open gaps", columns, rows)


def _points(result: PocRun) -> Table:
    rows = [
        (f"{one.day}", _cents(one.price), f"{one.share:.1%}", f"{one.sessions}")
        for one in result.naked
    ]
    heading = (
        f"{_price(result.price)} naked points of control; "
        f"of {result.day or 'no session'} so far: {_cents(result.poc)}"
    )
    return _table(heading, ("day", "price", "share of volume", "sessions since"), rows)


def _atr(result: AtrRun) -> Table:
    rows = [
        ("all hours", _cents(result.atr)),
        ("regular hours", _cents(result.atr_regular)),
        ("usual range of the bar that runs", _cents(result.usual_now)),
    ]
    heading = f"ATR({result.period}, {result.method}) of {result.timeframe}"
    return _table(heading, ("of", "dollars"), rows)


def _bad_prints(result: BadPrintRun) -> Table:
    rows = [
        (
            _moment(one.datetime),
            f"{one.percent:+.1f}",
            *(_cents(price) for price in (one.before, one.low, one.high, one.after)),
            "settled" if one.settled else "may be acquitted",
        )
        for one in sorted(result.prints, key=lambda one: -abs(one.percent))
    ]
    columns = ("at", "percent", "before", "low", "high", "after", "")
    bars = counted(result.bars, f"{result.timeframe} bar")
    heading = f"{_price(result.price)} {counted(len(rows), 'bad print')} in {bars}"
    return _table(heading, columns, rows)


def _rates(result: Calibration) -> Table:
    rows = [
        (
            one.level,
            f"{one.zones:,}",
            _share(one.touched),
            _share(one.held),
            _share(one.random_hold_rate),
            *_difference(one.hold_difference),
        )
        for one in result.levels
    ]
    columns = ("level", "zones", "touched", "held", "random held", "difference", "interval")
    return _table("hold rates by level, beside random levels", columns, rows)


def _difference(gap: Difference) -> tuple[str, str]:
    """In points, and its interval."""
    if isnan(gap.joint_low):
        return "" if isnan(gap.rate) else f"{100 * gap.rate:+.1f}", "too few"
    return f"{100 * gap.rate:+.1f}", f"{100 * gap.joint_low:+.1f} to {100 * gap.joint_high:+.1f}"


def _share(rate: Rate) -> str:
    return f"{rate.rate:.0%} of {rate.of:,}" if rate.of else ""


def _session(result: SessionData) -> Table:
    fields = result.to_dict()
    names = ("pre_market_price", "open_price", *RANGES, "atr_high", "atr_low")
    prices = {name.replace("_", " "): fields[name] for name in names}  # type: ignore[literal-required]
    rows = [(name, _cents(float(value))) for name, value in prices.items() if value is not None]
    return _table(f"{_price(result.price)} session", ("what", "dollars"), rows)


def _cents(price: float | None) -> str:
    """Two decimals, below a dollar four; nothing for what is not known."""
    return "" if price is None else f"{price:,.{2 if abs(price) >= 1 else 4}f}"


def _price(price: float | None) -> str:
    return "no price:" if price is None else f"at {_cents(price)}:"


def _moment(moment: datetime | None) -> str:
    """In New York's time."""
    return "" if moment is None else shown_at(moment)


TABLES: dict[type, Callable[[Any], Table]] = {
    ScanResult: _scan,
    FractalRun: _swings,
    FractalHistoryRun: _history,
    HvnRun: _profiles,
    CamarillaRun: _pivots,
    ZoneRun: _zones,
    VwapRun: _vwap,
    OpeningRangeRun: _ranges,
    GapRun: _gaps,
    PocRun: _points,
    AtrRun: _atr,
    BadPrintRun: _bad_prints,
    SessionData: _session,
    Calibration: _rates,
}
