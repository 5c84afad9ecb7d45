"""Custom bars as the vendor makes them: snapped ends, a limit on base bars, pages."""

import base64
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeAlias
from urllib.parse import parse_qs, urlencode

from polytape.fake_vendor.market import MINUTE_MS, FakeMarket, Row
from polytape.model.newyork import NEW_YORK
from polytape.model.timeframes import Series

TIMESPANS = ("minute", "hour", "day", "week", "month", "quarter", "year")
MOST, USUAL = 50_000, 5_000
Windows: TypeAlias = list[tuple[int, list[Row]]]


class BadRequestError(ValueError):
    """What the vendor answers with a 400."""


@dataclass(frozen=True)
class Question:
    """One page asked for: `start` and `end` in milliseconds, both included and snapped."""

    ticker: str
    multiplier: int
    timespan: str
    start: int
    end: int
    adjusted: bool
    descending: bool
    limit: int


def parse_question(parts: list[str], query: dict[str, str]) -> Question:
    """`{ticker}/range/{multiplier}/{timespan}/{from}/{to}` and its query."""
    ticker, _, multiplier, timespan, start, end = parts
    cursor = query.get("cursor")
    if cursor is not None:
        saved = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        query = {name: values[0] for name, values in parse_qs(saved).items()}
    if timespan not in TIMESPANS or not multiplier.isdigit() or int(multiplier) < 1:
        raise BadRequestError(f"The timespan '{multiplier} {timespan}' is not supported")
    first, last = _instant(start, "from", "start"), _instant(end, "to", "end")
    if last < first:
        raise BadRequestError("The parameter 'to' cannot be a time that occurs before 'from'")
    limit = int(query.get("limit", USUAL))
    if not 1 <= limit <= MOST:
        raise BadRequestError("limit must be between 1 and 50000")
    asked = Question(
        ticker, int(multiplier), timespan, _unit_start(first, timespan),
        _unit_end(last, timespan), query.get("adjusted", "true").lower() != "false",
        query.get("sort", "asc") == "desc", limit,
    )  # fmt: skip
    return replace(asked, end=_window_end(_window_start(asked.end, asked), asked))


def answer(market: FakeMarket, asked: Question, host: str, most_rows: int | None) -> Row:
    """A page. `most_rows` makes pages smaller than the limit asks for."""
    intraday = asked.timespan in ("minute", "hour")
    series = Series.MINUTE if intraday else Series.DAY
    base = market.base(asked.ticker, series, asked.start, asked.end)
    limit = min(asked.limit, most_rows or asked.limit)
    cut = len(base) > limit
    taken = base[-limit:] if asked.descending and cut else base[:limit]
    rows = list(market.adjusted(asked.ticker, taken)) if asked.adjusted else taken
    windows = _windows(rows, asked)
    next_url = None
    if cut:
        windows, resume = _whole(windows, base, taken, asked)
        next_url = _next(asked, resume, host)
    made = [_merge(start, inside) for start, inside in windows]
    told: Row = {
        "ticker": asked.ticker, "queryCount": len(taken), "resultsCount": len(made),
        "adjusted": asked.adjusted, "status": "OK", "request_id": "fake", "count": len(made),
    }  # fmt: skip
    if made:
        told["results"] = made[::-1] if asked.descending else made
    if next_url:
        told["next_url"] = next_url
    return told


def _whole(
    windows: Windows, base: list[Row], taken: list[Row], asked: Question
) -> tuple[Windows, int]:
    """Without the window that the limit cut through, and where the next page resumes."""
    if asked.descending:
        left_out = base[: len(base) - len(taken)][-1]["t"]
        first = _window_start(left_out, asked)
        kept = [w for w in windows if w[0] != first] if len(windows) > 1 else windows
        return kept, kept[0][0] - 1
    left_out = base[len(taken)]["t"]
    first = _window_start(left_out, asked)
    kept = [w for w in windows if w[0] != first] if len(windows) > 1 else windows
    return kept, first if kept is not windows or windows[-1][0] != first else left_out


def _next(asked: Question, resume: int, host: str) -> str:
    saved = urlencode({
        "adjusted": str(asked.adjusted).lower(), "limit": asked.limit,
        "sort": "desc" if asked.descending else "asc",
    })  # fmt: skip
    cursor = base64.urlsafe_b64encode(saved.encode()).decode().rstrip("=")
    start, end = (asked.start, resume) if asked.descending else (resume, asked.end)
    return (
        f"{host}/v2/aggs/ticker/{asked.ticker}/range/{asked.multiplier}/{asked.timespan}/"
        f"{start}/{end}?cursor={cursor}"
    )


def _windows(rows: list[Row], asked: Question) -> Windows:
    found: Windows = []
    for row in rows:
        start = _window_start(row["t"], asked)
        if found and found[-1][0] == start:
            found[-1][1].append(row)
        else:
            found.append((start, [row]))
    return found


def _merge(start: int, rows: list[Row]) -> Row:
    volume = sum(row["v"] for row in rows)
    made: Row = {
        "v": volume, "o": rows[0]["o"], "c": rows[-1]["c"],
        "h": max(row["h"] for row in rows), "l": min(row["l"] for row in rows), "t": start,
    }  # fmt: skip
    if all("vw" in row for row in rows) and volume:
        traded = sum(row["vw"] * row["v"] for row in rows)
        made["vw"] = rows[0]["vw"] if len(rows) == 1 else round(traded / volume, 4)
    if all("n" in row for row in rows):
        made["n"] = sum(row["n"] for row in rows)
    return made


def _window_start(stamp: int, asked: Question) -> int:
    """Windows run from the snapped start of the question."""
    if asked.timespan in ("minute", "hour"):
        length = asked.multiplier * (MINUTE_MS if asked.timespan == "minute" else 60 * MINUTE_MS)
        return stamp - (stamp - asked.start) % length
    first, day = _day(asked.start), _day(stamp)
    if asked.timespan in ("day", "week"):
        length = asked.multiplier * (7 if asked.timespan == "week" else 1)
        return _midnight(day - timedelta(days=(day - first).days % length))
    months = asked.multiplier * {"month": 1, "quarter": 3, "year": 12}[asked.timespan]
    count = (day.year - first.year) * 12 + day.month - first.month
    count = first.month - 1 + count - count % months
    return _midnight(date(first.year + count // 12, count % 12 + 1, 1))


def _window_end(start: int, asked: Question) -> int:
    """The last millisecond of a window: the end of a question is stretched to it."""
    if asked.timespan in ("minute", "hour"):
        unit = MINUTE_MS if asked.timespan == "minute" else 60 * MINUTE_MS
        return start + asked.multiplier * unit - 1
    day = _day(start)
    if asked.timespan in ("day", "week"):
        days = asked.multiplier * (7 if asked.timespan == "week" else 1)
        return _midnight(day + timedelta(days=days)) - 1
    months = asked.multiplier * {"month": 1, "quarter": 3, "year": 12}[asked.timespan]
    count = day.month - 1 + months
    return _midnight(date(day.year + count // 12, count % 12 + 1, 1)) - 1


def _instant(text: str, name: str, side: str) -> int:
    if text.lstrip("-").isdigit() and len(text) != 8:
        return int(text)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadRequestError(
            f"Could not parse the time parameter: '{name}'. Use YYYY-MM-DD or Unix MS Timestamps"
        ) from error
    return _midnight(day) if side == "start" else _midnight(day + timedelta(days=1)) - 1


def _unit_start(stamp: int, timespan: str) -> int:
    if timespan == "minute":
        return stamp - stamp % MINUTE_MS
    if timespan == "hour":
        return stamp - stamp % (60 * MINUTE_MS)
    day = _day(stamp)
    if timespan == "week":
        day -= timedelta(days=(day.weekday() + 1) % 7)
    elif timespan != "day":
        month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[timespan]
        day = day.replace(month=month, day=1)
    return _midnight(day)


def _unit_end(stamp: int, timespan: str) -> int:
    if timespan in ("minute", "hour"):
        length = MINUTE_MS if timespan == "minute" else 60 * MINUTE_MS
        return stamp - stamp % length + length - 1
    unit = Question("", 1, timespan, 0, 0, adjusted=False, descending=False, limit=1)
    return _window_end(_unit_start(stamp, timespan), unit)


def _day(stamp: int) -> date:
    return datetime.fromtimestamp(stamp / 1_000, NEW_YORK).date()


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).timestamp() * 1_000)
