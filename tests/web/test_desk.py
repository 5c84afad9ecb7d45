"""The page in a real browser, all that a trader does with it: as of, layers, live bars, cuts, history,
health, keys, a phone. The pictures of the docs are made on the way.
"""

import json
import time
from collections.abc import Callable
from datetime import date
from io import BytesIO

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US
from tests.web.cut_street import cut_street
from tests.web.scene import (
    AXE,
    BEGIN,
    LAPTOP,
    MARKET,
    PHONE,
    SHOWN,
    WAIT_MS,
    ZONED,
    Desk,
    desk_at,
    drawn,
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
    until(page, "polytape.view().bands.all.length > 0")
    until(page, ZONED)
    picture(page, "as-of")
    page.locator("#as-of-now").click()
    until(page, f"polytape.bars().at(-1)?.time > {last + 900}")
    assert "as_of" not in page.url


def test_a_chart_without_bars_says_why_and_has_no_crosshair(
    still: str, visit: Callable[..., Page]
) -> None:
    """Before a symbol's first bar: the instant, and what to do; nothing is drawn at its left edge."""
    page = visit(still, "#/chart?symbol=AAPL&timeframe=1min&as_of=1999-07-02T14:00:00Z")
    state = page.locator("#chart-state")
    expect(state).to_contain_text("before Fri 1999-07-02 10:00 New York. Choose a later instant")
    box = page.locator("#chart").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    shot = page.screenshot(clip={"x": box["x"], "y": box["y"] + 60, "width": 3, "height": 400})
    with Image.open(BytesIO(shot)) as image:
        assert len(image.convert("RGB").getcolors() or []) == 1


def test_layers_are_switched_and_remembered(still: str, visit: Callable[..., Page]) -> None:
    """Zones with their parts under the pointer; what was chosen is chosen after a reload."""
    page = visit(still, "#/chart?symbol=AAPL&timeframe=15min")
    loaded(page, "AAPL · 15m")
    for key in ("p", "c", "v", "d"):
        page.keyboard.press(key)
    for name in ("zones", "swings", "profile", "pivots", "vwap", "session"):
        expect(page.locator(f"#layer-{name}")).to_have_attribute("aria-pressed", "true")
    until(page, "polytape.view().bands.all.length > 0")
    box = page.locator("#chart").bounding_box()
    assert box is not None
    for share in range(4, 96, 2):
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * share / 100)
        if page.locator("#tip .chip").count():
            break
    expect(page.locator("#tip .chip").first).to_be_visible()
    expect(page.locator("#tip")).to_contain_text("votes")
    expect(page.locator("#tip")).to_contain_text("ATR) to its centre")
    until(page, ZONED)
    picture(page, "layers")
    page.reload()
    loaded(page, "AAPL · 15m")
    expect(page.locator("#layer-vwap")).to_have_attribute("aria-pressed", "true")


def test_a_closed_market_is_closed_and_not_stale(visit: Callable[..., Page]) -> None:
    """On the evening before a holiday: when it opens next; a gateway that is gone is cut off."""
    evening = MARKET.session(date(2026, 11, 25)).extended.end  # type: ignore[union-attr]
    desk = Desk(1.0, begin=evening + 60 * MINUTE_US)
    try:
        page = visit(desk.open(), "#/chart?symbol=AAPL&timeframe=15min", strict=False)
        loaded(page, "AAPL · 15m")
        expect(page.locator("#feed-word")).to_have_text("closed")
        expect(page.locator("#hours")).to_have_text("opens Fri 27 Nov 09:30, closes early at 13:00")
        expect(page.locator("#stale-word")).to_be_hidden()
        picture(page, "closed")
        desk.close()
        expect(page.locator("#feed-word")).to_have_text("cut off", timeout=WAIT_MS)
        expect(page.locator("#stale-word")).to_be_hidden()
        page.context.close()
    finally:
        desk.close()


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


def test_every_view_has_nothing_serious_for_axe(still: str, visit: Callable[..., Page]) -> None:
    """Light and dark, at a desk and on a phone; nothing is wider than the phone."""
    for scheme, size in (("light", LAPTOP), ("dark", PHONE)):
        page = visit(
            still, "#/chart?symbol=AAPL&timeframe=15min", color_scheme=scheme, viewport=size
        )
        loaded(page, "AAPL · 15m")
        for view in ("chart", "scanner", "health", "history"):
            page.locator(f"#nav-{view}").click()
            until(page, SHOWN[view])
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
        expect(page.locator("#token-dialog")).to_contain_text("polytape open")
        page.locator("#token-cancel").click()
        expect(page.locator("#chart-state")).to_contain_text("polytape open")
        expect(page.locator("#token-dialog")).to_be_hidden()
        page.locator("#chart-state button").click()
        page.locator("#token").fill("another-token-of-that-length")
        page.locator("#token-form button[type=submit]").click()
        expect(page.locator("#token-note")).to_contain_text("not this gateway's")
        page.locator("#token").fill(token)
        page.locator("#token-form button[type=submit]").click()
        page.reload()
        loaded(page, "AAPL · 1m")
        expect(page.locator("#feed-word")).to_have_text("live", timeout=WAIT_MS)
        assert not any(token in one for one in [*asked, page.url])


def test_keys_are_listed_and_not_taken_from_fields(still: str, visit: Callable[..., Page]) -> None:
    """`?` lists them; a digit in a field is a digit."""
    page = visit(still, "#/chart?symbol=SPY&timeframe=15min")
    loaded(page, "SPY · 15m")
    page.keyboard.press("?")
    expect(page.locator("#help-keys li")).to_have_count(32)
    keys = page.locator("#help-keys kbd").all_inner_texts()
    assert "" not in [key.strip() for key in keys]
    assert "space" in keys
    assert page.locator("#help").evaluate("dialog => dialog.scrollTop") == 0
    expect(page.locator("#help button")).to_be_in_viewport()
    picture(page, "keys")
    page.keyboard.press("Escape")
    page.locator("#scan-filter").fill("1")
    page.locator("#scan-filter").press("8")
    loaded(page, "SPY · 15m")


def test_zones_are_read_by_keyboard_and_by_a_finger(still: str, visit: Callable[..., Page]) -> None:
    """`n` shows the parts of one zone after the other; a tap those of the zone under it."""
    page = visit(still, "#/chart?symbol=AAPL&timeframe=15min")
    loaded(page, "AAPL · 15m")
    until(page, "polytape.view().bands.all.length > 1")
    tip = page.locator("#tip")
    height = page.evaluate("document.querySelector('#chart').clientHeight")
    shown = []
    for _ in range(page.evaluate("polytape.view().bandsInSight(0).length")):
        page.keyboard.press("n")
        expect(tip).to_contain_text("votes")
        shown.append(tip.inner_text())
        y = page.evaluate("polytape.view().markedAt()")
        assert 0 <= y <= height
    assert len(set(shown)) == len(shown) > 1
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    phone = visit(
        still, "#/chart?symbol=AAPL&timeframe=15min", viewport=PHONE, has_touch=True, is_mobile=True
    )
    loaded(phone, "AAPL · 15m")
    until(phone, "polytape.view().bands.all.length > 1")
    inside = "polytape.view().bands.all.map(b => polytape.view().yOf((b.low + b.high) / 2))"
    box = phone.locator("#chart").bounding_box()
    assert box is not None
    y = next(y for y in phone.evaluate(inside) if y is not None and 120 < y < box["height"] - 150)
    phone.touchscreen.tap(box["x"] + 120, box["y"] + y)
    expect(phone.locator("#tip")).to_contain_text("votes")
    picture(phone, "phone")


def test_everything_by_keyboard_alone(still: str, visit: Callable[..., Page]) -> None:
    """Views, scales, symbols, a picture, the past and back: no pointer."""
    page = visit(still, "#/chart?symbol=AAPL&timeframe=15min")
    loaded(page, "AAPL · 15m")
    for key, view in (("S", "scanner"), ("H", "history"), ("E", "health"), ("C", "chart")):
        page.keyboard.press(key)
        expect(page.locator(f"#view-{view}")).to_be_visible()
    page.keyboard.press("l")
    expect(page.locator("#scale-log")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowDown")
    loaded(page, "MSFT · 15m")
    with page.expect_download() as saved:
        page.keyboard.press("s")
    assert saved.value.suggested_filename == "MSFT-15min.png"
    page.keyboard.press("a")
    page.keyboard.press(",")
    until(page, "location.hash.includes('as_of')")
    page.keyboard.press("a")
    until(page, "!location.hash.includes('as_of')")


def test_the_feed_is_cut_for_ten_seconds_and_healed(visit: Callable[..., Page]) -> None:
    """The vendor hangs up while minutes pass: the page says so; then none is missing, and each is
    the API's.
    """
    with cut_street() as street:
        # Nothing else is asked of the vendor, which makes its bars up as it is asked.
        kept = {"watchlists": {"Watchlist": ["AAPL"]}, "layers": []}
        state = [{"name": f"polytape.{n}", "value": json.dumps(v)} for n, v in kept.items()]
        origins = {"cookies": [], "origins": [{"origin": street.url, "localStorage": state}]}
        place = "#/chart?symbol=AAPL&timeframe=1min"
        page = visit(street.url, place, strict=False, storage_state=origins)
        loaded(page, "AAPL · 1m")
        street.wait_for_topics()
        first = drawn(page)[-1]["time"]
        until(page, f"polytape.bars().at(-1)?.time >= {first + 120}")
        street.vendor.stop_listening()
        cut, end = drawn(page)[-1]["time"], time.monotonic() + 10
        expect(page.locator("#feed-word")).not_to_have_text("live", timeout=WAIT_MS)
        expect(page.locator("#gateway")).to_contain_text("gap")
        page.wait_for_timeout(max(0.0, end - time.monotonic()) * 1_000)
        street.vendor.listen_again()
        expect(page.locator("#feed-word")).to_have_text("live", timeout=WAIT_MS)
        until(page, f"polytape.bars().at(-1)?.time >= {cut + 6 * 60}")
        bars = [bar for bar in drawn(page) if bar["time"] >= first][:-1]
        query = {"symbol": "AAPL", "timeframe": "1min", "start_date": iso(first * 1_000_000)}
        answer = httpx2.post(f"{street.url}/api/v1/bars", json=query).json()["data"]
        page.context.close()
    assert [bar["time"] for bar in bars] == [first + 60 * n for n in range(len(bars))]
    assert [bar["close"] for bar in bars] == [row["close"] for row in answer][: len(bars)]
