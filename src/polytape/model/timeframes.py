"""Timeframes and all their spellings."""

from enum import Enum
from functools import cache

from polytape.errors import ValidationError, one_of
from polytape.model.units import MINUTE_US


class Series(Enum):
    """What is fetched and stored; the bars of every timeframe are made from one of these."""

    MINUTE = "1min"
    DAY = "1day"

    @property
    def timeframe(self) -> "Timeframe":
        """The timeframe of its bars."""
        return Timeframe(self.value)


class Timeframe(Enum):
    """A bar length under its standard name, which is also `str()` of it."""

    MIN_1 = "1min"
    MIN_5 = "5min"
    MIN_10 = "10min"
    MIN_15 = "15min"
    MIN_30 = "30min"
    MIN_60 = "60min"
    MIN_120 = "120min"
    MIN_240 = "240min"
    DAY = "1day"
    WEEK = "1week"
    MONTH = "1month"

    def __init__(self, name: str) -> None:
        minutes = int(name.removesuffix("min")) if name.endswith("min") else None
        # Length in minutes; None for days and longer, whose length the calendar decides.
        self.minutes = minutes
        # Length in microseconds; None for days and longer.
        self.length_us = None if minutes is None else minutes * MINUTE_US
        # The stored series that this timeframe is made from.
        self.series = Series.DAY if minutes is None else Series.MINUTE

    def __str__(self) -> str:
        return self.value


STANDARD = tuple(timeframe.value for timeframe in Timeframe)

# Case counts here alone: a lone capital M means months, a small one minutes.
_EXACT = {"1M": Timeframe.MONTH}

_SPELLINGS = {
    Timeframe.MIN_1: "1min 1minute 1minutes 1mins 1m m1 minute min",
    Timeframe.MIN_5: "5min 5minute 5minutes 5mins 5m m5",
    Timeframe.MIN_10: "10min 10minute 10minutes 10mins 10m m10",
    Timeframe.MIN_15: "15min 15minute 15minutes 15mins 15m m15",
    Timeframe.MIN_30: "30min 30minute 30minutes 30mins 30m m30",
    Timeframe.MIN_60: "60min 60minute 60minutes 60mins 60m m60 1hour 1h h1 1hr hour hourly h",
    Timeframe.MIN_120: "120min 120minute 120minutes 120mins 120m m120 2hour 2hours 2h h2 2hr",
    Timeframe.MIN_240: "240min 240minute 240minutes 240mins 240m m240 4hour 4hours 4h h4 4hr",
    Timeframe.DAY: "1day 1days day daily 1d d1 d",
    Timeframe.WEEK: "1week 1weeks week weekly 1w w1 w 1wk",
    Timeframe.MONTH: "1month 1months month monthly 1mo 1mon mn1",
}


@cache
def spellings() -> dict[str, Timeframe]:
    """Every accepted spelling in lower case, and the timeframe it means."""
    return {text: frame for frame, texts in _SPELLINGS.items() for text in texts.split()}


def parse_timeframe(value: object, param: str = "timeframe") -> Timeframe:
    """The timeframe that `value` (a Timeframe or any of its spellings) means.

    Raises: ValidationError naming the standard names.
    """
    if isinstance(value, Timeframe):
        return value
    if isinstance(value, str):
        text = value.strip()
        timeframe = _EXACT.get(text) or spellings().get(text.lower())
        if timeframe is not None:
            return timeframe
    raise ValidationError(param, value, one_of(STANDARD))
