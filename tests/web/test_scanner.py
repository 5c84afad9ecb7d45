"""The scanner of the page in a real browser: its table at every size, five hundred symbols of it, its
lists, its past.
"""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Page, expect

from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US
from tests.web.scene import BEGIN, WAIT_MS, ZONED, desk_at, loaded, picture, until

pytestmark = [
    pytest.mark.long,
    pytest.mark.process,
    pytest.mark.socket,
    pytest.mark.timeout(240),
]


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
    until(page, ZONED)
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


def test_five_hundred_symbols_are_kept_up_with(visit: Callable[..., Page]) -> None:
    """The table is filled by few requests, and a key is answered while it is; a minute of all
    symbols changes each row once, and a minute of one symbol that row alone.
    """
    with desk_at() as url:
        names = [f"{a}{b}" for a in "ABCDEFGHIJKLMNOPQRSTUVW" for b in "ABCDEFGHIJKLMNOPQRSTUVW"]
        page = visit(
            url, "#/scanner?symbol=SPY&timeframe=15min", storage_state=state_of(url, names[:500])
        )
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
        page.reload()
        expect(page.locator("#scan-rows tr")).to_have_count(500)
        page.keyboard.press("2")
        loaded(page, "SPY · 5m")
        filled = "[...document.querySelectorAll('#scan-rows td.last')].every(c => c.textContent)"
        for _ in range(5):
            with suppress(AssertionError):
                until(page, filled)
        until(page, filled)
        assert asked.count("watchlist") == 13
        assert asked.count("scan") <= 2, "zones of the table come by the batch"
        known = "[...document.querySelectorAll('#scan-rows tr:not(.failed)')]"
        live = page.evaluate(f"{known}.map(row => row.dataset.symbol)")
        page.evaluate(COUNT_ROWS)
        assert rows_moved(page, live) == dict.fromkeys(live, 1)
        assert rows_moved(page, live[:1]) == {live[0]: 1}
        # What is far from sight has no boxes, and has its figures when it comes into sight.
        assert 20 < page.evaluate(BOXES) < 100
        last = page.locator("#scan-rows tr").last.locator("td.last")
        last.evaluate("cell => cell.closest('tr').scrollIntoView()")
        expect(last).to_be_visible()
        assert 20 < page.evaluate(BOXES) < 100
        page.context.close()


BOXES = "[...document.querySelectorAll('#scan-rows td.zone')].filter(c => c.offsetWidth > 0).length"
# Of each row, how many prices were written: the last one moves with every minute that is sent.
COUNT_ROWS = """() => {
  window.moved = {};
  new MutationObserver(changes => {
    for (const { target } of changes) {
      const cell = target.nodeType === 1 ? target : target.parentElement;
      if (!cell?.classList.contains("last")) continue;
      const name = cell.parentElement.dataset.symbol;
      window.moved[name] = (window.moved[name] ?? 0) + 1;
    }
  }).observe(document.querySelector("#scan-rows"), { subtree: true, childList: true, characterData: true });
}"""
SEND = """symbols => {
  window.minute = (window.minute ?? BEGIN_S) + 60;
  window.moved = {};
  const price = 1000 + window.minute % 1000;
  const bar = { open: price, high: price, low: price, close: price, volume: 1, vwap: price, time: window.minute };
  polytape.feed(symbols.map(symbol => ({ symbol, kind: "AM", bar })));
}""".replace("BEGIN_S", str(BEGIN // 1_000_000))


def rows_moved(page: Page, symbols: list[str]) -> dict[str, int]:
    """Send a minute of symbols; how often the price of each row was written until all were."""
    page.evaluate(SEND, symbols)
    until(page, f"Object.keys(window.moved).length >= {len(symbols)}")
    moved: dict[str, int] = page.evaluate("window.moved")
    return moved


def state_of(url: str, symbols: list[str]) -> dict[str, object]:
    """What a browser remembers that has one list."""
    kept = {"name": "polytape.watchlists", "value": json.dumps({"Watchlist": symbols})}
    return {"cookies": [], "origins": [{"origin": url, "localStorage": [kept]}]}


def test_the_scanner_is_of_the_same_past_instant_and_steps_keep_what_is_in_sight(
    still: str, visit: Callable[..., Page]
) -> None:
    """The table asks as of the chart's instant; bars that come by the feed do not reach it; a step
    changes neither the width nor the place of the newest bar.
    """
    moment = iso(BEGIN - 60 * MINUTE_US)
    page = visit(still, f"#/chart?symbol=AAPL&timeframe=5min&as_of={moment}")
    with page.expect_request("**/scan/batch") as asked:
        loaded(page, "AAPL · 5m")
    assert json.loads(asked.value.post_data or "")["as_of"] == moment
    expect(page.locator("#scan-as-of")).to_contain_text("as of Wed 2026-11-18 10:00")
    last = page.locator('tr[data-symbol="AAPL"] td.last')
    expect(last).not_to_be_empty()
    before = last.inner_text()
    page.evaluate(SEND, ["AAPL"])
    page.keyboard.press("+")
    seen = page.evaluate(SEEN)
    page.keyboard.press(".")
    until(page, f"polytape.bars().at(-1)?.time === {(BEGIN - 60 * MINUTE_US) // 1_000_000}")
    after = page.evaluate(SEEN)
    assert not last.inner_text().startswith("1,"), "the price that was sent is of another instant"
    assert not before.startswith("1,")
    assert after == pytest.approx(seen)
    page.keyboard.press("a")
    expect(page.locator("#scan-as-of")).to_be_hidden()


# How many bars are in sight, and how many places are behind the newest.
SEEN = """async () => {
  // What a key moves is moved with the next frame.
  await new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)));
  const { from, to } = polytape.view().inSight();
  return [to - from, to - polytape.bars().length];
}"""


BOTTOM = "id => document.getElementById(id).getBoundingClientRect().bottom"


@pytest.mark.parametrize("size", [(1_400, 900), (1_920, 1_080), (768, 1_024), (390, 780)])
def test_nothing_is_cut_at_the_usual_sizes(
    still: str, visit: Callable[..., Page], size: tuple[int, int]
) -> None:
    """The zone and its distance are whole; at a desk the table is, too, and the tools take a line;
    what scrolls says so.
    """
    viewport = {"width": size[0], "height": size[1]}
    page = visit(still, "#/scanner?symbol=AAPL&timeframe=15min", viewport=viewport)
    until(page, ZONED)
    right = "document.querySelector('th.distance').getBoundingClientRect().right"
    assert page.evaluate(right) <= size[0]
    overlap = "[...document.querySelectorAll('#scan-rows td.zone')].some(c => c.scrollWidth > c.clientWidth)"
    assert not page.evaluate(overlap)
    page.locator("#nav-chart").click()
    loaded(page, "AAPL · 15m")
    tools = page.locator("#tools")
    if size[0] >= 1_400:
        table = "document.querySelector('#view-scanner .scroll')"
        assert page.evaluate(f"{table}.scrollWidth <= {table}.clientWidth")
        assert tools.evaluate("tools => tools.offsetHeight") < 45
        page.keyboard.press("a")
        page.keyboard.press(",")
        expect(page.locator("#scan-as-of")).to_be_visible()
        edges = [
            page.evaluate(BOTTOM, name) for name in ("tools", "scan-tools", "as-of", "scan-as-of")
        ]
        assert edges[0] == edges[1]
        assert edges[2] == edges[3]
    if size[0] < 400:
        expect(tools).to_have_class("more-right")
        expect(page.locator("#hours")).to_be_in_viewport()
        expect(page.locator("#gateway-now")).to_contain_text("budget 100/100 · lag: ")
        shown = page.locator("#gateway").evaluate(
            "it => [it.innerText, it.scrollWidth - it.clientWidth]"
        )
        assert shown == [page.locator("#gateway-now").inner_text(), 0]


def test_a_list_of_one_tab_is_in_the_other(still: str, visit: Callable[..., Page]) -> None:
    """A pasted text says what is left out of it; nothing that was saved is overwritten unseen."""
    page = visit(still, "#/scanner?symbol=SPY&timeframe=15min")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#scan-rows tr")).to_have_count(10)
    page.locator("#scan-edit").click()
    page.locator("#list-name").fill("Mine")
    page.locator("#list-symbols").fill("ibm; ko\nKIMpL <b>x</b> 12%")
    expect(page.locator("#list-note")).to_contain_text("3 symbols; left out")
    page.locator("#list-form button[type=submit]").click()
    expect(page.locator("#scan-rows tr")).to_have_count(3)
    expect(other.locator("#scan-list option")).to_have_count(2)
