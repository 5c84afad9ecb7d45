"""What the page's tests share: gateways of a made-up market of one past day, and looks at a page."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.market import xnys
from polytape.model.units import MINUTE_US
from polytape.store.segments import SegmentStore
from polytape.upstream.bar_feed import BarFeed
from polytape.upstream.budget.budget import Budget
from polytape.upstream.live import LiveSource
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.synthetic.source import Synthetic
from polytape.web.page import page_routes
from polytape.wire.polygon.events import MinuteAggregate

MARKET = xnys()
DAY = date(2026, 11, 18)
OPEN = MARKET.session(DAY).open  # type: ignore[union-attr]
BEGIN = OPEN + 90 * MINUTE_US
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
# Pictures of a run, to be looked at; with POLYTAPE_PICTURES=docs/pictures those of the docs alone.
PICTURES = Path(os.environ.get("POLYTAPE_PICTURES", "build/pictures"))
OF_DOCS = {"layers", "scanner", "as-of", "history", "health", "dark", "phone"}
WAIT_MS = 40_000
LAPTOP = {"width": 1_440, "height": 820}
PHONE = {"width": 390, "height": 780}
# Of a cell of the scanner's.
FILLED = "cell => cell.textContent !== '…'"
ZONED = f"[...document.querySelectorAll('#scan-rows td.zone')].every({FILLED})"
# What has to be there before a view is looked at.
SHOWN = {
    "chart": "polytape.bars().length > 0",
    "scanner": "document.querySelector('#scan-rows td.last')?.textContent !== ''",
    "health": "document.querySelector('#health-plots polyline') !== null",
    "history": "/keeps nothing/.test(document.querySelector('#history-note').textContent)",
}
# Colours enough for a page of text, lines and bands: half of the bytes.
PICTURE_COLOURS = 256


class Desk:
    """A made-up market of one day in the past, and gateways of it, one after the other."""

    def __init__(
        self,
        speed: float,
        *,
        token: str | None = None,
        store: SegmentStore | None = None,
        begin: int = BEGIN,
    ) -> None:
        self.clock = MarketClock(begin, speed, time.monotonic)
        self.port = 0
        self._token = token
        self._store = store
        self._gateway = ExitStack()

    def open(self, feed: LiveSource | None = None) -> str:
        source = Synthetic(MARKET, self.clock.now).upstream()
        live = feed or BarFeed(source.bars, self.clock, lambda: ())
        gateway = Gateway(
            source, MARKET, self.clock.now, Budget.of(100, 1.0), self._store, live, self.clock
        )
        app = create_app(gateway, token=self._token, page=page_routes())
        url = self._gateway.enter_context(running(app, port=self.port))
        self.port = int(url.rpartition(":")[2])
        return url

    def close(self) -> None:
        self._gateway.close()


@contextmanager
def desk_at(speed: float = 0.0, feed: LiveSource | None = None, **options: Any) -> Iterator[str]:
    """The URL of a gateway; its market stands still where no speed is given."""
    desk = Desk(speed or 1.0, **options)
    if not speed:
        desk.clock.pause()
    try:
        yield desk.open(feed)
    finally:
        desk.close()


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
    """What the page shows, as a file that is small enough for a repository."""
    if "POLYTAPE_PICTURES" in os.environ and name not in OF_DOCS:
        return
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"page-{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(
            PICTURE_COLOURS, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE
        )
    few.save(path, optimize=True)


def minute_at(symbol: str, minute: int, price: float) -> Any:
    """A minute bar of the feed, of one price."""
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
