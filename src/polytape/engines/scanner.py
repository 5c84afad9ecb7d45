"""The Confluence Scanner: all engines together on one symbol at one instant."""

from dataclasses import replace

from polytape.engines import as_of as reading
from polytape.engines.confluence import confluence, nearest
from polytape.engines.flow import EngineFlow
from polytape.engines.levels import PriceContext, counts
from polytape.engines.options import WINDOWS, ScanOptions
from polytape.engines.scan_levels import LevelSources
from polytape.engines.scan_result import ScanResult
from polytape.engines.validation import require
from polytape.engines.zigzag import WARM_UP_DAYS
from polytape.engines.zone_run import ZoneRun, zones_at
from polytape.model.market import Market

TOO_LITTLE = "too little history for the ATRs: no zones"


def scan_flow(
    symbol: str, as_of: int, market: Market, options: ScanOptions
) -> EngineFlow[ScanResult]:
    """Zones of confluence at `as_of` (microseconds UTC), from bars that were complete then.

    Yields queries for 45 days of minutes (the first 15 for the swings) and 400 days of daily bars.

    Raises: ValidationError.
    """
    sizes = reading.parse_windows(options.windows)
    allowed = f"some of {', '.join(map(str, WINDOWS))}"
    require("windows", list(sizes), set(sizes) <= set(WINDOWS), allowed)
    known = yield from reading.bars_as_of(symbol, as_of, market, warm_up_days=WARM_UP_DAYS)
    run = zones_at(symbol, known, options)
    return _scan(known, run, sizes, options)


def _scan(
    known: reading.AsOfBars, run: ZoneRun, windows: tuple[int, ...], options: ScanOptions
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
        scale=options.levels,
        bars=known.shown_quarters,
    )
    if run.price is None or not run.atr_15min or not run.atr_day:
        return result
    context = PriceContext(run.price, run.atr_15min, run.atr_day, known.as_of)
    sources = LevelSources(known, context)
    levels = sources.levels(run.zones, windows, options)
    prices = [swing.price for swing in sources.swings]
    zones = confluence(
        levels, context, swings=prices, bars=known.shown_quarters, scale=options.levels
    )
    return replace(
        result,
        low=context.price - context.reach,
        high=context.price + context.reach,
        zones=nearest(zones, options.nearest),
        counts=counts(levels),
        structure=sources.structure,
        errors=sources.errors,
        notes=(*run.notes, *sources.left_out(options)),
        swings=sources.swings,
        profile=sources.profile,
    )
