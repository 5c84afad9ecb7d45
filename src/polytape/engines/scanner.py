"""The Confluence Scanner: all tools together on one symbol at one instant, from two questions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from polytape.engines.camarilla import KEY_LEVELS, Period, Variant, camarilla_of
from polytape.engines.confluence import (
    REACH_ATRS,
    ConfluenceZone,
    Level,
    PriceContext,
    confluence,
    counts,
    make_item,
)
from polytape.engines.fractals import Fractals, Structure, Swing, fractals
from polytape.engines.result import EngineFlow, Result, plain
from polytape.engines.runs import (
    PERIODS,
    WINDOWS,
    AsOfBars,
    ZoneRun,
    days_before,
    few,
    iso_of,
    minutes_before,
    parse_windows,
    window,
    zones_at,
)
from polytape.engines.volume_profile import VolumeProfile, volume_profile
from polytape.errors import PolygonClientError, ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.newyork import NEW_YORK, date_of, to_datetime

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CAM_TYPES: dict[Period, str] = {"day": "cam-daily", "week": "cam-weekly", "month": "cam-monthly"}
TOO_LITTLE = "too little history for the ATRs: no zones"


@dataclass(frozen=True, eq=False, repr=False)
class ScanResult(Result):
    """What a scan found. Dollars; ATRs are Wilder 14 and, with the price, None where unknown.

    `errors` names each source that gave nothing, or less than it should, and why; the others count.
    `bars` (15 minutes), `profile` (of the longest window) and `swings` are what `plot` draws.
    """

    symbol: str
    as_of: datetime
    price: float | None
    atr_5min: float | None
    atr_15min: float | None
    atr_day: float | None
    low: float | None
    high: float | None
    zones: tuple[ConfluenceZone, ...]
    counts: dict[str, int]
    structure: Structure
    errors: dict[str, str]
    notes: tuple[str, ...] = ()
    swings: tuple[Swing, ...] = ()
    profile: VolumeProfile | None = field(default=None, repr=False)
    bars: Bars | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, but for what is only there to be drawn."""
        drawn = {"swings", "profile", "bars"}
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name not in drawn}

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for each zone."""
        for zone in self.zones:
            told: dict[str, Any] = {"symbol": self.symbol, "as_of": self.as_of, "price": self.price}
            told |= plain(zone)
            told["parts"] = ", ".join(part.name for part in zone.parts)
            told["candle"] = None if zone.candle is None else zone.candle.datetime
            told["families"], told["votes"] = ", ".join(zone.families), ", ".join(zone.votes)
            yield told

    def plot(self, path: str | None = None) -> "Figure":
        """Candles, zones, swings and the profile at the side, as a matplotlib figure; written to
        `path` where one is given. Needs `pip install 'polytape[plot]'`.
        """
        # By name: pictures stand on results, and only who draws loads them.
        figure: Figure = import_module("polytape.plot.scan").draw_scan(self, path)
        return figure

    def __repr__(self) -> str:
        price = "no price" if self.price is None else f"{self.price:.2f}"
        lines = [f"{self.symbol} {price} at {iso_of(self.as_of)}, {self.structure}"]
        lines += [f"  {zone!r}" for zone in self.zones]
        lines += [f"  {name}: {why}" for name, why in self.errors.items()]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def scan_run(
    symbol: str,
    as_of: int,
    *,
    market: Market,
    weekly_levels: Sequence[float] | None = None,
    daily_levels: Sequence[float] | None = None,
    windows: Sequence[int] = WINDOWS,
    variant: Variant = "pivot_boss",
) -> EngineFlow[ScanResult]:
    """Zones of confluence at `as_of` (microseconds UTC), of nothing that was incomplete then.

    Asks for 30 days of minutes and 400 days of days. `weekly_levels` (up to 4) and `daily_levels`
    (up to 6) stand in for those of the last completed week and day; `windows` are some of 7, 14
    and 30 days. Raises ValidationError.
    """
    sizes = parse_windows(windows)
    if not set(sizes) <= set(WINDOWS):
        raise ValidationError("windows", windows, f"some of {', '.join(map(str, WINDOWS))}")
    minutes, days = yield minutes_before(symbol, as_of), days_before(symbol, as_of)
    known = AsOfBars(minutes, days, as_of, market)
    zones = zones_at(symbol, known, weekly_levels, daily_levels)
    return _Sources(known).result(zones, sizes, variant)


class _Sources:
    """Gathers items of all sources; one that fails is noted and the others go on."""

    def __init__(self, known: AsOfBars) -> None:
        self._known = known
        self._errors: dict[str, str] = {}
        self._profile: VolumeProfile | None = None
        self._swings: Fractals | None = None

    def result(self, run: ZoneRun, windows: Sequence[int], variant: Variant) -> ScanResult:
        """Everything together."""
        context = self._market(run)
        items: list[Level] = []
        if context is not None:
            gather: dict[str, Callable[[], list[Level]]] = {
                "fractal": lambda: self._fractal_items(context),
                "hvn": lambda: self._hvn_items(context, windows),
                "camarilla": lambda: self._camarilla_items(context, variant),
                "zones": lambda: list(_zone_items(run, context)),
            }
            for name, make in gather.items():
                items += self._tried(name, make)
        swings = self._swings.swings if self._swings else ()
        prices = [swing.price for swing in swings]
        found = (
            confluence(items, context, swings=prices, bars=self._known.quarters) if context else ()
        )
        reach = None if context is None else REACH_ATRS * context.atr_day
        return ScanResult(
            symbol=run.symbol,
            as_of=to_datetime(self._known.as_of),
            price=run.price,
            atr_5min=run.atr_5min,
            atr_15min=run.atr_15min,
            atr_day=run.atr_day,
            low=None if context is None or reach is None else context.price - reach,
            high=None if context is None or reach is None else context.price + reach,
            zones=found,
            counts=counts(items),
            structure=self._swings.structure if self._swings else "INSUFFICIENT_DATA",
            errors=self._errors,
            notes=run.notes,
            swings=swings,
            profile=self._profile,
            bars=self._known.quarters,
        )

    def _market(self, run: ZoneRun) -> PriceContext | None:
        if run.price is None or not run.atr_15min or not run.atr_day:
            self._errors["confluence"] = TOO_LITTLE
            return None
        return PriceContext(run.price, run.atr_15min, run.atr_day, self._known.as_of)

    def _tried(self, name: str, make: Callable[[], list[Level]]) -> list[Level]:
        try:
            return make()
        except PolygonClientError as error:
            self._errors[name] = str(error)
            return []

    def _fractal_items(self, context: PriceContext) -> list[Level]:
        self._swings = found = fractals(self._known.quarters)
        for note in few(found.bars, found.needed):
            self._errors["fractal"] = note
        return [
            make_item(
                f"swing {swing.kind} {swing.datetime.astimezone(NEW_YORK):%m-%d %H:%M}",
                "fractal", "fractal", swing.price, context=context,
                strength=(swing.high - swing.low) / swing.atr if swing.atr else 0.0,
            )
            for swing in found.swings
        ]  # fmt: skip

    def _hvn_items(self, context: PriceContext, windows: Sequence[int]) -> list[Level]:
        items: list[Level] = []
        for days in windows:
            held = window(self._known.fives, self._known.as_of, days)
            profile = self._profile = volume_profile(held)
            if profile.poc is None:
                self._errors[f"hvn-{days}d"] = f"no volume in the last {days} days"
            elif late := self._begins_late(held, days):
                self._errors[f"hvn-{days}d"] = late
            items += [
                make_item(f"HVN {days}d #{node.rank}", f"hvn-{days}d", "hvn", node.price,
                          context=context, strength=node.share)
                for node in profile.hvns
            ]  # fmt: skip
        return items

    def _begins_late(self, bars: Bars, days: int) -> str | None:
        """What to say of a window that is not filled: it counts as far as it goes."""
        wanted = minutes_before("", self._known.as_of, days).span
        first = next(self._known.market.sessions(wanted), None)
        begins = date_of(int(bars.timestamp[0]))
        if first is None or begins <= first.day:
            return None
        return f"the bars of the last {days} days begin on {begins} only"

    def _camarilla_items(self, context: PriceContext, variant: Variant) -> list[Level]:
        items: list[Level] = []
        for period in PERIODS:
            kind = CAM_TYPES[period]
            try:
                made = camarilla_of(
                    self._known.days, period, self._known.as_of, self._known.market, variant=variant
                )
            except PolygonClientError as error:
                self._errors[kind] = str(error)
                continue
            if made is None:
                self._errors[kind] = f"no completed {period} in the daily bars"
                continue
            drawn = [] if made.flat else [n for n in KEY_LEVELS if n not in made.undrawable]
            items += [
                make_item(f"{kind} {name}", kind, "camarilla", made.levels[name], context=context,
                          strength=made.strength(name))
                for name in drawn
            ]  # fmt: skip
        return items


def _zone_items(run: ZoneRun, context: PriceContext) -> Iterator[Level]:
    for zone in run.zones:
        yield make_item(
            f"{zone.type} {zone.name}", zone.type, zone.family, zone.level, context=context,
            low=zone.low, high=zone.high, inputs=zone.inputs,
        )  # fmt: skip
