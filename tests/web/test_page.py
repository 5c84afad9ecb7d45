"""The page in a real browser, over real gateways: it draws the API's bars, lives, and heals."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tools.build_page import build_page, is_built

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.market import xnys
from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US
from polytape.upstream.bar_feed import BarFeed
from polytape.upstream.budget.budget import Budget
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.synthetic.source import Synthetic
from polytape.web.page import page_routes
from tests.fakes.feed import ScriptedFeed

pytestmark = [pytest.mark.process, pytest.mark.socket, pytest.mark.timeout(120)]

MARKET = xnys()
DAY = date(2024, 7, 2)
OPEN = MARKET.session(DAY).open  # type: ignore[union-attr]
BEGIN = OPEN + 90 * MINUTE_US
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
# Pictures of a run, to be looked at; the docs' own are made with POLYTAPE_PICTURES=docs/pictures.
PICTURES = Path(os.environ.get("POLYTAPE_PICTURES", "build/pictures"))
WAIT_MS = 20_000
LAPTOP = {"width": 1_440, "height": 820}


class Desk:
    """A made-up market of one day in the past, and gateways of it, one after the other."""

    def __init__(self, speed: float, *, token: str | None = None) -> None:
        self.clock = MarketClock(BEGIN, speed, time.monotonic)
        self.port = 0
        self._token = token
        self._gateway = ExitStack()

    def open(self, feed: ScriptedFeed | None = None) -> str:
        source = Synthetic(MARKET, self.clock.now).upstream()
        live = feed or BarFeed(source.bars, self.clock, lambda: ())
        gateway = Gateway(
            source, MARKET, self.clock.now, Budget.of(100, 1.0), feed=live, clock=self.clock
        )
        app = create_app(gateway, token=self._token, page=page_routes())
        url = self._gateway.enter_context(running(app, port=self.port))
        self.port = int(url.rpartition(":")[2])
        return url

    def close(self) -> None:
        self._gateway.close()


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    if not is_built():
        build_page()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, as a user has it: no key is sent anywhere, and nothing is loaded."""
    program = shutil.which("chromium")
    assert program is not None, "the page's tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def desk_at(speed: float = 0.0, feed: ScriptedFeed | None = None, **options: Any) -> Iterator[str]:
    """The URL of a gateway; its market stands still where no speed is given."""
    desk = Desk(speed or 1.0, **options)
    if not speed:
        desk.clock.pause()
    try:
        yield desk.open(feed)
    finally:
        desk.close()


@pytest.fixture(scope="module")
def still() -> Iterator[str]:
    """A gateway whose market stands still at 11:00."""
    with desk_at() as url:
        yield url


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page; whatever it complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(url: str, place: str = "", *, strict: bool = True, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": LAPTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.extend(foreign(request.url, url)))
        if strict:
            page.on("console", lambda said: complaints.extend(errors_of(said)))
        page.goto(f"{url}/{place}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def foreign(asked: str, url: str) -> list[str]:
    """Requests to anywhere but the gateway."""
    own = (url, "data:", "blob:")
    return [] if asked.startswith(own) else [f"asked {asked}"]


def errors_of(said: Any) -> list[str]:
    return [said.text] if said.type in ("error", "warning") else []


def drawn(page: Page) -> list[dict[str, Any]]:
    """The bars on the chart."""
    bars: list[dict[str, Any]] = page.evaluate("polytape.bars()")
    return bars


def loaded(page: Page, subject: str) -> None:
    """Wait for a chart."""
    expect(page.locator("#subject")).to_have_text(subject, timeout=WAIT_MS)
    expect(page.locator("#chart-state")).to_be_hidden(timeout=WAIT_MS)


def until(page: Page, condition: str) -> None:
    """Wait until an expression of the page's is true. Its policy lets no text become a script, so
    it is asked from outside.
    """
    for _ in range(WAIT_MS // 100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(condition)


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"page-{name}.png")


def test_the_bars_that_are_drawn_are_the_apis(still: str, visit: Callable[..., Page]) -> None:
    """Starts and prices, of each timeframe that the keys give."""
    page = visit(still, "#/chart?symbol=AAPL&timeframe=15min")
    for key, name, label in (("3", "15min", "15m"), ("8", "1day", "1D"), ("0", "1month", "1M")):
        page.keyboard.press(key)
        loaded(page, f"AAPL · {label}")
        bars = drawn(page)
        start = iso(int(bars[0]["time"] * 1e6))
        query = {"symbol": "AAPL", "timeframe": name, "start_date": start}
        answer = httpx2.post(f"{still}/api/v1/bars", json=query).json()["data"]
        said = [
            (row["open"], row["high"], row["low"], row["close"], row["volume"]) for row in answer
        ]
        assert [
            tuple(bar[n] for n in ("open", "high", "low", "close", "volume")) for bar in bars
        ] == said
    expect(page.locator("#made-up")).to_be_visible()


def test_a_symbol_is_found_by_keyboard_and_stands_in_the_link(
    still: str, visit: Callable[..., Page]
) -> None:
    """`/`, letters, an arrow, enter; back is the browser's."""
    page = visit(still, "#/chart?symbol=SPY&timeframe=1day")
    loaded(page, "SPY · 1D")
    page.keyboard.press("/")
    page.keyboard.type("microsoft")
    expect(page.locator("#found li").first).to_contain_text("MSFT")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    loaded(page, "MSFT · 1D")
    assert "symbol=MSFT" in page.url
    page.go_back()
    loaded(page, "SPY · 1D")
    page.keyboard.press("/")
    page.keyboard.type("NOSUCHONE")
    page.keyboard.press("Enter")
    expect(page.locator("#chart-state")).to_contain_text("NOSUCHONE", timeout=WAIT_MS)
    page.reload()


def test_it_scrolls_back_to_the_first_bar(still: str, visit: Callable[..., Page]) -> None:
    """Older bars come as they are wanted, and none twice."""
    page = visit(still, "#/chart?symbol=AAPL&timeframe=1day")
    loaded(page, "AAPL · 1D")
    before = len(drawn(page))
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    until(page, f"polytape.bars().length > {before}")
    times = [bar["time"] for bar in drawn(page)]
    assert times == sorted(set(times))


def test_as_of_an_instant_nothing_later_is_shown(still: str, visit: Callable[..., Page]) -> None:
    """Neither a bar nor a swing; a step on adds one bar."""
    moment = BEGIN - 30 * MINUTE_US
    page = visit(still, f"#/chart?symbol=AAPL&timeframe=15min&as_of={iso(moment)}")
    loaded(page, "AAPL · 15m")
    last = drawn(page)[-1]["time"]
    assert last * 1e6 + 15 * MINUTE_US == moment
    expect(page.locator("#as-of")).to_be_visible()
    with page.expect_response("**/engines/fractals") as answered:
        page.keyboard.press(".")
    known = answered.value.json()
    until(page, f"polytape.bars().at(-1)?.time === {last + 900}")
    asked = json.loads(answered.value.request.post_data or "")["as_of"]
    assert asked == iso(moment + 15 * MINUTE_US)
    assert all(row["confirmed_at"] <= asked for row in known["fractals"]["swings"])
    page.locator("#as-of-now").click()
    until(page, f"polytape.bars().at(-1)?.time > {last + 900}")
    assert "as_of" not in page.url


def test_layers_are_switched_and_remembered(still: str, visit: Callable[..., Page]) -> None:
    """Zones with their parts under the pointer; what was chosen is chosen after a reload."""
    page = visit(still, "#/chart?symbol=AAPL&timeframe=15min")
    loaded(page, "AAPL · 15m")
    for key in ("p", "c", "v", "d"):
        page.keyboard.press(key)
    for name in ("zones", "swings", "profile", "pivots", "vwap", "session"):
        expect(page.locator(f"#layer-{name}")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(1_500)
    box = page.locator("#chart").bounding_box()
    assert box is not None
    for share in range(4, 96, 2):
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * share / 100)
        if page.locator("#tip .chip").count():
            break
    expect(page.locator("#tip .chip").first).to_be_visible()
    expect(page.locator("#tip")).to_contain_text("votes")
    picture(page, "layers")
    page.reload()
    loaded(page, "AAPL · 15m")
    expect(page.locator("#layer-vwap")).to_have_attribute("aria-pressed", "true")


def test_live_bars_come_and_the_chart_stays_the_apis(visit: Callable[..., Page]) -> None:
    """A fast market: the last bar moves on, and what was drawn is what the gateway has."""
    with desk_at(speed=120.0) as url:
        page = visit(url, "#/chart?symbol=AAPL&timeframe=1min")
        loaded(page, "AAPL · 1m")
        first = drawn(page)[-1]["time"]
        until(page, f"polytape.bars().at(-1)?.time >= {first + 5 * 60}")
        expect(page.locator("#feed-word")).to_have_text("live")
        bars = drawn(page)[:-1]
        query = {
            "symbol": "AAPL",
            "timeframe": "1min",
            "start_date": iso(int(bars[0]["time"] * 1e6)),
            "end_date": iso(int(bars[-1]["time"] * 1e6) + MINUTE_US),
        }
        answer = httpx2.post(f"{url}/api/v1/bars", json=query).json()["data"]
        page.context.close()
    assert [bar["close"] for bar in bars] == [row["close"] for row in answer]


def test_a_cut_is_seen_at_once_and_healed(visit: Callable[..., Page]) -> None:
    """The gateway goes: the word is stale; it comes back: no minute is missing."""
    desk = Desk(60.0)
    try:
        page = visit(desk.open(), "#/chart?symbol=AAPL&timeframe=1min", strict=False)
        loaded(page, "AAPL · 1m")
        expect(page.locator("#feed-word")).to_have_text("live")
        desk.close()
        expect(page.locator("#feed-word")).to_have_text("stale", timeout=WAIT_MS)
        expect(page.locator("#stale-word")).to_be_visible()
        picture(page, "stale")
        cut = drawn(page)[-1]["time"]
        desk.open()
        expect(page.locator("#feed-word")).to_have_text("live", timeout=WAIT_MS)
        until(page, f"polytape.bars().at(-1)?.time >= {cut + 4 * 60}")
        times = [bar["time"] for bar in drawn(page) if bar["time"] >= cut]
    finally:
        desk.close()
    assert times == list(range(times[0], times[-1] + 1, 60))


def test_price_that_enters_a_zone_is_an_alert(visit: Callable[..., Page]) -> None:
    """In the page, without being asked for more; a click shows the symbol."""
    feed = ScriptedFeed()
    with desk_at(feed=feed) as url:
        page = visit(url, "#/scanner?symbol=SPY&timeframe=15min")
        row = page.locator('#scan-rows tr[data-symbol="AAPL"]')
        expect(row.locator("td.zone")).to_contain_text("L", timeout=WAIT_MS)
        page.locator("#alert-panel summary").click()
        page.locator("#alert-level").select_option("L1")
        scan = httpx2.post(f"{url}/api/v1/scan", json={"symbol": "AAPL"}).json()
        zone = max(scan["zones"], key=lambda zone: abs(zone["centre"] - scan["price"]))
        feed.send([minute_at("AAPL", BEGIN // MINUTE_US, zone["centre"])])
        alert = page.locator("#alerts li").first
        expect(alert).to_contain_text("AAPL")
        picture(page, "alert")
        alert.locator("button").click()
        loaded(page, "AAPL · 15m")
        page.context.close()


def minute_at(symbol: str, minute: int, price: float) -> Any:
    """A minute bar of the feed, of one price."""
    from polytape.wire.polygon.events import MinuteAggregate

    start = minute * 60_000
    return MinuteAggregate(
        symbol=symbol,
        volume=100.0,
        open=price,
        high=price,
        low=price,
        close=price,
        start=start,
        end=start + 60_000,
    )


def test_the_scanner_is_sorted_filtered_and_edited(still: str, visit: Callable[..., Page]) -> None:
    """Rows by a column, down and up; a list is pasted, saved and remembered."""
    page = visit(still, "#/scanner?symbol=SPY&timeframe=15min")
    expect(page.locator("#scan-rows tr")).to_have_count(10)
    expect(page.locator('tr[data-symbol="AMD"] td.last')).not_to_be_empty(timeout=WAIT_MS)
    changes = "[...document.querySelectorAll('#scan-rows td.change')].map(c => c.textContent)"
    page.locator('th[data-column="change"] button').click()
    down = [number(text) for text in page.evaluate(changes)]
    page.locator('th[data-column="change"] button').click()
    up = [number(text) for text in page.evaluate(changes)]
    assert down == sorted(down, reverse=True)
    assert up == sorted(up)
    picture(page, "scanner")
    page.locator("#scan-filter").fill("aap")
    expect(page.locator("#scan-rows tr:not(.hidden)")).to_have_count(1)
    page.locator("#scan-edit").click()
    page.locator("#list-name").fill("Mine")
    page.locator("#list-symbols").fill("ibm, ko\nNOSUCHONE")
    page.locator("#list-form button[type=submit]").click()
    page.locator("#scan-filter").fill("")
    expect(page.locator("#scan-rows tr")).to_have_count(3)
    expect(page.locator('tr[data-symbol="NOSUCHONE"]')).to_contain_text("NOSUCHONE")
    page.reload()
    expect(page.locator("#scan-list")).to_have_value("Mine")


def number(text: str) -> float:
    return float(text.replace("\u2212", "-").strip("+%"))


def test_every_view_has_nothing_serious_for_axe(still: str, visit: Callable[..., Page]) -> None:
    """Light and dark, at a desk and on a phone; nothing is wider than the phone."""
    for scheme, size in (("light", LAPTOP), ("dark", {"width": 390, "height": 780})):
        page = visit(
            still, "#/chart?symbol=AAPL&timeframe=15min", color_scheme=scheme, viewport=size
        )
        loaded(page, "AAPL · 15m")
        for view in ("chart", "scanner", "health", "history"):
            page.locator(f"#nav-{view}").click()
            page.wait_for_timeout(300)
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run()")["violations"]
            serious = [v for v in found if v["impact"] in ("serious", "critical")]
            assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == [], (view, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], view
            picture(page, f"{view}-{scheme}")


def test_a_token_is_asked_for_and_never_in_an_address(visit: Callable[..., Page]) -> None:
    """A wrong one is refused with a word; the right one opens chart and feed."""
    token = "a-token-of-more-than-sixteen"
    with desk_at(speed=60.0, token=token) as url:
        page = visit(url, "#/chart?symbol=AAPL&timeframe=1min", strict=False)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.locator("#token").fill("another-token-of-that-length")
        page.locator("#token-form button").click()
        expect(page.locator("#token-note")).to_contain_text("not this gateway's")
        page.locator("#token").fill(token)
        page.locator("#token-form button").click()
        page.reload()
        loaded(page, "AAPL · 1m")
        expect(page.locator("#feed-word")).to_have_text("live", timeout=WAIT_MS)
        assert not any(token in one for one in [*asked, page.url])


def test_keys_are_listed_and_not_taken_from_fields(still: str, visit: Callable[..., Page]) -> None:
    """`?` lists them; a digit in a field is a digit."""
    page = visit(still, "#/chart?symbol=SPY&timeframe=15min")
    loaded(page, "SPY · 15m")
    page.keyboard.press("?")
    expect(page.locator("#help-keys tr")).to_have_count(30)
    picture(page, "keys")
    page.keyboard.press("Escape")
    page.locator("#scan-filter").fill("1")
    page.locator("#scan-filter").press("8")
    loaded(page, "SPY · 15m")


@pytest.mark.long
def test_five_hundred_symbols_are_kept_up_with(visit: Callable[..., Page]) -> None:
    """All rows are filled, and the page answers a key while they are."""
    with desk_at(speed=60.0) as url:
        found = httpx2.get(f"{url}/api/v1/search?query=a").json()["results"]
        symbols = sorted({row["symbol"] for row in found})
        page = visit(url, "#/scanner?symbol=SPY&timeframe=15min")
        names = [f"{a}{b}" for a in "ABCDEFGHIJKLMNOPQRSTUVWX" for b in "ABCDEFGHIJKLMNOPQRSTUVWX"]
        page.evaluate(
            "names => localStorage.setItem('polytape.watchlists', JSON.stringify({Watchlist: names}))",
            [*symbols, *names][:500],
        )
        page.reload()
        expect(page.locator("#scan-rows tr")).to_have_count(500)
        filled = "[...document.querySelectorAll('#scan-rows td.last')].every(c => c.textContent)"
        for _ in range(5):
            with suppress(AssertionError):
                until(page, filled)
        until(page, filled)
        began = time.monotonic()
        page.keyboard.press("2")
        expect(page.locator("#subject")).to_have_text("SPY · 5m")
        assert time.monotonic() - began < 5
