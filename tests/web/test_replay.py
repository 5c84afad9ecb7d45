"""The page of a replay: whoever turns its clock, what is drawn is of the market's time."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US
from tests.web.scene import BEGIN, DAY, MARKET, ZONED, Desk, loaded, until

pytestmark = [
    pytest.mark.long,
    pytest.mark.process,
    pytest.mark.socket,
    pytest.mark.timeout(120),
]
# Long before the minute of the wall clock is over.
SOON_MS = 6_000
# Rows whose zone is support above the price, or resistance below it.
WRONG_SIDES = """[...document.querySelectorAll('#scan-rows td.zone')].filter(
  cell => /support above|resistance below/.test(cell.textContent)).length"""


def test_a_clock_that_is_stepped_or_ends_is_the_pages_at_once(visit: Callable[..., Page]) -> None:
    """Clock, levels and the list's sides are of the instant that was stepped to; at its end the page's
    clock stands as the gateway's does.
    """
    desk = Desk(60.0)
    end = MARKET.session(DAY).extended.end  # type: ignore[union-attr]
    desk.clock.end = end
    try:
        page = visit(desk.open(), "#/scanner?symbol=SPY&timeframe=5min")
        loaded(page, "SPY · 5m")
        until(page, ZONED)
        desk.clock.pause()
        length = BEGIN + 150 * MINUTE_US - desk.clock.now()
        with page.expect_response(
            lambda answer: (
                answer.url.endswith("/scan")
                and answer.json()["as_of"] == iso(BEGIN + 150 * MINUTE_US)
            ),
            timeout=SOON_MS,
        ):
            desk.clock.step(length)
        clock = page.locator("#market-clock")
        expect(clock).to_have_text("13:30:00 New York paused", timeout=SOON_MS)
        expect(page.locator("#scan-count")).to_contain_text("zones as of 13:30", timeout=SOON_MS)
        assert page.evaluate(WRONG_SIDES) == 0
        expect(page.locator("#levels-as-of")).to_be_hidden()
        desk.clock.resume()
        desk.clock.set_speed(36_000.0)
        expect(clock).to_have_text("20:00:00 New York ended", timeout=SOON_MS)
        page.context.close()
    finally:
        desk.close()


def test_another_symbol_than_was_written_is_said(still: str, visit: Callable[..., Page]) -> None:
    """What enter takes for a slip stands beside the symbol, until another one is shown."""
    page = visit(still, "#/chart?symbol=SPY&timeframe=15min")
    loaded(page, "SPY · 15m")
    for text, said in (("APPL", "APPL → AAPL"), ("qqq", "")):
        page.keyboard.press("/")
        page.locator("#symbol").fill(text)
        page.keyboard.press("Enter")
        loaded(page, f"{(said or 'QQQ').rpartition(' ')[2]} · 15m")
        expect(page.locator("#written")).to_have_text(said)
