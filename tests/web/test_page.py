"""The page in a real browser, over real gateways: it draws the API's bars, finds, and warns. The rest
of what a browser has to do is in the long run.
"""

from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Page, expect

from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US
from tests.fakes.feed import ScriptedFeed
from tests.web.scene import BEGIN, WAIT_MS, desk_at, drawn, loaded, minute_at, picture

pytestmark = [pytest.mark.process, pytest.mark.socket, pytest.mark.timeout(120)]


def test_the_bars_that_are_drawn_are_the_apis(still: str, visit: Callable[..., Page]) -> None:
    """Starts and prices, of each timeframe that the keys give."""
    page = visit(still, "#/chart?symbol=AAPL&timeframe=15min")
    for key, name, label in (("3", "15min", "15m"), ("8", "1day", "1D")):
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
    """`/`, letters, enter for the only one found; back is the browser's. What is misspelt is offered
    as it may be meant.
    """
    page = visit(still, "#/chart?symbol=SPY&timeframe=1day")
    loaded(page, "SPY · 1D")
    page.keyboard.press("/")
    page.keyboard.type("microsoft")
    expect(page.locator("#found li").first).to_contain_text("MSFT")
    page.keyboard.press("Enter")
    loaded(page, "MSFT · 1D")
    assert "symbol=MSFT" in page.url
    page.go_back()
    loaded(page, "SPY · 1D")
    # The browser's console names the 404 of a symbol that there is not: not the page's fault.
    page = visit(still, "#/chart?symbol=SPY&timeframe=1day", strict=False)
    loaded(page, "SPY · 1D")
    page.keyboard.press("/")
    page.keyboard.type("microsfot")
    expect(page.locator("#found")).to_contain_text("Did you mean")
    expect(page.locator("#found li[id]").first).to_contain_text("MSFT")
    page.locator("#symbol").fill("NOSUCHONE")
    page.keyboard.press("Enter")
    expect(page.locator("#chart-state")).to_contain_text("no symbol NOSUCHONE", timeout=WAIT_MS)


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
