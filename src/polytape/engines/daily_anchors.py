"""Points of control of days as one bar each: the older tools' anchors. They are coarse."""

from collections.abc import Mapping

from polytape.engines.volume_profile import volume_profile
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.resample import days_from_minutes
from polytape.model.spans import Span


def daily_anchors(minutes: Bars, spans: Mapping[int, Span], market: Market) -> dict[int, float]:
    """The point of control of each window's days as one bar each, the day that runs as far as it
    went; none where no volume was traded.
    """
    days = days_from_minutes(minutes, market)
    made = {back: volume_profile(days.within(span)).poc for back, span in spans.items()}
    return {back: poc for back, poc in made.items() if poc is not None}
