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


def grid_starts(stamps: list[int], length: int, *, anchored: bool = False) -> list[int]:
    """For each of minutes without a gap the first one of its place on a grid of so many minutes on
    the wall: a new place begins when the clock shows a later one than ever before. The first place
    may have begun before the minutes do.
    """
    starts: list[int] = []
    furthest, begun = -1, 0
    for stamp in stamps:
        wall = local(stamp)
        shown = wall.toordinal() * 1440 + wall.hour * 60 + wall.minute
        place = (shown - (9 * 60 + 30 if anchored else 0)) // length
        if place > furthest:
            furthest, begun = place, stamp
        starts.append(begun)
    return starts


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


def fractal_places(highs: list[float], lows: list[float], length: int) -> list[tuple[int, str]]:
    """Bars strictly above (below) all their neighbours."""
    side = length // 2
    found = []
    for i in range(side, len(highs) - side):
        around = [j for j in range(i - side, i + side + 1) if j != i]
        if all(highs[i] > highs[j] for j in around):
            found.append((i, "high"))
        if all(lows[i] < lows[j] for j in around):
            found.append((i, "low"))
    return found


def zigzag(
    rows: list[Row], length: int, distance: float, period: int, *, apart: bool = False
) -> list[tuple[int, str]]:
    """Alternating swings, each far enough from the last of the other kind; with `apart` no bar of
    one meets the bar of the one before it.
    """
    highs, lows = [row[2] for row in rows], [row[3] for row in rows]
    ranges = atr(rows, period, "wilder")
    swings: list[tuple[int, str]] = []
    for i, kind in fractal_places(highs, lows, length):
        if ranges[i] is None:
            continue
        price = highs[i] if kind == "high" else lows[i]
        instead = swings[:-1] if swings and swings[-1][1] == kind else swings
        if instead and apart:
            j = instead[-1][0]
            if max(lows[i], lows[j]) <= min(highs[i], highs[j]):
                continue
        if len(instead) < len(swings):
            before = highs[swings[-1][0]] if kind == "high" else lows[swings[-1][0]]
            if not ((kind == "high" and price > before) or (kind == "low" and price < before)):
                continue
        elif swings:
            before = lows[swings[-1][0]] if kind == "high" else highs[swings[-1][0]]
            away = price - before if kind == "high" else before - price
            if away < distance * ranges[i]:  # type: ignore[operator]
                continue
        swings = [*instead, (i, kind)]
    return swings


def profile(rows: list[Row], levels: int) -> list[float]:
    """Volume by level: each bar's spread by how much of it lies in each level, level by level."""
    bottom, top = min(row[3] for row in rows), max(row[2] for row in rows)
    step = (top - bottom) / levels
    volumes = [0.0] * levels
    for _, _, high, low, _, volume in rows:
        if high == low:
            at = min(levels - 1, int((low - bottom) / step))
            volumes[at] += volume
            continue
        for at in range(levels):
            begin, end = bottom + at * step, bottom + (at + 1) * step
            shared = min(high, end) - max(low, begin)
            if shared > 0:
                volumes[at] += volume * shared / (high - low)
    return volumes


def clusters(levels: list[tuple[float, float]], atr_: float) -> list[list[float]]:
    """Levels (price, weight) in order of price, joined while near the weighted centre and narrow."""
    found: list[list[tuple[float, float]]] = []
    for price, weight in sorted(levels):
        if found:
            held = found[-1]
            centre = sum(p * w for p, w in held) / sum(w for _, w in held)
            if price - centre <= 1.5 * atr_ and price - held[0][0] <= 3 * atr_:
                held.append((price, weight))
                continue
        found.append([(price, weight)])
    return [[price for price, _ in cluster] for cluster in found]
