"""Dates below a picture: where its bars' days, hours or months begin, in New York time."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from polytape.engines.result import SHOWN_IN
from polytape.model.bars import Bars
from polytape.model.timeframes import Timeframe
from polytape.model.timestamps import to_datetime

FEW_DAYS = 2
# So many daily bars are told by their days, more by their months.
FEW_DAILY_BARS = 20
LONG = (Timeframe.DAY, Timeframe.WEEK, Timeframe.MONTH)


def ticks(bars: Bars, timeframe: Timeframe, most: int) -> list[tuple[int, str]]:
    """Places among the bars with their texts, at most so many."""
    moments = [to_datetime(stamp).astimezone(SHOWN_IN) for stamp in bars.timestamp.tolist()]
    if not moments:
        return []
    days = [moment.date() for moment in moments]
    is_short = timeframe is Timeframe.DAY and len(days) <= FEW_DAILY_BARS
    if timeframe in LONG and not is_short:
        return _thinned(_changes([(day.year, day.month) for day in days]), moments, "%b %Y", most)
    if is_short or len(set(days)) > FEW_DAYS:
        return _thinned(_changes(days), moments, "%a %d %b", most)
    return _hours(moments, most)


def _hours(moments: list[datetime], most: int) -> list[tuple[int, str]]:
    """Where hours begin; the first of a day with the day below."""
    hours = _changes([(moment.date(), moment.hour) for moment in moments])
    first = set(_changes([moment.date() for moment in moments]))
    marked = _thinned(hours, moments, "%H:%M", most)
    return [(at, f"{text}\n{moments[at]:%a %d %b}" if at in first else text) for at, text in marked]


def _changes(values: Sequence[object]) -> list[int]:
    """Where a value differs from the one before it, the first place among them."""
    return [at for at, value in enumerate(values) if not at or value != values[at - 1]]


def _thinned(
    places: list[int], moments: list[datetime], form: str, most: int
) -> list[tuple[int, str]]:
    """Every so many of the places, and none so near the one before that their texts would touch."""
    step = -(-len(places) // max(most, 1))
    apart = len(moments) / max(most, 1) * 0.8
    shown: list[int] = []
    for place in np.array(places)[::step].tolist():
        if shown and place - shown[-1] < apart:
            continue
        shown.append(place)
    return [(place, f"{moments[place]:{form}}") for place in shown]
