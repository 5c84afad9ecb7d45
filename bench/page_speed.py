"""The page in a browser, measured: `python -m bench.page_speed`; `--only NAME` for one of them.

The gateway runs in a process of its own, on loopback, over a made-up market that stands still; the
browser is Debian's Chromium without a window, so that the processor draws what a desk's graphics
card does. Frames are counted by the wall's clock, and beside them what the page's own thread
computes for one: on a machine that is busy with other things the second is the page's, the first
is everybody's. Each line is a figure beside its limit; the exit code is 1 where one is over it.
"""

import argparse
import json
import logging
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.market import xnys
from polytape.model.units import HOUR_US
from polytape.upstream.bar_feed import BarFeed
from polytape.upstream.budget.budget import Budget
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.synthetic.source import Synthetic
from polytape.web.page import page_routes

MARKET = xnys()
DAY = date(2024, 7, 19)
SIZE = {"width": 1_440, "height": 820}
CHART = "#/chart?symbol=AAPL&timeframe=1min"
PAINTED = "performance.getEntriesByName('bars-painted')"
FIRST_BARS, FIRST_PAINT_MS, VISITS = 5_000, 1_000, 6
BARS, LEVELS, LEAST_FPS, PAN_S = 100_000, 500, 30, 3
SYMBOLS, LONG_FRAME_MS, LIVE_S, LIVE_SPEED = 500, 100, 15, 50
HOUR_S, MOST_GROWTH_MB = 3_600, 2.0

# Frames while the chart is moved to and fro, a part of a screen each.
PAN = """async ([screens, seconds]) => {
  const view = polytape.view();
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  const end = last + seconds * 1000;
  for (let n = 0; last < end; n++) {
    view.scroll(n % 60 < 30 ? -screens : screens);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times;
}"""
MANY_BARS = """([count, levels]) => {
  const bars = [];
  let price = 200;
  for (let n = 0; n < count; n++) {
    const open = price;
    price = Math.max(50, price + Math.sin(n / 700) * 0.05 + Math.sin(n * 12.9898) * 0.2);
    const time = 1609750800 + Math.floor(n / 960) * 86400 + (n % 960) * 60;
    const [high, low] = [Math.max(open, price) + 0.05, Math.min(open, price) - 0.05];
    bars.push({ time, open, high, low, close: price, volume: 1000 + (n % 390), vwap: price });
  }
  const view = polytape.view();
  view.show(bars, true);
  const bands = [], lines = [];
  for (let n = 0; n < levels; n++) {
    const at = price + (n - levels / 2) * 0.02;
    const colour = n % 4 < 2 ? "#14625e" : "#93421c";
    if (n % 2) lines.push({ price: at, colour, label: `S${n}`, dashed: true });
    else bands.push({ low: at, high: at + 0.015, colour, strength: 0.5, label: `L3 ${n}` });
  }
  view.bands.show(bands, lines);
}"""
# For the chart a bar every second, and a minute of each symbol every minute, as the feed brings
# them: `paced` one second of it each 20 ms, else as fast as they are taken.
LIVE = """([symbols, seconds, begin, paced]) => new Promise((resolve) => {
  let second = 0;
  const price = (n) => 100 + (n % 97) + Math.sin((second + n) / 50);
  const bar = (n, time, seconds) => ({
    time, open: price(n), high: price(n) + 0.1, low: price(n) - 0.1, close: price(n),
    volume: 100 * seconds, vwap: price(n),
  });
  const minuteOf = (some, minute) => some.map((symbol, n) => {
    return { symbol, kind: "AM", bar: bar(n, minute, 60) };
  });
  const step = () => {
    polytape.feed([{ symbol: "AAPL", kind: "A", bar: bar(0, begin + second, 1) }]);
    const share = paced ? symbols.length / 60 : second % 60 === 59 ? symbols.length : 0;
    const from = paced ? Math.floor((second % 60) * share) : 0;
    const some = symbols.slice(from, Math.floor(from + share));
    if (some.length) polytape.feed(minuteOf(some, begin + Math.floor(second / 60) * 60));
    second += 1;
  };
  const turn = () => {
    for (let n = 0; n < (paced ? 1 : 15) && second < seconds; n++) step();
    if (second >= seconds) resolve(second);
    else setTimeout(turn, paced ? 20 : 0);
  };
  turn();
})"""
FRAMES = """(seconds) => new Promise((resolve) => {
  const times = [];
  let last = performance.now();
  const end = last + seconds * 1000;
  const frame = (now) => {
    times.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(frame);
    else resolve(times.slice(1));
  };
  requestAnimationFrame(frame);
})"""


def main() -> None:
    """All of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    program = shutil.which("chromium")
    if program is None:
        sys.exit("the page is measured in Chromium: apt-get install chromium")
    with sync_playwright() as playwright, a_gateway() as url:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        print(f"Chromium {browser.version}, without a window: drawn by the processor")
        print(f"{'what':58} {'figure':>10} {'limit':>10}")
        measures = (first_paint, panning, scanner, memory)
        met = [measure(browser, url) for measure in measures if options.only in measure.__name__]
        browser.close()
    sys.exit(0 if all(met) else 1)


def serve() -> None:
    """A gateway until its input ends; its market stands still at 15:30. Prints its URL."""
    session = MARKET.session(DAY)
    assert session is not None
    clock = MarketClock(session.open + 6 * HOUR_US, 1.0, time.monotonic)
    clock.pause()
    source = Synthetic(MARKET, clock.now).upstream()
    feed = BarFeed(source.bars, clock, lambda: ())
    gateway = Gateway(source, MARKET, clock.now, Budget.of(100, 1.0), feed=feed, clock=clock)
    logging.disable()
    with running(create_app(gateway, page=page_routes())) as url:
        print(url, flush=True)
        sys.stdin.read()


@contextmanager
def a_gateway() -> Iterator[str]:
    """The URL of one in a process of its own."""
    command = [sys.executable, "-m", "bench.page_speed", "--serve"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def row(what: str, figure: float, limit: float, unit: str, *, least: bool = False) -> bool:
    """A line of one figure; whether it is within its limit."""
    met = figure >= limit if least else figure <= limit
    sign = ">=" if least else "<="
    over = "" if met else "  over"
    print(f"{what:58} {figure:>7,.1f} {unit:<3}{sign}{limit:>7,.0f}{over}", flush=True)
    return met


def note(what: str, figure: str) -> None:
    """A line without a limit."""
    print(f"{what:58} {figure:>10}", flush=True)


def first_paint(browser: Browser, url: str) -> bool:
    """From the address to the frame with the bars, by a browser that has no file of the page."""
    took, computed, bars = [], [], 0
    for _ in range(VISITS):
        with visit(browser, url) as (page, computed_s):
            took.append(float(page.evaluate(f"{PAINTED}[0].startTime")))
            computed.append(1_000 * computed_s)
            bars = int(page.evaluate("polytape.bars().length"))
    note("first visit, the gateway makes the bars", f"{took[0]:,.0f} ms")
    enough = row("bars at the first sight", bars, FIRST_BARS, "", least=True)
    what = f"first paint with {bars:,} bars, median of {VISITS - 1}"
    met = row(what, statistics.median(took[1:]), FIRST_PAINT_MS, "ms")
    note("  computed until then by the page", f"{statistics.median(computed[1:]):,.0f} ms")
    return met and enough


def panning(browser: Browser, url: str) -> bool:
    """Frames a second while 100,000 bars with 500 levels are moved."""
    met = True
    with watching(browser, url, ["AAPL"]) as page:
        clock = ThreadClock(page)
        page.evaluate(MANY_BARS, [BARS, LEVELS])
        for name, prepare, screens in (
            ("160 in sight", "0", 0.02),
            ("2,000 in sight", "polytape.view().zoom(2000 / 160)", 0.02),
            ("all in sight", "polytape.view().fit()", 0.005),
        ):
            page.evaluate(f"() => {{ {prepare} }}")
            page.wait_for_timeout(300)
            frames, computed_s = clock.during(partial(page.evaluate, PAN, [screens, PAN_S]))
            what = f"pan of {BARS:,} bars, {LEVELS} levels, {name}"
            met &= row(what, 1_000 / statistics.mean(frames), LEAST_FPS, "fps", least=True)
            each = 1_000 * computed_s / len(frames)
            met &= row("  computed for a frame by the page", each, 1_000 / LEAST_FPS, "ms")
            note("  the slowest of twenty frames", f"{_percentile(frames, 0.95):,.0f} ms")
    return met


def scanner(browser: Browser, url: str) -> bool:
    """Long frames while minutes of 500 symbols come in, fifty times as fast as they would. Rows and
    zones are given to the page at once: only the page is measured.
    """
    begin = (MARKET.session(DAY).open + 6 * HOUR_US) // 1_000_000  # type: ignore[union-attr]
    sent = json.dumps([_symbols(), LIVE_S * LIVE_SPEED, begin, True])
    with watching(browser, url, _symbols()) as page:
        clock = ThreadClock(page)
        at_rest = page.evaluate(FRAMES, 5)
        page.evaluate(f"() => {{ window.sent = ({LIVE})({sent}); }}")
        live, computed_s = clock.during(partial(page.evaluate, FRAMES, LIVE_S))
        page.evaluate("window.sent")
    note("frames at rest, the slowest of twenty", f"{_percentile(at_rest, 0.95):,.0f} ms")
    note(f"with {SYMBOLS} live symbols, x{LIVE_SPEED}", f"{_percentile(live, 0.95):,.0f} ms")
    note("  the longest", f"{max(live):,.0f} ms")
    met = row("  computed in a second by the page", 1_000 * computed_s / LIVE_S, 500, "ms")
    long = sum(frame > LONG_FRAME_MS for frame in live)
    what = f"  frames over {LONG_FRAME_MS} ms, of {len(live):,}"
    return row(what, long, len(live) * 0.01, "") and met


def memory(browser: Browser, url: str) -> bool:
    """What an hour of live updates leaves in memory: a bar a second for the chart, and a minute of
    500 symbols every minute, as fast as the page takes them.
    """
    with watching(browser, url, _symbols()) as page:
        sizes = [_heap_mb(page)]
        begin = page.evaluate("polytape.bars().at(-1).time + 60")
        for part in range(4):
            start = begin + part * HOUR_S // 4
            page.evaluate(LIVE, [_symbols(), HOUR_S // 4, start, False])
            sizes.append(_heap_mb(page))
    text = " ".join(f"{size:.1f}" for size in sizes)
    note("heap after each quarter of an hour of updates, MB", text)
    # The first quarter fills what is filled once.
    growth = sizes[-1] - sizes[1]
    return row("growth from the first quarter to the last", growth, MOST_GROWTH_MB, "MB")


class ThreadClock:
    """What the thread of a page computes, in seconds of its own time."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def during(self, act: Callable[[], Any]) -> tuple[Any, float]:
        """What `act` gives, and what was computed meanwhile."""
        before = self._now()
        result = act()
        return result, self._now() - before

    def _now(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


@contextmanager
def visit(browser: Browser, url: str) -> Iterator[tuple[Page, float]]:
    """The page, opened by a browser that has nothing of it yet, and the seconds it computed."""
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(60_000)
    clock = ThreadClock(page)

    def opened() -> None:
        page.goto(f"{url}/{CHART}")
        wait_until(page, f"{PAINTED}.length > 0")

    _, computed_s = clock.during(opened)
    try:
        yield page, computed_s
    finally:
        context.close()


@contextmanager
def watching(browser: Browser, url: str, symbols: list[str]) -> Iterator[Page]:
    """The page with a watchlist whose rows and zones are made here."""
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    lists = json.dumps({"Watchlist": symbols})
    context.add_init_script(f"localStorage.setItem('polytape.watchlists', JSON.stringify({lists}))")
    _answer(
        context,
        "**/api/v1/watchlist",
        lambda body: {"rows": [_row(symbol) for symbol in body["symbols"]]},
    )
    _answer(context, "**/api/v1/scan", lambda body: _scan(body["symbol"]))
    _answer(
        context,
        "**/api/v1/scan/batch",
        lambda body: {"rows": [_scan(symbol) | {"error": None} for symbol in body["symbols"]]},
    )
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{url}/{CHART.replace('chart', 'scanner', 1)}")
    rows = f"document.querySelectorAll('#scan-rows tr').length === {len(symbols)}"
    zones = "[...document.querySelectorAll('#scan-rows td.zone')]"
    filled = f"{zones}.every((cell) => cell.textContent !== '…')"
    wait_until(page, f"{PAINTED}.length > 0 && {rows} && {filled}")
    try:
        yield page
    finally:
        context.close()


def wait_until(page: Page, condition: str, within_s: float = 120.0) -> None:
    """Wait until an expression of the page's is true. Raises: TimeoutError."""
    end = time.monotonic() + within_s
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise TimeoutError(condition)
        page.wait_for_timeout(50)


def _answer(context: BrowserContext, pattern: str, answer: Callable[[Any], object]) -> None:
    def fulfil(route: Route) -> None:
        route.fulfill(json=answer(route.request.post_data_json))

    context.route(pattern, fulfil)


def _heap_mb(page: Page) -> float:
    """The script's memory after what is garbage is collected."""
    page.wait_for_timeout(1_000)
    session = page.context.new_cdp_session(page)
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    used = float(session.send("Runtime.getHeapUsage")["usedSize"]) / 2**20
    session.detach()
    return used


def _symbols() -> list[str]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWX"
    return ["AAPL", *(f"{a}{b}" for a in letters for b in letters)][:SYMBOLS]


def _row(symbol: str) -> dict[str, object]:
    return {
        "symbol": symbol, "error": None, "day": f"{DAY}", "price": 100.0, "previous_close": 99.0,
        "last_bar": f"{DAY}T19:29:00Z", "open": 99.5, "high": 101.0, "low": 98.0,
        "volume": 1e6, "atr_day": 2.0, "usual_volume": None, "closes": [99.0, 100.0, 100.5, 100.0],
    }  # fmt: skip


def _scan(symbol: str) -> dict[str, object]:
    zones: list[dict[str, object]] = [
        {
            "id": f"{symbol}{n}", "low": 98.0 + n, "high": 98.4 + n, "centre": 98.2 + n,
            "kind": "support" if n < 3 else "resistance", "level": f"L{n % 5 + 1}", "score": 5.0,
            "distance_atr": 0.5, "parts": [], "votes": [], "rate": None,
        }
        for n in range(8)
    ]  # fmt: skip
    return {
        "symbol": symbol, "as_of": f"{DAY}T19:30:00Z", "price": 100.0, "atr_day": 2.0,
        "zones": zones, "structure": None, "errors": {}, "notes": [], "basis": None,
    }  # fmt: skip


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


if __name__ == "__main__":
    main()
