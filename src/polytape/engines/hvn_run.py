"""Volume by price of a symbol at one instant: the bars that it needs, and what is made of them."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from polytape.engines.as_of import bars_at, days_back, parse_windows
from polytape.engines.flow import EngineFlow
from polytape.engines.minutes import minutes_of_days
from polytape.engines.options import HvnOptions
from polytape.engines.result import EngineRunResult, iso_minutes
from polytape.engines.ticks import tick_profile
from polytape.engines.validation import intraday
from polytape.engines.volume_profile import VolumeProfile, volume_profile
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime


@dataclass(frozen=True, repr=False)
class HvnRun(EngineRunResult):
    """The profiles of a symbol at one instant, by days back."""

    symbol: str
    as_of: datetime
    timeframe: str
    profiles: dict[int, VolumeProfile]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, object]]:
        """A row for each high-volume node."""
        return [
            {
                "window": days,
                "price": node.price,
                "rank": node.rank,
                "volume": node.volume,
                "share": node.share,
                "width": node.width,
            }
            for days, profile in self.profiles.items()
            for node in profile.hvns
        ]

    def __repr__(self) -> str:
        profiles = "; ".join(f"{days}d {profile!r}" for days, profile in self.profiles.items())
        return self._shown(f"{self.symbol} at {iso_minutes(self.as_of)}: {profiles}")


def hvn_flow(symbol: str, as_of: int, market: Market, options: HvnOptions) -> EngineFlow[HvnRun]:
    """Profiles of windows of days back from `as_of` (microseconds UTC).

    Raises: ValidationError.
    """
    timeframe, sizes = intraday(options.timeframe), parse_windows(options.windows)
    minutes = yield from minutes_of_days(
        symbol, sizes[-1], as_of, market, exclude_bad_prints=options.exclude_bad_prints
    )
    extended = options.include_extended
    bars = bars_at(minutes.bars, timeframe, as_of, market, include_extended=extended)
    profiles = {
        days: _profile(bars.within(days_back(as_of, market, days)), options) for days in sizes
    }
    bare = tuple(f"no volume in {d} days" for d, made in profiles.items() if made.poc is None)
    return HvnRun(symbol, to_datetime(as_of), timeframe.value, profiles, (*minutes.notes, *bare))


def _profile(bars: Bars, options: HvnOptions) -> VolumeProfile:
    """The profile of a window. All end with the same bar, and so have one step on ticks."""
    make = tick_profile if options.on_ticks else partial(volume_profile, levels=options.levels)
    return make(
        bars,
        price_step=options.price_step,
        percentile=options.percentile,
        prominence=options.prominence,
        distance=options.distance,
        value_area=options.value_area,
        value_area_method=options.value_area_method,
    )
