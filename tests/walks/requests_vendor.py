"""The requests of the walks in the vendor's dialect, and those to real bars."""

from typing import Any

from tests.walks.requests import AGGS, API, FRAMES, Ask, arrow, asked, bars, batch, get, post, tool

WEEK = "2026-11-09/2026-11-13"
REFERENCE, SNAPSHOT = "/v3/reference", "/v2/snapshot/locale/us/markets/stocks/tickers"
GROUPED = "/v2/aggs/grouped/locale/us/market/stocks"
# The cursor of a page of two, ascending and adjusted, as the first page gives it out.
CURSOR = "YWRqdXN0ZWQ9dHJ1ZSZsaW1pdD0yJnNvcnQ9YXNj"

DIALECT = [
    *(get(f"{AGGS}/{span}/{WEEK}?limit=500") for span in ("1/minute", "5/minute", "1/hour", "7/hour")),
    *(get(f"{AGGS}/{span}/2025-01-01/2026-11-23?limit=300") for span in
      ("1/week", "1/month", "1/quarter", "1/year", "2/week", "50/day")),
    get(f"{AGGS}/1/day/{WEEK}"),
    *(get(f"{AGGS}/1/day/{WEEK}?{query}") for query in
      ("sort=desc", "limit=2", "adjusted=false", "sort=desc&limit=2&apiKey=s3cret",
       f"cursor={CURSOR}", "limit=50001", "limit=0", "limit=x", f"limit={'9' * 5_000}", "sort=up",
       "cursor=%00", "cursor=%C3%A9", "cursor=xx")),
    *(get(f"/v2/aggs/ticker/BAC/range/1/day/2024-05-31/2024-06-04?adjusted={adjusted}")
      for adjusted in ("true", "false")),
    get(f"{AGGS}/1/minute/1763390000000/1763390300000"),
    get(f"{AGGS}/1/minute/2026-11-14/2026-11-14"),
    get(f"{AGGS}/1/hour/2026-11-23/2026-11-24?sort=desc&limit=200"),
    get("/v2/aggs/ticker/NOPE/range/1/minute/2026-11-12/2026-11-12"),
    get("/v2/aggs/ticker/aapl/range/1/day/2026-11-12/2026-11-12"),
    *(get(f"{AGGS}/{wrong}") for wrong in
      (f"1/fortnight/{WEEK}", f"0/day/{WEEK}", f"100001/day/{WEEK}", f"x/day/{WEEK}",
       "1/day/2026-1-02/2026-11-03", "1/day/2026-11-04/2026-11-03", "1/day/2026-11-02/never",
       "1/day/99999999999999999999/2026-11-03", "1/week/0001-01-01/2026-11-03",
       "100000/week/2026-11-02/9900-01-01", "1/day/2026-11-02")),
    get("/v2/aggs/ticker/..%2f/range/1/day/2026-11-02/2026-11-03"),
    get("/v2/aggs/ticker/A$B/range/1/day/2026-11-02/2026-11-03"),
    *(get(f"/v2/aggs/ticker/{end}") for end in
      ("AAPL/prev", "AAPL/prev?adjusted=false", "NOPE/prev", "A$B/prev")),
    *(get(f"/v1/open-close/{end}") for end in
      ("AAPL/2026-11-20", "BAC/2024-05-31", "BAC/2024-05-31?adjusted=false", "AAPL/2024-11-29",
       "AAPL/2026-11-15", "AAPL/2026-11-23", "AAPL/yesterday", "AAPL/1800-01-01",
       "NOPE/2026-11-20")),
    *(get(f"{GROUPED}/{day}") for day in ("2026-11-12", "2026-11-14", "x")),
    *(get(f"/v1/marketstatus/{when}") for when in ("now", "upcoming", "then")),
    *(get(f"{REFERENCE}/tickers{query}") for query in
      ("?limit=3", "?ticker.gte=AAPL&limit=2", "?ticker.gte=AAPL&limit=2&cursor=2&apiKey=s3cret",
       "?search=apple&limit=1", "?ticker=AAPL", "?ticker=NOPE", "?active=false&limit=1",
       "?type=ETF&limit=1&order=desc", "?exchange=XASE&limit=1", "?market=crypto", "?limit=0",
       "?limit=x", "?active=maybe", f"?cursor={'9' * 5_000}", "/AAPL", "/NOPE", "/TOFJ",
       "/AAPL/events")),
    *(get(f"{path}{query}") for path in ("/stocks/v1/splits", f"{REFERENCE}/splits") for query in
      ("?ticker=AVGO", "?ticker=AVGO&sort=execution_date.asc", "")),
    *(get(f"{REFERENCE}/splits?ticker=AVGO&{query}") for query in
      ("order=asc", "execution_date.gt=2017-01-01", "execution_date=2006-04-04")),
    *(get(f"{REFERENCE}/{name}") for name in
      ("dividends?ticker=AAPL", "conditions", "exchanges", "nothing")),
    get("/stocks/v1/dividends"), get("/vX/reference/tickers/AAPL/events"),
    *(get(f"{SNAPSHOT}/{symbol}") for symbol in ("AAPL", "NBK", "NOPE", "A$B", "")),
    *(get(path) for path in
      ("/v3/snapshot", "/v2/last/trade/AAPL", "/v2/last/nbbo/AAPL", "/v3/trades/AAPL",
       "/v3/quotes/AAPL", "/v2/nothing", "/v2/aggs/ticker/AAPL", "/vX/x", "/stocks/v1/x")),
    *(Ask("POST", path) for path in (f"{AGGS}/1/day/{WEEK}", f"{REFERENCE}/tickers")),
    Ask("HEAD", f"{AGGS}/1/day/{WEEK}"),
]  # fmt: skip

RECENT: dict[str, Any] = {"start": "2026-11-09", "end": "2026-11-20"}
OFTEN = 40
BEFORE_THE_VENDOR = [
    bars("60min", **RECENT, limit=3), bars("1day", **RECENT), bars("1week", **RECENT),
    bars("15min", "2026-11-23", "2026-11-23", limit=2),
    bars("1day", "2026-06-05", "2026-06-11", symbol="TSLA"),
    bars(symbol="NOPE"),
    arrow(batch(asked("1day", **RECENT), asked(symbol="NOPE"))),
    post(f"{API}/validate", {"symbols": ["AAPL", "NOPE"], "detailed": True}),
    *(get(f"{API}/{path}") for path in ("latest/AAPL", "latest/NOPE", "search?query=apple")),
    tool("engines/session", "2026-11-18 11:30 America/New_York"),
    *(get(path) for path in
      (f"{AGGS}/1/day/{WEEK}", f"{AGGS}/5/minute/{WEEK}?limit=200", "/v2/aggs/ticker/AAPL/prev",
       "/v1/open-close/AAPL/2026-11-20", f"{GROUPED}/2026-11-19",
       f"{GROUPED}/2026-11-19?adjusted=false", f"{GROUPED}/2026-11-21?adjusted=false",
       f"{REFERENCE}/tickers?limit=2&apiKey=s3cret", f"{REFERENCE}/tickers/AAPL",
       f"{REFERENCE}/tickers/NOPE", "/stocks/v1/splits?ticker=NVDA",
       "/stocks/v1/dividends?ticker=AAPL", f"{REFERENCE}/conditions", f"{REFERENCE}/exchanges",
       "/v1/marketstatus/now", "/v1/marketstatus/upcoming", "/v2/last/trade/AAPL",
       "/v2/last/nbbo/AAPL", f"{SNAPSHOT}/AAPL", "/v3/trades/AAPL?limit=1", "/v3/snapshot",
       "/v3/trades/..%2f..%2fx")),
    post(f"{API}/history/backfill", {"symbols": ["MSFT"], "start_date": "2026-11-02",
         "end_date": "2026-11-13", "timeframe": "1day", "dry_run": True}),
    *(Ask("GET", "/v2/last/trade/MSFT", spoils=(kind,) * OFTEN) for kind in
      ("429-retry-after", "401", "403-data", "500", "reset", "garbage")),
    # Each asks for a trading day of its own: what was answered is kept.
    *(Ask("GET", f"{API}/bars?symbol=MSFT&timeframe=1day&start_date=2026-10-{day}"
          f"&end_date=2026-10-{day}", spoils=(kind,) * OFTEN)
      for day, kind in zip((12, 13, 14, 15, 16, 19, 20, 21, 22, 23),
                           ("429-retry-after", "401", "403-dates", "502-html", "no-answer",
                            "cut-json", "lost-rows", "lost-page", "delayed", "duplicates"),
                           strict=True)),
    Ask("GET", f"{API}/bars?symbol=MSFT&timeframe=5min&start_date=2026-11-23&end_date=2026-11-23"
        "&limit=1", spoils=("delayed",)),
    Ask("GET", f"{API}/latest/MSFT", spoils=("403-today", "503")),
    Ask("GET", f"{API}/history/status?symbol=AAPL"),
]  # fmt: skip

OCTOBER = ("2013-10-07", "2013-10-11")
REAL = [
    *(bars(frame, *OCTOBER, symbol="SPY") for frame in FRAMES),
    *(bars(frame, "2014-06-05", "2014-06-09", adjusted=False, limit=4) for frame in
      ("1min", "60min", "1day")),
    bars("1day", "2014-06-05", "2014-06-09"),
    bars("1min", "2014-06-05", "2014-06-09", validate=True, limit=1_000),
    bars("60min", "2015-12-23", "2015-12-28", symbol="GOOG", include_extended=False),
    bars("1day", "2015-12-23", "2015-12-28", symbol="GOOG"),
    bars("60min", "2013-06-27", "2013-07-02", symbol="NWSA", limit=2),
    bars("1min", "2008-03-07", "2008-03-10", symbol="SHY", validate=True),
    bars("1min", "2013-10-12", "2013-10-31", symbol="SPY"),
    bars("1min", *OCTOBER, symbol="SPY", validate=True),
    bars(symbol="NOPE"),
    arrow(bars("1min", *OCTOBER, symbol="SPY")),
    arrow(batch(asked("15min", *OCTOBER, symbol="AIG"), asked("x"))),
    batch(asked("240min", *OCTOBER, symbol="BAC", limit=2), asked(symbol="NOPE")),
    post(f"{API}/validate", {"symbols": ["SPY", "NOPE"], "detailed": True}),
    *(get(f"{API}/{path}") for path in
      ("latest/AAPL", "latest/SPY", "latest/NOPE", "search?query=a", "history/status")),
    *(tool(name, "2013-10-11 14:30 America/New_York", "SPY") for name in
      ("scan", "engines/fractals", "engines/hvn", "engines/camarilla", "engines/zones",
       "engines/session")),
    *(get(path) for path in
      ("/v2/aggs/ticker/SPY/range/1/day/2013-10-07/2013-10-11", f"{GROUPED}/2013-10-09",
       "/v2/aggs/ticker/AAPL/range/1/hour/2014-06-06/2014-06-09?adjusted=false",
       "/v1/open-close/SPY/2013-10-09", f"{GROUPED}/2013-10-12", f"{GROUPED}/2016-10-12",
       "/v2/aggs/ticker/SPY/prev", f"{REFERENCE}/tickers", f"{REFERENCE}/tickers/SPY",
       "/stocks/v1/splits?ticker=AAPL", f"{SNAPSHOT}/SPY")),
]  # fmt: skip

REAL_HISTORY = [
    post(f"{API}/history/backfill", {"symbols": ["SPY", "BAC", "NOPE"], "start_date": "2013-10-09",
         "end_date": "2013-10-15"}),
    *(get(f"{API}/history/{path}") for path in
      ("status?symbol=SPY", "verify?symbol=SPY", "export?symbol=BAC")),
    post(f"{API}/history/repair", {"symbols": ["SPY"]}),
    get(f"{GROUPED}/2013-10-09"), get(f"{GROUPED}/2013-10-09"),
    bars("60min", "2013-10-09", "2013-10-10", symbol="SPY", limit=2),
    bars("1day", "2013-10-09", "2013-10-10", symbol="AIG"),
    Ask("POST", f"{API}/history/compact"),
    get(f"{API}/history/status"),
]  # fmt: skip
