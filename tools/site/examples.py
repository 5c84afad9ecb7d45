"""A question to each route, put to a gateway whose answers are the same each time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

MOST_LINES = 40
MOST_ITEMS = 2


@dataclass(frozen=True, slots=True)
class Example:
    """`path` has the query, too. `{job_id}` and `{code}` in it are the last that were answered."""

    path: str
    body: object = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What the gateway said, cut to what a page can show."""

    status: int
    shown: str
    language: str


_SYMBOL = {"symbol": "AAPL", "as_of": "2026-11-20T20:00:00Z"}
_SPAN = {"start_date": "2026-11-19", "end_date": "2026-11-20"}
_ENGINES = ("fractals", "fractals/history", "hvn", "camarilla", "zones", "vwap", "opening-range")
_MORE_ENGINES = ("gaps", "poc", "atr", "bad-prints", "session")
_API = "/api/v1"
# Put in this order: what is fetched is there for those that look at it.
EXAMPLES: dict[str, Example] = {
    f"GET {_API}/bars": Example(
        f"{_API}/bars?symbol=AAPL&timeframe=1day&start_date=2026-11-16&end_date=2026-11-20"
    ),
    f"POST {_API}/bars": Example(f"{_API}/bars", {"symbol": "AAPL", "timeframe": "15min", **_SPAN}),
    f"POST {_API}/bars/batch": Example(
        f"{_API}/bars/batch",
        {"requests": [{"symbol": one, "timeframe": "1day", **_SPAN} for one in ("AAPL", "MSFT")]},
    ),
    f"POST {_API}/validate": Example(f"{_API}/validate", {"symbols": ["AAPL", "NOSUCH"]}),
    f"GET {_API}/latest/{{symbol}}": Example(f"{_API}/latest/AAPL"),
    f"GET {_API}/search": Example(f"{_API}/search?query=apple"),
    f"POST {_API}/watchlist": Example(f"{_API}/watchlist", {"symbols": ["AAPL"]}),
    f"GET {_API}/calendar": Example(f"{_API}/calendar?start_date=2026-11-25&end_date=2026-11-30"),
    f"DELETE {_API}/cache": Example(f"{_API}/cache"),
    f"POST {_API}/scan": Example(f"{_API}/scan", {**_SYMBOL, "options": {"nearest": 3}}),
    f"POST {_API}/scan/batch": Example(
        f"{_API}/scan/batch", {"symbols": ["AAPL", "MSFT"], "as_of": _SYMBOL["as_of"]}
    ),
    **{f"POST {_API}/engines/{n}": Example(f"{_API}/engines/{n}", _SYMBOL) for n in _ENGINES},
    **{f"POST {_API}/engines/{n}": Example(f"{_API}/engines/{n}", _SYMBOL) for n in _MORE_ENGINES},
    f"GET {_API}/history/status": Example(f"{_API}/history/status?symbol=AAPL"),
    f"GET {_API}/history/verify": Example(f"{_API}/history/verify?symbol=AAPL"),
    f"POST {_API}/history/backfill": Example(
        f"{_API}/history/backfill", {"symbols": ["AAPL"], **_SPAN}
    ),
    f"POST {_API}/history/repair": Example(f"{_API}/history/repair", {"symbols": ["AAPL"]}),
    f"POST {_API}/history/compact": Example(f"{_API}/history/compact", {}),
    f"GET {_API}/history/export": Example(
        f"{_API}/history/export?symbol=AAPL&start_date=2026-11-19"
    ),
    f"POST {_API}/history/months": Example(f"{_API}/history/months", {"symbols": ["AAPL"]}),
    f"GET {_API}/jobs": Example(f"{_API}/jobs"),
    f"GET {_API}/jobs/{{job_id}}": Example(f"{_API}/jobs/{{job_id}}"),
    f"DELETE {_API}/jobs/{{job_id}}": Example(f"{_API}/jobs/{{job_id}}"),
    f"DELETE {_API}/history": Example(f"{_API}/history?symbol=MSFT"),
    f"GET {_API}/rate-limit": Example(f"{_API}/rate-limit"),
    f"GET {_API}/clock": Example(f"{_API}/clock"),
    f"POST {_API}/clock": Example(f"{_API}/clock", {"action": "pause"}),
    f"POST {_API}/session/code": Example(f"{_API}/session/code", {}),
    f"POST {_API}/session": Example(f"{_API}/session", {"code": "{code}"}),
    "GET /health": Example("/health"),
    "GET /ready": Example("/ready"),
    "GET /status": Example("/status"),
    f"GET {_API}/status/history": Example(f"{_API}/status/history"),
}


def answers(url: str, store: str) -> dict[str, Answered]:
    """What the gateway at `url` says to each example, in their order. Its store is shown as one
    that a reader may have.
    """
    answers: dict[str, Answered] = {}
    names = {"job_id": "", "code": ""}
    for name, example in EXAMPLES.items():
        status, kind, body = _ask(url, name.split(" ")[0], example, names)
        body = body.replace(store.encode(), b"/data/polytape")
        fields = json.loads(body) if "json" in kind else None
        names |= _names(fields)
        answers[name] = Answered(status, *_shown(fields, kind, len(body)))
    return answers


def _ask(
    url: str, method: str, example: Example, names: Mapping[str, str]
) -> tuple[int, str, bytes]:
    text = None if example.body is None else json.dumps(example.body)
    address = url + example.path
    for name, value in names.items():
        address = address.replace(f"{{{name}}}", value)
        text = None if text is None else text.replace(f"{{{name}}}", value)
    headers = {"Content-Type": "application/json"}
    body = None if text is None else text.encode()
    request = Request(address, body, headers, method=method)
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers["Content-Type"] or "", answer.read()
    except HTTPError as refusal:
        return refusal.code, refusal.headers["Content-Type"] or "", refusal.read()


def _names(fields: Any) -> dict[str, str]:
    """The job or the code that an answer tells."""
    if not isinstance(fields, dict):
        return {}
    named = {"job_id": fields.get("job"), "code": fields.get("code")}
    return {name: value for name, value in named.items() if isinstance(value, str)}


def _shown(fields: Any, kind: str, size: int) -> tuple[str, str]:
    if fields is None:
        return f"{size} bytes of {kind}", "text"
    lines = json.dumps(_short(fields), indent=2).splitlines()
    if len(lines) <= MOST_LINES:
        return "\n".join(lines), "json"
    return "\n".join([*lines[:MOST_LINES], f"... {len(lines) - MOST_LINES} more lines"]), "text"


def _short(value: Any) -> Any:
    """A list's first items, and how many more there are."""
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    if isinstance(value, list) and len(value) > MOST_ITEMS + 1:
        more = len(value) - MOST_ITEMS
        return [*map(_short, value[:MOST_ITEMS]), f"... {more} more"]
    return [_short(one) for one in value] if isinstance(value, list) else value
