"""How the fake vendor misbehaves, each a thing that the real one, or what stands before it, did."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

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


@dataclass
class Answer:
    """A whole answer, and what of it does not go over the wire as it should. `promised` bytes are
    announced where there are fewer; `way` is one of "", "reset", "no-answer", "drip".
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    way: str = ""


def told(content: object, status: int = 200) -> Answer:
    """JSON."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


def refused(status: int, text: str) -> Answer:
    """An error as the vendor writes it: its text under one of two keys."""
    named = {403: "NOT_AUTHORIZED", 404: "NOT_FOUND"}.get(status, "ERROR")
    key = "error" if named == "ERROR" else "message"
    return told({"status": named, "request_id": "fake", key: text}, status)


TEXTS = {
    Mischief.UNKNOWN_KEY: (401, "Unknown API Key"),
    Mischief.NOT_IN_PLAN: (
        403, ("You are not entitled to this data. Please upgrade your plan at "
        "https://polygon.io/pricing"),
    ),
    Mischief.DATES_NOT_IN_PLAN: (
        403, ("Your plan doesn't include this data timeframe. Please upgrade your plan at "
        "https://massive.com/pricing"),
    ),
    Mischief.NOT_YET: (
        403, ("Attempted to request today's data before end of day. Please upgrade your plan at "
        "https://polygon.io/pricing"),
    ),
    Mischief.TOO_MANY: (
        429, ("You've exceeded the maximum requests per minute, please wait or upgrade your "
        "subscription to continue. https://polygon.io/pricing"),
    ),
    Mischief.SERVER_ERROR: (500, "Internal error"),
    Mischief.UNAVAILABLE: (503, "Unavailable"),
    Mischief.TIMED_OUT: (504, "Timed out"),
    Mischief.CLIENT_CLOSED: (499, ""),
}  # fmt: skip

WAYS = {Mischief.RESET: "reset", Mischief.NO_ANSWER: "no-answer", Mischief.DRIP: "drip"}


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
    return _spoiled_page(kind, right, now_ms)


def _spoiled_page(kind: Mischief, right: Answer, now_ms: int) -> Answer:
    page = json.loads(right.body)
    if right.status != 200 or not isinstance(page, dict):
        return right
    rows = page.get("results")
    if "next_url" in page:
        _spoil_next(kind, page)
    if isinstance(rows, list) and rows and "t" in rows[0]:
        page = _spoil_rows(kind, page, rows, now_ms)
    return Answer(200, _encode(page, exponents=kind is Mischief.EXPONENTS), right.headers)


def _spoil_next(kind: Mischief, page: Row) -> None:
    url = str(page["next_url"])
    path = url[url.index("/v") :]
    if kind is Mischief.OTHER_HOST:
        page["next_url"] = f"{OTHER_HOST}{path}"
    elif kind is Mischief.LOST_PAGE:
        del page["next_url"]
        page["queryCount"] += 1  # more was read than arrives
    elif kind is Mischief.BAD_LAST_PAGE:
        page["next_url"] = f"{url}&bad=1"
    elif kind is Mischief.LOOP:
        page["next_url"] = f"{url}&loop=1"
    elif kind is Mischief.ENDLESS:
        page["next_url"] = f"{url}&endless=1"


def _spoil_rows(kind: Mischief, page: Row, rows: list[Row], now_ms: int) -> Row:
    if kind is Mischief.LOST_ROWS:
        return page | {"results": rows[: len(rows) // 2]}
    if kind is Mischief.DUPLICATES:
        doubled = [row for row in rows for _ in range(2)]
        return _counted(page, doubled)
    if kind is Mischief.STRAYS:
        stray = rows[0] | {"t": rows[0]["t"] - 5 * YEAR_MS, "c": 1e6}
        return _counted(page, [stray, *rows, rows[-1] | {"t": rows[-1]["t"] + 5 * YEAR_MS}])
    if kind is Mischief.DELAYED:
        seen = [row for row in rows if row["t"] < now_ms - DELAY_MS]
        return _counted(page, seen) | {"status": "DELAYED"}
    if kind is Mischief.BARE:
        return page | {
            "results": [{k: row[k] for k in row if k not in ("vw", "n")} for row in rows]
        }
    if kind is Mischief.EMPTY_PAGE and "next_url" in page:
        return _counted(page, [])
    return page


def _counted(page: Row, rows: list[Row]) -> Row:
    return page | {"results": rows, "resultsCount": len(rows), "queryCount": len(rows),
                   "count": len(rows)}  # fmt: skip


def _encode(page: Row, *, exponents: bool) -> bytes:
    body = json.dumps(page)
    if exponents:
        for row in page.get("results") or ():
            if isinstance(row, dict) and row.get("v", 0) >= EXPONENT_FROM:
                plain = f'"v": {json.dumps(row["v"])},'
                body = body.replace(plain, f'"v": {row["v"]:.17E},', 1)
    return body.encode()
