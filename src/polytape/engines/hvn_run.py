"""Volume by price of a symbol at one instant: the bars that it needs, and what is made of them."""

from dataclasses import dataclass
from datetime import datetime

from polytape.engines.as_of import bars_at, days_back, minutes_query, parse_windows
from polytape.engines.flow import EngineFlow
from polytape.engines.options import HvnOptions
from polytape.engines.result import Result, iso_minutes
from polytape.engines.validation import intraday
from polytape.engines.volume_profile import VolumeProfile, volume_profile
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime


@dataclass(frozen=True, repr=False)
class HvnRun(Result):
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
        return f"{self.symbol} at {iso_minutes(self.as_of)}: {profiles}"


def hvn_flow(symbol: str, as_of: int, market: Market, options: HvnOptions) -> EngineFlow[HvnRun]:
    """Profiles of windows of days back from `as_of` (microseconds UTC).

    Raises: ValidationError.
    """
    timeframe, sizes = intraday(options.timeframe), parse_windows(options.windows)
    (minutes,) = yield (minutes_query(symbol, as_of, market, sizes[-1]),)
    bars = bars_at(minutes, timeframe, as_of, market, include_extended=options.include_extended)
    profiles = {
        days: volume_profile(
            bars.within(days_back(as_of, market, days)),
            levels=options.levels,
            price_step=options.price_step,
            percentile=options.percentile,
            prominence=options.prominence,
            distance=options.distance,
            value_area=options.value_area,
            value_area_method=options.value_area_method,
        )
        for days in sizes
    }
    bare = tuple(f"no volume in {d} days" for d, made in profiles.items() if made.poc is None)
    return HvnRun(symbol, to_datetime(as_of), timeframe.value, profiles, bare)
