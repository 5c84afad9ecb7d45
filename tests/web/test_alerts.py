"""Alerts beyond the page: a tone and a notification of the desktop, only where they were switched on.

The browser's sound and notifications are real; a script of the test's counts what the page does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
import pytest
from playwright.sync_api import Page, expect

from polytape.model.units import MINUTE_US
from tests.fakes.feed import ScriptedFeed
from tests.web.scene import BEGIN, WAIT_MS, desk_at, minute_at, until

pytestmark = [
    pytest.mark.long,
    pytest.mark.process,
    pytest.mark.socket,
    pytest.mark.timeout(120),
]
PLACE = "#/scanner?symbol=SPY&timeframe=15min"
COUNTED = """
window.counted = { requests: 0, notices: [], tones: 0 };
const ask = Notification.requestPermission.bind(Notification);
Notification.requestPermission = () => { counted.requests += 1; return ask(); };
window.Notification = new Proxy(Notification, {
  construct(notification, [title, options]) {
    counted.notices.push(`${title} ${options.body}`);
    return new notification(title, options);
  },
});
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function () { counted.tones += 1; return start.call(this); };
"""


@contextmanager
def a_zone_to_enter() -> Iterator[tuple[str, Callable[[], None]]]:
    """The URL of a gateway, and what sends the price of AAPL into its farthest zone and out."""
    feed = ScriptedFeed()
    minutes = iter(range(BEGIN // MINUTE_US, BEGIN // MINUTE_US + 60))
    with desk_at(feed=feed) as url:
        scan = httpx2.post(f"{url}/api/v1/scan", json={"symbol": "AAPL"}).json()
        zone = max(scan["zones"], key=lambda zone: abs(zone["centre"] - scan["price"]))

        def enter() -> None:
            for price in (scan["price"] * 3, zone["centre"]):
                feed.send([minute_at("AAPL", next(minutes), price)])

        yield url, enter


def watched(page: Page) -> None:
    """The page, once it warns of zones of every level."""
    zone = page.locator('#scan-rows tr[data-symbol="AAPL"] td.zone')
    expect(zone).to_contain_text("L", timeout=WAIT_MS)
    panel = page.locator("#alert-panel")
    if panel.get_attribute("open") is None:
        panel.locator("summary").click()
    page.locator("#alert-level").select_option("L1")


def test_sound_and_notification_come_where_they_were_switched_on_and_allowed(
    visit: Callable[..., Page],
) -> None:
    """None is asked for until the switch is turned, though the browser would allow it; then an entry
    is one tone and one notification, after a reload, too.
    """
    with a_zone_to_enter() as (url, enter):
        page = visit(url, PLACE, permissions=["notifications"])
        page.context.add_init_script(COUNTED)
        page.reload()
        watched(page)
        enter()
        expect(page.locator("#alerts li")).to_have_count(1)
        assert page.evaluate("counted") == {"requests": 0, "notices": [], "tones": 0}
        page.locator("#alert-desktop").check()
        page.locator("#alert-sound").check()
        assert page.evaluate("[counted.requests, counted.tones]") == [1, 1]
        page.reload()
        watched(page)
        page.locator("#alert-level").click()
        page.keyboard.press("Escape")
        enter()
        until(page, "counted.tones === 1 && counted.notices.length === 1")
        assert "AAPL" in page.evaluate("counted.notices[0]")
        assert page.evaluate("counted.requests") == 0
        page.context.close()


def test_a_browser_that_does_not_allow_notifications_says_so(
    still: str, visit: Callable[..., Page]
) -> None:
    """The switch goes back, and a word says where that is changed."""
    page = visit(still, PLACE)
    page.locator("#alert-panel summary").click()
    page.locator("#alert-desktop").click()
    expect(page.locator("#alert-note")).to_contain_text("does not allow notifications")
    expect(page.locator("#alert-desktop")).not_to_be_checked()
