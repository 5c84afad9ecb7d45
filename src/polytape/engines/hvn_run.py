"""Volume by price of a symbol at one instant: the bars that it needs, and what is made of them."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import ClassVar

from polytape.engines import as_of as as_of_bars
from polytape.engines import result
from polytape.engines.daily_anchors import daily_anchors
from polytape.engines.drawn import Drawn
from polytape.engines.flow import EngineFlow
from polytape.engines.minutes import minutes_of_days
from polytape.engines.options import HvnOptions
from polytape.engines.ticks import tick_profile
from polytape.engines.validation import intraday
from polytape.engines.volume_profile import VolumeProfile, volume_profile
from polytape.model.bars import Bars
from polytape.model.counts import counted
from polytape.model.market import Market
from polytape.model.timestamps import to_datetime

SHOWN_NODES = 3


@dataclass(frozen=True, eq=False, repr=False)
class HvnRun(result.EngineRunResult):
    """The profiles of a symbol at one instant, by days back; `price` in dollars is the close of the
    last minute, None without one. `anchors`, where they were wanted, are
    the points of control of the same days as one bar each, in dollars.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ("window", "price", "rank", "volume", "share", "width")

    symbol: str
    as_of: datetime
    timeframe: str
    price: float | None
    profiles: dict[int, VolumeProfile]
    notes: tuple[str, ...] = ()
    anchors: dict[int, float] = field(default_factory=dict)

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
        profiles = [f"{days}d {_short(profile)}" for days, profile in self.profiles.items()]
        profiles += [f"{days}d anchor {price:.2f}" for days, price in self.anchors.items()]
        return self._shown("\n  ".join([f"{self.symbol} at {self._when}:", *profiles]))


def _short(profile: VolumeProfile) -> str:
    if profile.poc is None:
        return "no volume"
    nodes = result.shortened((f"{node.price:.2f}" for node in profile.hvns), SHOWN_NODES)
    area = f"{profile.value_area_low:.2f}-{profile.value_area_high:.2f}"
    return f"POC {profile.poc:.2f}, value area {area}, HVN {nodes or 'none'}"


def hvn_flow(symbol: str, as_of: int, market: Market, options: HvnOptions) -> EngineFlow[HvnRun]:
    """Profiles of windows of days back from `as_of` (microseconds UTC).

    Raises: ValidationError.
    """
    timeframe, sizes = intraday(options.timeframe), as_of_bars.parse_windows(options.windows)
    minutes = yield from minutes_of_days(
        symbol, sizes[-1], as_of, market, exclude_bad_prints=options.exclude_bad_prints
    )
    extended = options.include_extended
    bars = as_of_bars.bars_at(minutes.bars, timeframe, as_of, market, include_extended=extended)
    spans = {days: as_of_bars.days_back(as_of, market, days) for days in sizes}
    profiles = {days: _profile(bars.within(span), options) for days, span in spans.items()}
    without = (days for days, made in profiles.items() if made.poc is None)
    bare = tuple(f"no volume in {counted(days, 'day')}" for days in without)
    holes = as_of_bars.hole_notes(bars, market, "what was traded then is not in it")
    return HvnRun(
        symbol,
        to_datetime(as_of),
        timeframe.value,
        minutes.price,
        profiles,
        notes=(*minutes.notes, *bare, *holes),
        anchors=daily_anchors(minutes.bars, spans, market) if options.anchors else {},
        drawn=Drawn.of_minutes(minutes.bars, as_of, market),
    )


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
