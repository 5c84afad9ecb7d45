"""What opens over the page: nothing serious for axe in any of it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from tests.fakes.feed import ScriptedFeed
from tests.web.scene import (
    AXE,
    LAPTOP,
    MARKET,
    PHONE,
    WAIT_MS,
    ZONED,
    desk_at,
    loaded,
    picture,
    until,
)

pytestmark = [
    pytest.mark.long,
    pytest.mark.process,
    pytest.mark.socket,
    pytest.mark.timeout(240),
]
SIZES = [("light", LAPTOP), ("dark", PHONE)]
# As if the feed had sent it: the price is in the first zone of AAPL, and was not before.
ENTER = """(price) => {
  const bar = (time, price) => ({ time, open: price, high: price, low: price, close: price, volume: 1, vwap: price });
  const begin = polytape.bars().at(-1).time + 900;
  polytape.feed([
    { symbol: "AAPL", kind: "AM", bar: bar(begin, 3 * price) },
    { symbol: "AAPL", kind: "AM", bar: bar(begin + 60, price) },
  ]);
}"""


def serious(page: Page) -> list[tuple[str, str]]:
    """What axe finds now."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [
        (one["id"], one["nodes"][0]["html"])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("scheme", "size"), SIZES)
def test_axe_finds_nothing_serious_in_what_opens_over_the_chart_and_the_table(
    visit: Callable[..., Page], scheme: str, size: dict[str, int]
) -> None:
    """The keys, the list, the search, the parts of a zone, the past, the alerts."""
    with desk_at(feed=ScriptedFeed()) as url:
        place = "#/chart?symbol=AAPL&timeframe=15min"
        page = visit(url, place, color_scheme=scheme, viewport=size)
        loaded(page, "AAPL · 15m")
        until(page, "polytape.view().bands.all.length > 0")
        until(page, ZONED)
        seen = {}
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
        seen["help"] = serious(page)
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("a")
        expect(page.locator("#found li[id]").first).to_be_visible()
        seen["search"] = serious(page)
        page.keyboard.press("Escape")
        page.locator("#symbol").blur()
        page.keyboard.press("n")
        expect(page.locator("#tip")).to_be_visible()
        seen["zone"] = serious(page)
        page.keyboard.press("Escape")
        price = page.evaluate("polytape.view().bands.all[0].low")
        page.keyboard.press("S")
        page.locator("#scan-edit").click()
        expect(page.locator("#list-dialog")).to_be_visible()
        seen["list"] = serious(page)
        picture(page, f"list-{scheme}")
        page.keyboard.press("Escape")
        page.locator("#alert-panel summary").click()
        page.locator("#alert-level").select_option("L1")
        page.evaluate(ENTER, price)
        expect(page.locator("#alerts li").first).to_be_visible()
        seen["alerts"] = serious(page)
        picture(page, f"alerts-{scheme}")
        page.locator("#alert-clear").click()
        page.keyboard.press("C")
        page.keyboard.press("a")
        page.keyboard.press(",")
        until(page, "location.hash.includes('as_of')")
        expect(page.locator("#as-of")).to_be_visible()
        seen["past"] = serious(page)
        page.context.close()
    assert {name: found for name, found in seen.items() if found} == {}


@pytest.mark.parametrize(("scheme", "size"), SIZES)
def test_axe_finds_nothing_serious_in_token_cost_and_jobs(
    visit: Callable[..., Page], scheme: str, size: dict[str, int]
) -> None:
    """The token's dialog before and after a wrong one; the cost of a backfill, and its line."""
    token = "a-token-of-more-than-sixteen"
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    with desk_at(token=token, store=store) as url:
        place = "#/history?symbol=AAPL&timeframe=15min"
        page = visit(url, place, strict=False, color_scheme=scheme, viewport=size)
        expect(page.locator("#token-dialog")).to_be_visible()
        seen = {"token": serious(page)}
        page.locator("#token").fill("another-token-of-that-length")
        page.keyboard.press("Enter")
        expect(page.locator("#token-note")).to_contain_text("not this gateway's")
        seen["wrong token"] = serious(page)
        page.locator("#token").fill(token)
        page.keyboard.press("Enter")
        expect(page.locator("#token-dialog")).to_be_hidden()
        page.locator("#backfill-symbols").fill("AAPL")
        page.locator("#backfill-from").fill("2026-10-01")
        page.locator("#backfill").click()
        expect(page.locator("#backfill-start")).to_be_enabled(timeout=WAIT_MS)
        seen["cost"] = serious(page)
        page.locator("#backfill-start").click()
        expect(page.locator("#jobs li").first).to_contain_text("done", timeout=WAIT_MS)
        seen["jobs"] = serious(page)
        picture(page, f"jobs-{scheme}")
        page.context.close()
    assert {name: found for name, found in seen.items() if found} == {}
