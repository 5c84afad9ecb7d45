"""Slow, obvious twins of what is fast in polytape. They share no code with it but the types."""

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = tuple[int, float, float, float, float, float]


def local(stamp: int) -> datetime:
    return (EPOCH + timedelta(microseconds=stamp)).astimezone(NEW_YORK)


def label(stamp: int, timeframe: str, *, anchored: bool = False) -> datetime:
    """The start of the bar that a minute or a day belongs to, in New York wall-clock time."""
    wall = local(stamp)
    day = wall.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if timeframe == "1week":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    if timeframe == "1month":
        return day.replace(day=1)
    if timeframe == "1day":
        return day
    length = int(timeframe.removesuffix("min"))
    shift = 9 * 60 + 30 if anchored else 0
    minute = wall.hour * 60 + wall.minute - shift
    start = minute // length * length + shift
    return wall - timedelta(minutes=wall.hour * 60 + wall.minute - start)


def to_us(moment: datetime) -> int:
    return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def resample(rows: list[Row], timeframe: str, *, anchored: bool = False) -> list[Row]:
    """Rows (stamp, open, high, low, close, volume) merged bar by bar."""
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[to_us(label(row[0], timeframe, anchored=anchored))].append(row)
    return [
        (
            start,
            group[0][1],
            max(row[2] for row in group),
            min(row[3] for row in group),
            group[-1][4],
            math.fsum(row[5] for row in group),
        )
        for start, group in sorted(groups.items())
    ]


def true_ranges(rows: list[Row]) -> list[float]:
    ranges = []
    for i, (_, _, high, low, _, _) in enumerate(rows):
        widest = high - low
        if i:
            before = rows[i - 1][4]
            widest = max(widest, abs(high - before), abs(low - before))
        ranges.append(widest)
    return ranges


def atr(rows: list[Row], period: int, method: str) -> list[float | None]:
    """ATR at each row, None where there are too few."""
    ranges = true_ranges(rows)
    out: list[float | None] = []
    smoothed = 0.0
    for i, item in enumerate(ranges):
        if method == "ema":
            smoothed = item if i == 0 else smoothed + (item - smoothed) * 2 / (period + 1)
        elif method == "wilder" and i == period:
            smoothed = sum(ranges[1 : period + 1]) / period
        elif method == "wilder" and i > period:
            smoothed = (smoothed * (period - 1) + item) / period
        elif method == "sma" and i >= period:
            smoothed = sum(ranges[i - period + 1 : i + 1]) / period
        out.append(smoothed if i >= period else None)
    return out
