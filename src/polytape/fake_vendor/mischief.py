"""How the fake vendor misbehaves, each a thing that the real one, or what stands before it, did."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from polytape.fake_vendor.answers import Answer, Json, refused

# A bar as it is written, its ticker aside.
Row: TypeAlias = dict[str, float]
SpoilRows: TypeAlias = Callable[[list[Row], int], Json]

OTHER_HOST = "https://api.polygon.io"
DELAY_MS = 15 * 60_000
YEAR_MS = 365 * 86_400_000
EXPONENT_FROM = 10


class Mischief(StrEnum):
    """One thing to do wrong with the next answer."""

    TOO_MANY = "429"
    TOO_MANY_EMPTY = "429-empty"
    TOO_MANY_LATER = "429-retry-after"
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502-html"
    UNAVAILABLE = "503"
    TIMED_OUT = "504"
    CLIENT_CLOSED = "499"
    UNKNOWN_KEY = "401"
    NOT_IN_PLAN = "403-data"
    DATES_NOT_IN_PLAN = "403-dates"
    NOT_YET = "403-today"
    RESET = "reset"
    NO_ANSWER = "no-answer"
    DRIP = "drip"
    TOO_SHORT = "too-short"
    GARBAGE = "garbage"
    CUT_JSON = "cut-json"
    LOST_ROWS = "lost-rows"
    LOST_PAGE = "lost-page"
    OTHER_HOST = "other-host"
    LOOP = "loop"
    ENDLESS = "endless"
    BAD_LAST_PAGE = "bad-last-page"
    DUPLICATES = "duplicates"
    STRAYS = "strays"
    DELAYED = "delayed"
    BARE = "bare"
    EXPONENTS = "exponents"
    EMPTY_PAGE = "empty-page"
    OTHER_TICKER = "other-ticker"
    ADJUSTED = "adjusted"
    OTHER_TIME = "other-time"
    HALF_ELSEWHERE = "half-elsewhere"
    BAD_PRICES = "bad-prices"
    OFF_GRID = "off-grid"
    CONTRADICTIONS = "contradictions"
    BARE_OK = "bare-ok"
    NO_ROWS = "no-rows"
    BAD_SPLITS = "bad-splits"
    BAD_NEXT_URL = "bad-next-url"
    BAD_REQUEST = "400"
    SURPLUS = "surplus"


_UPGRADE_POLYGON = "Please upgrade your plan at https://polygon.io/pricing"
_UPGRADE_MASSIVE = "Please upgrade your plan at https://massive.com/pricing"
_TOO_MANY = (
    "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to "
    "continue. https://polygon.io/pricing"
)
_DATES = f"Your plan doesn't include this data timeframe. {_UPGRADE_MASSIVE}"
_NOT_YET = f"Attempted to request today's data before end of day. {_UPGRADE_POLYGON}"

TEXTS = {
    Mischief.BAD_REQUEST: (400, "Could not parse the time parameter: 'from'"),
    Mischief.UNKNOWN_KEY: (401, "Unknown API Key"),
    Mischief.NOT_IN_PLAN: (403, f"You are not entitled to this data. {_UPGRADE_POLYGON}"),
    Mischief.DATES_NOT_IN_PLAN: (403, _DATES),
    Mischief.NOT_YET: (403, _NOT_YET),
    Mischief.TOO_MANY: (429, _TOO_MANY),
    Mischief.SERVER_ERROR: (500, "Internal error"),
    Mischief.UNAVAILABLE: (503, "Unavailable"),
    Mischief.TIMED_OUT: (504, "Timed out"),
    Mischief.CLIENT_CLOSED: (499, ""),
}

WAYS = {
    Mischief.RESET: "reset",
    Mischief.NO_ANSWER: "no-answer",
    Mischief.DRIP: "drip",
    Mischief.SURPLUS: "surplus",
}


def spoiled(kind: Mischief, right: Answer, now_ms: int) -> Answer:
    """What is sent instead of the right answer."""
    if kind in TEXTS:
        return refused(*TEXTS[kind])
    if kind in WAYS:
        return Answer(right.status, right.body, right.headers, way=WAYS[kind])
    match kind:
        case Mischief.TOO_MANY_EMPTY:
            return Answer(429, b"")
        case Mischief.TOO_MANY_LATER:
            later = refused(*TEXTS[Mischief.TOO_MANY])
            return Answer(429, later.body, later.headers | {"Retry-After": "7"})
        case Mischief.BAD_GATEWAY:
            page = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
            return Answer(502, page, {"Content-Type": "text/html"})
        case Mischief.TOO_SHORT:
            return Answer(right.status, right.body[:-1], right.headers, promised=len(right.body))
        case Mischief.GARBAGE:
            return Answer(200, b'{"status":"OK","results":[{"o":1,"', right.headers)
        case Mischief.CUT_JSON:
            return Answer(200, right.body[: len(right.body) * 2 // 3], right.headers)
        case Mischief.BARE_OK:
            return Answer(200, b'{"status":"OK"}', right.headers)
    return _spoiled_page(kind, right, now_ms)


def _spoiled_page(kind: Mischief, right: Answer, now_ms: int) -> Answer:
    """A good page, spoiled; other answers, and pages that the mischief does not fit, are right."""
    if right.status != 200:
        return right
    page = json.loads(right.body)
    if not isinstance(page, dict):
        return right
    _spoil_next(kind, page)
    _spoil_question(kind, page)
    rows, spoil = page.get("results"), SPOILED_ROWS.get(kind)
    # An empty page is mischief only where another comes after it.
    fits = kind is not Mischief.EMPTY_PAGE or "next_url" in page
    mark = "split_to" if kind is Mischief.BAD_SPLITS else "t"
    if spoil is not None and fits and isinstance(rows, list) and rows and mark in rows[0]:
        page |= spoil(rows, now_ms)
    return Answer(200, _encode(page, exponents=kind is Mischief.EXPONENTS), right.headers)


def _spoil_question(kind: Mischief, page: Json) -> None:
    """Say that the page answers another question."""
    if kind is Mischief.OTHER_TICKER and "ticker" in page:
        page["ticker"] = "ZZZZ"
    if kind is Mischief.ADJUSTED and "adjusted" in page:
        page["adjusted"] = True


def _spoil_next(kind: Mischief, page: Json) -> None:
    if "next_url" not in page:
        return
    url = str(page["next_url"])
    spoiled_urls = {
        Mischief.OTHER_HOST: f"{OTHER_HOST}{url[url.index('/v') :]}",
        Mischief.BAD_LAST_PAGE: f"{url}&bad=1",
        Mischief.LOOP: f"{url}&loop=1",
        Mischief.ENDLESS: f"{url}&endless=1",
        Mischief.BAD_NEXT_URL: "http://[",
    }
    page["next_url"] = spoiled_urls.get(kind, url)
    if kind is Mischief.LOST_PAGE:
        del page["next_url"]
        count = page.get("queryCount")
        if isinstance(count, int):
            page["queryCount"] = count + 1  # more was read than arrives


def _lost_rows(rows: list[Row], _: int) -> Json:
    """Fewer rows than the page says."""
    return {"results": rows[: len(rows) // 2]}


def _duplicates(rows: list[Row], _: int) -> Json:
    return _counted([row for row in rows for _ in range(2)])


def _strays(rows: list[Row], _: int) -> Json:
    """Rows years before and after what was requested."""
    before = rows[0] | {"t": rows[0]["t"] - 5 * YEAR_MS, "c": 1e6}
    after = rows[-1] | {"t": rows[-1]["t"] + 5 * YEAR_MS}
    return _counted([before, *rows, after])


def _delayed(rows: list[Row], now_ms: int) -> Json:
    published = [row for row in rows if row["t"] < now_ms - DELAY_MS]
    return _counted(published) | {"status": "DELAYED"}


def _bare(rows: list[Row], _: int) -> Json:
    """Rows without what some tickers lack."""
    return {"results": [{k: row[k] for k in row if k not in ("vw", "n")} for row in rows]}


def _empty_page(_: list[Row], __: int) -> Json:
    return _counted([])


def _other_time(rows: list[Row], _: int) -> Json:
    return _counted([row | {"t": row["t"] - YEAR_MS} for row in rows])


def _half_elsewhere(rows: list[Row], _: int) -> Json:
    middle = len(rows) // 2
    return _counted([row | {"t": row["t"] - YEAR_MS} for row in rows[:middle]] + rows[middle:])


def _bad_prices(rows: list[Row], _: int) -> Json:
    """One price of 0, one below it, one beyond all bounds."""
    wrong = [row | {"c": price} for row, price in zip(rows, (0, -1, 1e308), strict=False)]
    return _counted([*wrong, *rows[len(wrong) :]])


def _off_grid(rows: list[Row], _: int) -> Json:
    """Each row again, a millisecond later."""
    return _counted([row | {"t": row["t"] + late} for row in rows for late in (0, 1)])


def _contradictions(rows: list[Row], _: int) -> Json:
    """The first row again, with another volume."""
    return _counted([rows[0] | {"v": rows[0]["v"] + 1}, *rows])


def _bad_splits(rows: list[Row], _: int) -> Json:
    """Beside the right ones: of nothing, of less, of a text, of a far year, of no day."""
    first = rows[0]
    wrong: list[Json] = [{"split_to": 0}, {"split_from": -1}, {"split_to": "four"},
                         {"split_to": 1e300}, {"execution_date": "9999-12-31"},
                         {"execution_date": "soon"}]  # fmt: skip
    return {"results": [*rows, *(first | change for change in wrong)]}


SPOILED_ROWS: dict[Mischief, SpoilRows] = {
    Mischief.LOST_ROWS: _lost_rows,
    Mischief.DUPLICATES: _duplicates,
    Mischief.STRAYS: _strays,
    Mischief.DELAYED: _delayed,
    Mischief.BARE: _bare,
    Mischief.EMPTY_PAGE: _empty_page,
    Mischief.NO_ROWS: _empty_page,
    Mischief.OTHER_TIME: _other_time,
    Mischief.HALF_ELSEWHERE: _half_elsewhere,
    Mischief.BAD_PRICES: _bad_prices,
    Mischief.OFF_GRID: _off_grid,
    Mischief.CONTRADICTIONS: _contradictions,
    Mischief.BAD_SPLITS: _bad_splits,
}


def _counted(rows: list[Row]) -> Json:
    """The rows, and counts that say how many they are."""
    count = len(rows)
    return {"results": rows, "resultsCount": count, "queryCount": count, "count": count}


def _encode(page: Json, *, exponents: bool) -> bytes:
    """The page as JSON; with `exponents` volumes are written as the vendor sometimes does."""
    body = json.dumps(page)
    rows = page.get("results")
    if exponents and isinstance(rows, list):
        for row in rows:
            if isinstance(row, dict) and row.get("v", 0) >= EXPONENT_FROM:
                plain = f'"v": {json.dumps(row["v"])},'
                body = body.replace(plain, f'"v": {row["v"]:.17E},', 1)
    return body.encode()
