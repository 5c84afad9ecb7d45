"""The Confluence Scanner: all engines together on one symbol at one instant."""

from dataclasses import replace

from polytape.engines.as_of import AsOfBars, bars_as_of, parse_windows
from polytape.engines.confluence import confluence
from polytape.engines.flow import EngineFlow
from polytape.engines.levels import PriceContext, counts
from polytape.engines.options import WINDOWS, ScanOptions
from polytape.engines.scan_levels import LevelSources
from polytape.engines.scan_result import ScanResult
from polytape.engines.validation import require
from polytape.engines.zone_run import ZoneRun, zones_at
from polytape.model.market import Market

TOO_LITTLE = "too little history for the ATRs: no zones"


def scan_flow(
    symbol: str, as_of: int, market: Market, options: ScanOptions
) -> EngineFlow[ScanResult]:
    """Zones of confluence at `as_of` (microseconds UTC), from bars that were complete then.

    Yields queries for 30 days of minutes and 400 days of daily bars.

    Raises: ValidationError.
    """
    sizes = parse_windows(options.windows)
    allowed = f"some of {', '.join(map(str, WINDOWS))}"
    require("windows", list(options.windows), set(sizes) <= set(WINDOWS), allowed)
    known = yield from bars_as_of(symbol, as_of, market)
    run = zones_at(symbol, known, options.weekly_levels, options.daily_levels)
    return _scan(known, run, sizes, options)


def _scan(
    known: AsOfBars, run: ZoneRun, windows: tuple[int, ...], options: ScanOptions
) -> ScanResult:
    result = ScanResult(
        symbol=run.symbol,
        as_of=run.as_of,
        price=run.price,
        atr_5min=run.atr_5min,
        atr_15min=run.atr_15min,
        atr_day=run.atr_day,
        errors={"confluence": TOO_LITTLE},
        notes=run.notes,
        bars=known.quarters,
    )
    if run.price is None or not run.atr_15min or not run.atr_day:
        return result
    context = PriceContext(run.price, run.atr_15min, run.atr_day, known.as_of)
    sources = LevelSources(known, context)
    levels = sources.levels(run.zones, windows, options.variant)
    prices = [swing.price for swing in sources.swings]
    return replace(
        result,
        low=context.price - context.reach,
        high=context.price + context.reach,
        zones=confluence(levels, context, swings=prices, bars=known.quarters),
        counts=counts(levels),
        structure=sources.structure,
        errors=sources.errors,
        swings=sources.swings,
        profile=sources.profile,
    )
