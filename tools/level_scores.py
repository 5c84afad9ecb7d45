"""Prints how scores of zones are distributed: `python -m tools.level_scores [FLATFILES]`.

What `THRESHOLDS` of `engines/confluence.py` stands on: scans of real bars (a folder of the vendor's
flat files) and of the made-up market, every half hour of regular hours. A level's threshold is the
score that its share of zones, and those of the levels above it, reach.
"""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from polytape.engines.confluence import THRESHOLDS, ZoneLevel
from polytape.engines.flow import run_with
from polytape.engines.options import ScanOptions
from polytape.engines.scanner import scan_flow
from polytape.model.arrays import Floats
from polytape.model.bars import Bars
from polytape.model.market import Market, xnys
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, HOUR_US
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic

REAL = Path(__file__).parents[2] / "shared/data/flatfiles"
REAL_SYMBOLS, REAL_DAYS = ("AIG", "BAC", "IBM", "SPY"), (date(2013, 10, 7), date(2013, 10, 11))
MADE_UP_SYMBOLS = ("AAPL", "MSFT", "SPY", "TSLA", "KO", "F")
MADE_UP_DAYS = (date(2026, 9, 1), date(2026, 10, 30))
# How many of all zones a level is for; the rest are L1.
LEVEL_SHARES: dict[ZoneLevel, float] = {"L5": 0.05, "L4": 0.10, "L3": 0.20, "L2": 0.30}
SHOWN = (50, 65, 80, 90, 95, 99)


class Recorded:
    """The bars of one symbol, read once."""

    def __init__(self, source: FlatFiles | Synthetic, symbol: str, span: Span) -> None:
        minutes = Span(span.start - 31 * DAY_US, span.end)
        days = Span(span.start - 401 * DAY_US, span.end)
        self.symbol = symbol
        self._minutes = source.bars(series_query(symbol, Series.MINUTE, minutes)).bars
        self._days = source.bars(series_query(symbol, Series.DAY, days)).bars

    def answer(self, query: BarsQuery) -> Bars:
        """Bars as an engine asks for them."""
        bars = self._days if query.timeframe.series is Series.DAY else self._minutes
        return bars.within(query.span)

    def scores(self, market: Market, instants: list[int]) -> Iterator[float]:
        """The scores of all zones at some instants."""
        for instant in instants:
            flow = scan_flow(self.symbol, instant, market, ScanOptions())
            yield from (zone.score for zone in run_with(flow, self.answer).zones)


def main() -> None:
    """Print the distribution of both, and what it makes of the thresholds."""
    market = xnys()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REAL
    real = scores(FlatFiles(folder, market), REAL_SYMBOLS, REAL_DAYS, market, step=HOUR_US // 2)
    end = market.midnight(MADE_UP_DAYS[1]) + DAY_US
    source = Synthetic(market, lambda: end)
    made_up = scores(source, MADE_UP_SYMBOLS, MADE_UP_DAYS, market, step=3 * HOUR_US)
    show("real", real)
    show("made up", made_up)
    cuts = [100 * (1 - share) for share in np.cumsum(list(LEVEL_SHARES.values()))]
    pairs = zip(LEVEL_SHARES, np.percentile(real, cuts), np.percentile(made_up, cuts), strict=True)
    for level, one, other in pairs:
        print(f"{level} from {one:.2f} (real), {other:.2f} (made up), {(one + other) / 2:.2f}")


def scores(
    source: FlatFiles | Synthetic,
    symbols: tuple[str, ...],
    days: tuple[date, date],
    market: Market,
    *,
    step: int,
) -> Floats:
    """The scores of all zones, scanned every so many microseconds of regular hours."""
    span = Span(market.midnight(days[0]), market.midnight(days[1]) + DAY_US)
    instants = [
        at for one in market.sessions(span) for at in range(one.open + step, one.close + 1, step)
    ]
    recorded = (Recorded(source, symbol, span) for symbol in symbols)
    return np.array([score for one in recorded for score in one.scores(market, instants)])


def show(name: str, found: Floats) -> None:
    """The distribution in a few lines."""
    points = ", ".join(f"{at} % {np.percentile(found, at):.1f}" for at in SHOWN)
    print(f"{name}: {len(found)} zones; {points}; most {found.max():.1f}")
    for scale, thresholds in THRESHOLDS.items():
        levels = [
            next((level for least, level in thresholds if one >= least), "L1") for one in found
        ]
        shares = {
            level: levels.count(level) / len(levels) for level in ("L5", "L4", "L3", "L2", "L1")
        }
        print(f"  {scale}: {', '.join(f'{level} {share:.0%}' for level, share in shares.items())}")


if __name__ == "__main__":
    main()
