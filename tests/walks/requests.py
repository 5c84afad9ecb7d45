"""The requests of the walks, as data: each route, each option, each kind of mistake."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from tests.walks.recording import ARROW

FRAMES = ("1min", "5min", "10min", "15min", "30min", "60min", "120min", "240min", "1day", "1week",
          "1month")  # fmt: skip
API, AGGS = "/api/v1", "/v2/aggs/ticker/AAPL/range"
JSON = {"Content-Type": "application/json"}
LONGEST_NAME = 200


@dataclass(frozen=True)
class Ask:
    """One request. `body` goes as JSON, `raw` as it is; `spoils`: what the vendor does wrong then."""

    method: str
    path: str
    body: Any = ...
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    spoils: tuple[str, ...] = ()

    def content(self) -> bytes | None:
        return self.raw if self.body is ... else json.dumps(self.body).encode()

    def __str__(self) -> str:
        sent = "" if self.body is ... else json.dumps(self.body, separators=(",", ":"))
        sent = sent if self.raw is None else repr(self.raw)
        said = [
            f"{n}: {value}" for n, value in self.headers.items() if (n, value) not in JSON.items()
        ]
        name = " ".join(filter(None, [self.method, self.path, sent]))
        name = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
        return " ".join([name, *said, *(f"<{kind}>" for kind in dict.fromkeys(self.spoils))])


def get(path: str, **headers: str) -> Ask:
    return Ask("GET", path, headers=headers)


def post(path: str, body: Any) -> Ask:
    return Ask("POST", path, body, headers=JSON)


def raw(path: str, content: bytes, kind: str = "application/json") -> Ask:
    return Ask("POST", path, raw=content, headers={"Content-Type": kind})


def asked(timeframe: object = "1day", start: object = "2024-07-01", end: object = "2024-07-05",
          **more: Any) -> dict[str, Any]:  # fmt: skip
    """A question for bars; what is None is left out."""
    told = {"symbol": "AAPL", "timeframe": timeframe, "start_date": start, "end_date": end} | more
    return {name: value for name, value in told.items() if value is not None}


def bars(*times: object, **more: Any) -> Ask:
    return post(f"{API}/bars", asked(*times, **more))


def got(*times: object, **more: Any) -> Ask:
    return get(f"{API}/bars?{urlencode(asked(*times, **more))}")


def arrow(ask: Ask) -> Ask:
    return replace(ask, headers=dict(ask.headers) | {"Accept": ARROW})


def batch(*requests: Any) -> Ask:
    return post(f"{API}/bars/batch", {"requests": list(requests)})


QUARTER = ("2024-01-02", "2024-06-28")
EARLY_CLOSE = ("2024-11-29", "2024-11-29")
AROUND_A_SPLIT = ("2024-05-31", "2024-06-04")

BARS = [
    *(bars(frame) for frame in FRAMES),
    *(got(frame, *QUARTER, limit=3) for frame in FRAMES),
    *(got(spelled, limit=2) for spelled in ("M15", "1h", "D", "1M", "weekly")),
    *(bars("5min", limit=count) for count in (1, 100_000)),
    *(bars(frame, *EARLY_CLOSE, include_extended=False) for frame in ("30min", "60min", "240min")),
    bars("60min", *EARLY_CLOSE),
    bars("1day", include_extended=False),
    got("120min", "2024-07-03", "2024-07-05", include_extended="false", limit=4),
    *(bars(*times, symbol="BAC", adjusted=adjusted, limit=9)
      for times in (("1day", *AROUND_A_SPLIT), ("240min", *AROUND_A_SPLIT),
                    ("1week", "2024-05-26", "2024-06-08"), ("1month", "2024-05-01", "2024-06-30"))
      for adjusted in (True, False)),
    bars("1month", "2013-03-01", "2013-07-31", symbol="IKRV"),
    bars("1day", "2026-05-27", "2026-06-02", symbol="C", adjusted=False),
    bars("1min", "2024-07-03", "2024-07-03", validate=True, limit=30),
    bars("1day", *QUARTER, validate=True),
    bars("60min", "2024-07-02", "2024-07-03", validate=True, include_extended=False),
    bars("5min", "2024-07-02", "2024-07-02", symbol="NBK", validate=True),
    got("1day", validate="true", use_cache="false", allow_partial="true"),
    bars(allow_partial=True, use_cache=False),
    bars("240min", "2024-11-01", "2024-11-04"),
    bars("120min", "2024-03-08", "2024-03-11", include_extended=False),
    bars("15min", "2024-07-06", "2024-07-07"),
    bars("1day", "2024-07-04", "2024-07-04"),
    bars("1day", "2027-07-06", "2027-07-09"),
    bars("1day", "2030-01-10", None),
    bars("1day", "2003-09-08", "2003-09-12"),
    bars("1week", None, None),
    bars("1month", None, "2024-06-28"),
    bars("1day", "2026-11-16", None),
    *(bars(frame, "2026-11-20", "2026-11-23", limit=2) for frame in FRAMES),
    bars("60min", "2024-07-02T13:30:00Z", "2024-07-02T16:00:00Z"),
    bars("60min", "2024-07-02 09:45 America/New_York", "2024-07-02T12:00:00-04:00"),
    bars("1day", "07/01/2024", "20240703"),
    bars("1day", "2024/07/01", "2024-07-03T00:00"),
    bars("1day", "2024-07-02T13:00:00Z", "2024-07-02T13:00:00Z"),
    *(bars(symbol=symbol, limit=1) for symbol in ("aapl", " brk.b\t", "KIMpL", "TOFJ")),
    bars(unknown={"x": 1}, limit=1),
]  # fmt: skip

MISTAKES: list[dict[str, Any]] = [
    {}, {"symbol": "AAPL"}, {"timeframe": "1day"},
    *(asked(symbol=wrong) for wrong in ("a b", "", 5, "A" * 33, "../x", "a\n", "ZZZZZZ")),
    *(asked(wrong) for wrong in ("7min", "", 5, "2M")),
    *(asked(limit=wrong) for wrong in (0, -1, "x", 1.5, True, 10**30)),
    *(asked("1day", wrong) for wrong in
      ("soon", 5, "2024-13-01", "1850-01-01", "2024-07-01 10:00 Mars/Olympus", "2025-01-01")),
    *(asked("1day", "2024-07-01", wrong) for wrong in
      ("later", ["x"], "2020-01-01", "2024-06-30T23:00:00Z", "2999-01-01")),
    *(asked(**{flag: "perhaps"}) for flag in
      ("use_cache", "validate", "include_extended", "adjusted", "allow_partial")),
]  # fmt: skip

WRONG_BARS = [
    *(post(f"{API}/bars", mistake) for mistake in MISTAKES),
    # Of two that are missing, which one is named first is left to chance.
    *(get(f"{API}/bars?{urlencode(mistake, doseq=True)}") for mistake in MISTAKES[1:3]),
    *(get(f"{API}/bars?{urlencode(mistake, doseq=True)}") for mistake in MISTAKES[9:36:2]),
    get(f"{API}/bars?symbol=AAPL&symbol=SPY&timeframe=1day&limit=1&start_date=2024-07-01"
        "&end_date=2024-07-05&frob=1"),
    *(post(f"{API}/bars", wrong) for wrong in ([], None, "text", 7, [asked()])),
    *(raw(f"{API}/{path}", content)
      for path in ("bars", "bars/batch", "validate", "scan", "history/backfill")
      for content in (b"{", b"")),
    *(raw(f"{API}/bars", content) for content in (b"\xff", b'{"symbol":"A"', b"{}" * 2)),
    raw(f"{API}/bars", b"[" * 200_000),
    raw(f"{API}/bars", json.dumps(asked(x=[[[[{}]]]], limit=1)).encode()),
    *(raw(f"{API}/bars", json.dumps(asked(limit=1)).encode(), kind)
      for kind in ("text/plain", "application/x-www-form-urlencoded")),
]  # fmt: skip

# What is no batch, and no list of symbols.
NO_BATCHES: tuple[Any, ...] = ({"requests": 5}, {}, [], {"requests": None})
NO_SYMBOLS: tuple[Any, ...] = (
    {"symbols": ["A"] * 1_001},
    {},
    {"symbols": "AAPL"},
    {"symbols": [5]},
)
DAY = asked(limit=1)
MIXED = (DAY, DAY | {"symbol": "ZZZZZZ"}, DAY | {"timeframe": "x"}, DAY | {"limit": "x"},
         {"timeframe": "1day"}, DAY | {"validate": True}, asked("60min", symbol="SPY"))  # fmt: skip
MANY = [
    *(arrow(bars(frame)) for frame in FRAMES),
    arrow(got("1min", *EARLY_CLOSE, include_extended="false")),
    arrow(bars("1day", "2024-07-06", "2024-07-07")),
    arrow(bars("1min", limit=7, adjusted=False)),
    arrow(bars(symbol="ZZZZZZ")),
    arrow(bars(validate=True, limit=1)),
    *(how(batch(*requests)) for how in (arrow, lambda ask: ask) for requests in (MIXED, ())),
    batch(*[DAY] * 1_001),
    batch(5),
    *(post(f"{API}/bars/batch", wrong) for wrong in NO_BATCHES),
]

SYMBOLS = [
    *(post(f"{API}/validate", {"symbols": ["AAPL", "aapl", "ZZZZZZ", "a/b", "TOFJ"], "detailed": d})
      for d in (False, True)),
    *(post(f"{API}/validate", told) for told in ({"symbols": []}, *NO_SYMBOLS)),
    *(get(f"{API}/latest/{symbol}") for symbol in
      ("AAPL", "brk.b", "KIMpL", "TOFJ", "ZZZZZZ", "a%20b", "a%2Fb", "")),
    *(get(f"{API}/search{query}") for query in
      ("?query=apple", "?query=aapl&active_only=false", "?query=drift&active_only=false",
       "?query=drift", "?query=corp", "?query=qqqqqqqq", "?query=%20", "",
       "?query=a&active_only=maybe", "?query=%C3%A9&active_only=1")),
    get(f"{API}/rate-limit"),
    Ask("DELETE", f"{API}/cache?symbol=a%2Fb"),
]  # fmt: skip

WHEN = "2026-11-18 11:30 America/New_York"


def tool(name: str, as_of: object = WHEN, symbol: object = "AAPL", **options: Any) -> Ask:
    told = {"symbol": symbol, "as_of": as_of, "options": options or None}
    return post(f"{API}/{name}", {name: value for name, value in told.items() if value is not None})


OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "scan": ({}, {"weekly_levels": [320, 330.5], "daily_levels": [325]}, {"windows": [7]},
             {"variant": "range"}, {"windows": [8]}, {"windows": "x"}, {"windows": []},
             {"variant": "x"}, {"weekly_levels": ["x"]}, {"weekly_levels": [1, 2, 3, 4, 5]},
             {"daily_levels": [-1]}, {"frob": 1}),
    "engines/fractals": ({}, {"timeframe": "60min", "fractal_length": 5}, {"days_back": 5},
                         {"check_price_overlap": False, "min_atr_distance": 0.5},
                         {"atr_period": 5, "atr_method": "sma"}, {"fractal_length": 4},
                         {"timeframe": "1day"}, {"timeframe": "x"}, {"days_back": 0},
                         {"min_atr_distance": -1}, {"atr_period": 0}, {"atr_method": "x"},
                         {"fractal_length": "x"}),
    "engines/fractals/history": ({"history_days": 3}, {"history_days": 2, "timeframe": "60min"},
                                 {"history_days": 0}, {"history_days": "x"}, {"days_back": 0}),
    "engines/hvn": ({}, {"windows": [3], "include_extended": False}, {"levels": 50, "windows": [7]},
                    {"price_step": 0.5, "windows": [7]}, {"percentile": 90, "windows": [7]},
                    {"prominence": 0.2, "distance": 3, "windows": [7]},
                    {"value_area": 0.5, "value_area_method": "one_row", "windows": [7]},
                    {"value_area_method": "x"}, {"value_area": 2}, {"levels": 0},
                    {"price_step": 0}, {"percentile": 101}, {"windows": [0]}, {"distance": 0}),
    "engines/camarilla": ({}, {"periods": ["day"]}, {"variant": "range"}, {"periods": []},
                          {"periods": ["year"]}, {"variant": 5}),
    "engines/zones": ({}, {"weekly_levels": [320], "daily_levels": [325, 330]},
                      {"daily_levels": [1, 2, 3, 4, 5, 6, 7]}),
}  # fmt: skip

TOOLS = [
    *(tool(name, **options) for name, several in OPTIONS.items() for options in several),
    *(tool(name, moment) for name in (*OPTIONS, "engines/session")
      for moment in (None, "2003-09-15T14:00:00Z", "2026-11-15", "someday", 5)),
    *(tool(name, symbol="ZZZZZZ") for name in (*OPTIONS, "engines/session")),
    *(tool("engines/session", moment) for moment in
      ("2024-07-02 08:00 America/New_York", "2024-07-02 10:30 America/New_York",
       "2024-07-03 15:00 America/New_York", "2024-07-04 10:30 America/New_York")),
    tool("engines/session", symbol="a b"),
    tool("scan", symbol="NBK"),
    post(f"{API}/scan", {"as_of": WHEN}),
    post(f"{API}/engines/session", {}),
    post(f"{API}/scan", {"symbol": "AAPL", "options": []}),
    post(f"{API}/engines/zones", {"symbol": "AAPL", "options": None}),
]  # fmt: skip

EDGES = [
    *(Ask(method, "/health") for method in ("GET", "HEAD", "POST", "OPTIONS")),
    *(Ask("HEAD", path) for path in ("/", f"{API}/rate-limit", f"{API}/nope")),
    *(get(path) for path in ("/nope", API, f"{API}/nope", f"{API}/rate-limit/", "/v9/x",
                             "/%2e%2e/x", f"{API}/bars/batch", f"{API}/scan", "/docs/")),
    *(Ask(method, f"{API}/bars") for method in ("PUT", "DELETE", "OPTIONS")),
    *(Ask("POST", path) for path in (f"{API}/latest/AAPL", f"{API}/rate-limit", "/status")),
    Ask("GET", f"{API}/history/backfill"),
    Ask("PATCH", f"{API}/cache"),
    get("/nope", **{"X-Request-Id": "a b<script>"}),
    get("/v2/nothing", **{"X-Request-Id": "trace-7"}),
]  # fmt: skip

OF_ITSELF = [
    *(get(path) for path in ("/status", "/", "/docs", f"{API}/rate-limit")),
    bars("60min"), bars("5min"), bars("60min"), bars("1day", symbol="SPY"), bars(symbol="ZZZZZZ"),
    get("/status"),
    *(Ask("DELETE", f"{API}/cache{query}") for query in
      ("?symbol=MSFT", "?symbol=aapl", "?symbol=a%2Fb", "", "")),
    bars("60min", limit=1),
    *(get(path) for path in ("/status", "/metrics")),
]  # fmt: skip

JULY: dict[str, Any] = {
    "symbols": ["AAPL", "ZZZZZZ"],
    "start_date": "2024-07-01",
    "end_date": "2024-07-05",
}
# Failures of a backfill are told as they come: no more than one symbol fails here at a time.
BACKFILLS: tuple[dict[str, Any], ...] = (
    {"dry_run": True}, {"dry_run": True, "timeframe": "1day", "end_date": None}, {}, {},
    {"symbols": []}, {"timeframe": "D"}, {"symbols": ["a/b"]}, {"timeframe": "5min"},
    {"timeframe": "x"}, {"start_date": "x"}, {"end_date": "2020-01-01"},
    {"symbols": ["A"] * 1_001}, {"dry_run": "x"}, {"symbols": None},
)  # fmt: skip
HISTORY = [
    get(f"{API}/history/status"),
    get(f"{API}/history/verify?symbol=AAPL"),
    *(post(f"{API}/history/backfill", JULY | more) for more in BACKFILLS),
    post(f"{API}/history/backfill", {"symbols": ["AAPL"]}),
    *(get(f"{API}/history/status{query}") for query in ("", "?symbol=aapl", "?symbol=SPY",
                                                        "?symbol=a%20b")),
    *(get(f"{API}/history/verify{query}") for query in
      ("?symbol=AAPL", "?symbol=AAPL&start_date=2024-07-02&end_date=2024-07-02", "?symbol=SPY",
       "", "?symbol=AAPL&start_date=x", "?symbol=a%20b")),
    *(get(f"{API}/history/export{query}") for query in
      ("?symbol=AAPL", "?symbol=AAPL&timeframe=1day", "?symbol=SPY", "", "?symbol=a%20b",
       "?symbol=AAPL&timeframe=5min", "?symbol=AAPL&start_date=2024-07-05",
       "?symbol=AAPL&start_date=2024-07-05&end_date=2024-07-01")),
    *(post(f"{API}/history/repair", body) for body in
      ({"symbols": ["AAPL"]}, {"symbols": ["a b"]}, {"symbols": ["AAPL"], "start_date": "x"}, {})),
    post(f"{API}/history/backfill", JULY | {"symbols": ["NBK"], "end_date": "2024-07-02"}),
    post(f"{API}/history/repair", {"symbols": ["NBK"]}),
    bars("60min", "2024-07-01", "2024-07-08", limit=5),
    *(Ask("POST", f"{API}/history/compact") for _ in range(2)),
    get(f"{API}/history/status?symbol=AAPL"),
    *(Ask("DELETE", f"{API}/history{query}") for query in
      ("?symbol=AAPL&start_date=2024-07-05&end_date=2024-07-05", "", "?symbol=a%20b",
       "?symbol=AAPL&start_date=x", "?symbol=AAPL", "?symbol=AAPL")),
    get(f"{API}/history/status?symbol=AAPL"),
    get("/status"),
]  # fmt: skip

HELD = [
    *(bars(frame, *AROUND_A_SPLIT, symbol="BAC", limit=2) for frame in ("1min", "60min", "1day")),
    *(bars("60min", "2024-05-29", "2024-06-06", symbol="BAC", limit=1, allow_partial=partial)
      for partial in (True, False)),
    bars("1day", "2024-05-20", "2024-06-10", symbol="BAC", allow_partial=True),
    bars("1week", "2024-05-06", "2024-05-31"),
    arrow(bars("1day", "2024-05-29", "2024-06-07", allow_partial=True)),
    bars(symbol="SPY"),
    batch(asked("1day", "2024-05-01", "2024-05-03"), asked()),
    post(f"{API}/validate", {"symbols": ["AAPL", "SPY", "a b"], "detailed": True}),
    *(get(f"{API}/{path}") for path in
      ("latest/BAC", "latest/SPY", "search?query=a", "history/status?symbol=BAC", "rate-limit")),
    post(f"{API}/history/backfill", JULY | {"symbols": ["AAPL"]}),
    post(f"{API}/history/repair", {"symbols": ["AAPL"]}),
    tool("scan", "2024-06-05 14:00 America/New_York", "BAC"),
    tool("engines/session", "2024-06-05 14:00 America/New_York", "BAC"),
    *(get(path) for path in
      ("/v2/aggs/ticker/BAC/range/1/day/2024-05-29/2024-05-31", "/v3/reference/splits?ticker=BAC",
       "/v2/aggs/ticker/BAC/range/1/day/2024-06-10/2024-06-12",
       "/v2/aggs/ticker/BAC/prev", "/v1/open-close/BAC/2024-05-31", "/v3/reference/tickers",
       "/v2/aggs/grouped/locale/us/market/stocks/2024-05-31", "/status")),
]  # fmt: skip

BARE = [
    bars(), batch(asked()), post(f"{API}/validate", {"symbols": ["AAPL"]}), tool("scan"),
    tool("engines/session"),
    *(get(f"{API}/{path}") for path in ("latest/AAPL", "search?query=a", "rate-limit",
                                        "history/status", "history/verify?symbol=A",
                                        "history/export?symbol=A")),
    post(f"{API}/history/backfill", JULY), post(f"{API}/history/repair", {"symbols": ["A"]}),
    Ask("POST", f"{API}/history/compact"), Ask("DELETE", f"{API}/history?symbol=A"),
    Ask("DELETE", f"{API}/cache"),
    *(get(path) for path in (f"{AGGS}/1/day/2026-11-02/2026-11-03", "/v3/reference/tickers",
                             "/v1/marketstatus/now", "/status", "/health")),
]  # fmt: skip

GUARDED = [
    *(get(path) for path in ("/health", "/status", "/docs", "/nope", f"{API}/rate-limit",
                             f"{AGGS}/1/day/2026-11-02/2026-11-03", "/status?apiKey=letmein",
                             f"{AGGS}/1/day/2026-11-02/2026-11-03?apiKey=letmein")),
    *(get(path, Authorization=f"Bearer {token}") for token in ("letmein", "wrong")
      for path in (f"{API}/latest/AAPL", "/v1/marketstatus/now")),
    get(f"{API}/rate-limit", **{"X-API-Key": "letmein"}),
    get(f"{API}/search?query=corp", **{"X-API-Key": "letmein", "Accept-Encoding": "gzip"}),
    bars(),
]  # fmt: skip
