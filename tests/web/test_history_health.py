"""The history and the health page in a real browser: backfill, verify, an hour of figures."""

import math
from collections.abc import Callable

import httpx2
import pytest
from playwright.sync_api import Page, expect

from polytape.model.timestamps import iso
from polytape.net.storage import open_storage
from polytape.store.segments import SegmentStore
from tests.web.scene import BEGIN, MARKET, SHOWN, WAIT_MS, ZONED, desk_at, loaded, picture, until

pytestmark = [
    pytest.mark.long,
    pytest.mark.process,
    pytest.mark.socket,
    pytest.mark.timeout(240),
]


def test_a_backfill_is_counted_begun_followed_and_seen_on_the_map(
    visit: Callable[..., Page],
) -> None:
    """First the cost; then the button; then progress by the list of jobs; then the months are
    final, and the report names the cause of each gap.
    """
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    with desk_at(store=store) as url:
        page = visit(url, "#/history?symbol=AAPL&timeframe=15min")
        start = page.locator("#backfill-start")
        expect(start).to_be_disabled()
        page.locator("#backfill-symbols").fill("AAPL MSFT SPY")
        page.locator("#backfill-from").fill("2026-06-01")
        page.locator("#backfill-to").fill("2026-09-30")
        page.locator("#backfill").click()
        expect(page.locator("#backfill-note")).to_contain_text("requests of the budget")
        expect(page.locator("#backfill-note")).to_contain_text("at most")
        expect(start).to_be_enabled()
        page.locator("#backfill-from").fill("2026-07-01")
        expect(start).to_be_disabled()
        page.locator("#backfill").click()
        expect(start).to_be_enabled(timeout=WAIT_MS)
        start.click()
        job = page.locator("#jobs li").first
        expect(job).to_contain_text("backfill AAPL, MSFT, SPY")
        expect(job).to_contain_text("done", timeout=WAIT_MS)
        july = page.locator("#history-map td.final").first
        expect(july).to_have_attribute("title", "SPY 2026-07: 22 of 22 trading days")
        page.locator("#verify-symbol").fill("aapl")
        page.locator("#verify-form button[type=submit]").click()
        report = page.locator("#verify-report .report").first
        expect(report).to_contain_text("AAPL 1min", timeout=WAIT_MS)
        expect(page.locator("#verify-report")).to_contain_text("exchange holiday")
        page.locator("#view-history").evaluate("view => { view.scrollTop = 0; }")
        picture(page, "history")
        (job_row,) = httpx2.get(f"{url}/api/v1/jobs").json()["jobs"]
        page.context.close()
    assert (job_row["state"], job_row["failed"]) == ("done", 0)
    assert job_row["done"] == job_row["total"] >= 3


def test_a_job_is_cancelled_by_its_button(visit: Callable[..., Page]) -> None:
    """Of many symbols it stops where it is, and says so."""
    store = SegmentStore(open_storage("memory"), "synthetic/0", MARKET)
    names = " ".join(f"{a}{b}" for a in "ABCD" for b in "ABCD")
    with desk_at(store=store) as url:
        page = visit(url, "#/history?symbol=AAPL&timeframe=1day")
        page.locator("#backfill-symbols").fill(names)
        page.locator("#backfill-from").fill("2017-01-01")
        page.locator("#backfill").click()
        expect(page.locator("#backfill-start")).to_be_enabled(timeout=WAIT_MS)
        page.locator("#backfill-start").click()
        job = page.locator("#jobs li").first
        job.locator("button").click(timeout=WAIT_MS)
        expect(job).to_contain_text("cancelled", timeout=WAIT_MS)
        expect(job.locator("progress")).to_be_hidden()
        page.context.close()


def test_the_hour_of_the_health_page_is_the_gateways(
    still: str, visit: Callable[..., Page]
) -> None:
    """A browser that comes later sees the figures that were before it."""
    past = httpx2.get(f"{still}/api/v1/status/history").json()
    assert past["figures"]["requests"]
    page = visit(still, "#/health?symbol=AAPL&timeframe=15min")
    until(page, SHOWN["health"])
    expect(page.locator("#health-plots figure")).to_have_count(8)
    expect(page.locator("#health-plots figure").nth(4)).to_contain_text("100")
    expect(page.locator("#health-facts")).to_contain_text("Lag of the vendor")
    expect(page.locator("#gateway")).to_contain_text("no gaps")
    expect(page.locator("#health-log")).to_contain_text("connected")


def test_an_hour_of_figures_is_drawn_and_a_restart_breaks_the_line(
    still: str, visit: Callable[..., Page]
) -> None:
    """Figures of a busy hour are given to the page in place of the gateway's; in its midst the
    gateway was started anew, and counted from 0.
    """
    place = "#/health?symbol=AAPL&timeframe=15min"
    page = visit(still, place)
    page.route("**/status/history", lambda route: route.fulfill(json=busy_hour()))
    page.reload()
    until(page, SHOWN["health"])
    lines = page.locator("#health-plots figure").first.locator("polyline")
    expect(lines).to_have_count(2)
    log = page.locator("#health-log li")
    expect(log).to_have_count(4)
    expect(log.first).to_contain_text("backfilled: 10:25 to 10:26")
    expect(page.locator("#health-note")).to_be_empty()
    picture(page, "health")
    dark = visit(still, "#/chart?symbol=AAPL&timeframe=15min", color_scheme="dark")
    loaded(dark, "AAPL · 15m")
    dark.keyboard.press("v")
    until(dark, "polytape.view().bands.all.length > 0")
    until(dark, ZONED)
    picture(dark, "dark")


def busy_hour() -> dict[str, object]:
    """An answer of `/status/history`: a minute without samples after 30 minutes, then a new run."""
    begin, per_run = BEGIN // 1_000_000 - 3_600, 120
    places = [n for n in range(2 * per_run) if n not in range(per_run - 4, per_run)]
    inside = [n % per_run for n in places]
    wave = [1 + math.sin(n / 9) + 0.3 * math.sin(n * 7.3) for n in places]

    def counted(scale: float) -> list[float]:
        """Sums of each run by itself."""
        sums, total = [], 0.0
        for n, height in zip(inside, wave, strict=True):
            total = (total if n else 0.0) + scale * max(height, 0.05)
            sums.append(total)
        return sums

    cut, healed = iso((begin + 1_500) * 1_000_000), iso((begin + 1_560) * 1_000_000)
    return {
        "feed": [
            {"at": at, "kind": kind, "detail": detail, "start": start, "end": end}
            for at, kind, detail, start, end in (
                (iso(begin * 1_000_000), "connected", "to the vendor", None, None),
                (cut, "gap", "the vendor hung up", cut, None),
                (healed, "reconnected", "to the vendor", None, None),
                (healed, "backfilled", "", cut, healed),
            )
        ],
        "every_seconds": 15.0,
        "at": [iso((begin + 15 * n) * 1_000_000) for n in places],
        "figures": {
            "requests": counted(60),
            "bars_served": counted(90_000),
            "fetches": counted(4),
            "answered_from_memory": counted(50),
            "rate_limit.remaining": [100.0 - round(30 * max(height, 0)) for height in wave],
            "cached_bytes": [4e6 + 3e5 * n for n in inside],
            "bytes_in_flight": [2e6 * max(height, 0) for height in wave],
            "store_bytes": [3e8 + 4e5 * n for n in range(len(places))],
        },
    }
