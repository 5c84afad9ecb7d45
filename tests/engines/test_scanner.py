"""The scanner and the tools: knowable then, the same by every way, honest about what is missing."""

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape import (
    AsyncCamarillaEngine,
    AsyncConfluenceScanner,
    AsyncFractalEngine,
    AsyncHVNEngine,
    AsyncPolygonClient,
    AsyncZoneCalculator,
    CamarillaEngine,
    ConfluenceScanner,
    FractalEngine,
    HVNEngine,
    PolygonClient,
    ZoneCalculator,
)
from polytape.engines.flow import run_with
from polytape.engines.fractal_run import fractal_flow
from polytape.engines.hvn_run import hvn_flow
from polytape.engines.options import FractalOptions, HvnOptions, ScanOptions, ZoneOptions
from polytape.engines.scan_result import ScanResult
from polytape.engines.scanner import scan_flow
from polytape.engines.zone_run import zone_flow
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET

TODAY = date(2026, 11, 23)
WHEN = "2026-11-18 11:30 America/New_York"


def at(text: str) -> int:
    return parse_instant(f"{text} America/New_York", "at", MARKET)


def answers(
    source: Synthetic | FlatFiles, market: Market, *, lie: int = 0
) -> Callable[[BarsQuery], Bars]:
    """Answers from a source. With `lie`, each reaches so much too far into the future."""

    def answer(query: BarsQuery) -> Bars:
        further = query.over(Span(query.span.start, query.span.end + lie))
        stored = source.bars(further.of_series(market)).bars
        splits = source.upstream().reference.splits(query.symbol) or ()
        return further.answer(stored, splits, market=market, today=TODAY)

    return answer


def scanned(source: Synthetic | FlatFiles, market: Market, moment: int, **how: int) -> ScanResult:
    return run_with(
        scan_flow("AAPL", moment, market, ScanOptions()), answers(source, market, **how)
    )


@settings(max_examples=8)
@given(st.integers(at("2026-10-28 00:00"), at("2026-11-06 00:00")))
def test_bars_from_the_future_change_nothing(
    synthetic: Synthetic, market: Market, moment: int
) -> None:
    """Over a change of the clock: a server that answers too much does not leak the future."""
    honest = scanned(synthetic, market, moment)
    assert scanned(synthetic, market, moment, lie=3 * 86_400_000_000).to_dict() == honest.to_dict()


def test_a_scan_names_its_parts_and_what_it_lacks(synthetic: Synthetic, market: Market) -> None:
    found = scanned(synthetic, market, at("2026-11-18 11:30"))
    assert len(found.zones) >= 3
    assert found.errors == {}
    assert set(found.counts) == {
        "atr",
        "camarilla",
        "daily",
        "fractal",
        "hvn",
        "market-structure",
        "weekly",
    }
    assert found.low is not None
    assert all(zone.parts and found.low <= zone.parts[0].level for zone in found.zones)
    frame = found.to_frame()
    assert list(frame["score"]) == sorted(frame["score"], reverse=True)
    assert "AAPL" in repr(found)
    early = Bars.empty()
    bare = run_with(
        scan_flow("AAPL", at("2026-11-18 11:30"), market, ScanOptions()), lambda _: early
    )
    assert (bare.zones, bare.price) == ((), None)
    assert bare.errors == {"confluence": "too little history for the ATRs: no zones"}
    assert "no daily bar before it" in bare.notes


def test_a_short_history_says_which_windows_are_not_filled(
    synthetic: Synthetic, market: Market
) -> None:
    moment, begin = at("2026-11-18 11:30"), at("2026-11-09 00:00")
    whole = answers(synthetic, market)

    def answer(query: BarsQuery) -> Bars:
        bars = whole(query)
        late = query.timeframe.series is Series.MINUTE
        return bars.within(Span(begin, moment)) if late else bars

    found = run_with(scan_flow("AAPL", moment, market, ScanOptions()), answer)
    assert set(found.errors) >= {"hvn-14d", "hvn-30d"}
    assert "hvn-7d" not in found.errors
    assert "begin on 2026-11-09 only" in found.errors["hvn-30d"]


def test_wrong_candles_spoil_one_source_alone(synthetic: Synthetic, market: Market) -> None:
    whole = answers(synthetic, market)

    def answer(query: BarsQuery) -> Bars:
        bars = whole(query)
        if query.timeframe.value == "1day":
            bars.close[-1] = bars.high[-1] * 2  # a close outside its day
        return bars

    found = run_with(scan_flow("AAPL", at("2026-11-18 11:30"), market, ScanOptions()), answer)
    assert "close" in found.errors["cam-daily"]
    assert len(found.zones) >= 2


def test_a_split_inside_the_window_moves_no_level(synthetic: Synthetic, market: Market) -> None:
    """The same prices, half of them as if traded before a 4-for-1 split: adjusted, all is equal."""
    moment = at("2026-11-18 11:30")
    plain = scanned(synthetic, market, moment)
    whole = answers(synthetic, market)
    day = at("2026-11-10 00:00")

    def answer(query: BarsQuery) -> Bars:
        bars = whole(query)
        ratio = np.where(bars.timestamp < day, 4.0, 1.0)
        traded = bars.scaled(1 / ratio, 1 / ratio)  # as traded ...
        return traded.scaled(ratio, ratio)  # ... and adjusted again

    again = run_with(scan_flow("AAPL", moment, market, ScanOptions()), answer)
    assert [z.centre for z in again.zones] == pytest.approx([z.centre for z in plain.zones])
    assert [z.score for z in again.zones] == pytest.approx([z.score for z in plain.zones])


def test_a_halted_symbol_is_read_from_its_last_days(synthetic: Synthetic, market: Market) -> None:
    halted = at("2026-11-13 20:00")
    whole = answers(synthetic, market)
    found = run_with(
        scan_flow("AAPL", at("2026-11-18 11:30"), market, ScanOptions()),
        lambda q: whole(q).within(Span(0, halted)),
    )
    assert found.price is not None
    assert "the last daily bar is of 2026-11-13, the last session was on 2026-11-17" in found.notes


@pytest.mark.parametrize(
    "options",
    [ScanOptions(windows=(5,)), ScanOptions(weekly_levels=()), ScanOptions(daily_levels=(0,))],
)
def test_wrong_options_are_raised(
    options: ScanOptions, synthetic: Synthetic, market: Market
) -> None:
    with pytest.raises(ValidationError):
        run_with(
            scan_flow("AAPL", at("2026-11-18 11:30"), market, options), answers(synthetic, market)
        )
    with pytest.raises(ValidationError):
        next(hvn_flow("AAPL", 0, market, HvnOptions(windows=())))
    with pytest.raises(ValidationError):
        next(fractal_flow("AAPL", at("2026-11-18 11:30"), market, FractalOptions("1day")))


def test_given_levels_stand_in_for_the_weeks(synthetic: Synthetic, market: Market) -> None:
    options = ZoneOptions(weekly_levels=(300, 310), daily_levels=(305,))
    flow = zone_flow("AAPL", at("2026-11-18 11:30"), market, options)
    found = run_with(flow, answers(synthetic, market))
    names = [zone.name for zone in found.zones]
    assert names[:3] == ["WL1", "WL2", "DL1"]
    assert {"PDH", "PDL", "PDC"} <= set(names)


def test_given_levels_out_of_reach_are_named(synthetic: Synthetic, market: Market) -> None:
    """They replace those of the last week, so a typing error cost a scan its weekly levels, in
    silence. A given level in reach needs no word.
    """

    def scan(options: ScanOptions) -> ScanResult:
        flow = scan_flow("AAPL", at("2026-11-18 11:30"), market, options)
        return run_with(flow, answers(synthetic, market))

    plain = scan(ScanOptions())
    price = plain.price or 0.0
    assert not any("left out" in note for note in plain.notes)
    near = scan(ScanOptions(weekly_levels=(price,)))
    assert near.notes == plain.notes
    both = scan(ScanOptions(weekly_levels=(price, 9_471.5)))
    assert both.notes[-1].endswith(f"from the price {price:.2f}: 9471.50")
    assert both.notes[-1].startswith("weekly levels left out, farther than 2 daily ATRs (")
    alone = scan(ScanOptions(daily_levels=(9_471.5,)))
    assert "9471.50; this scan has no daily level, nor the last day's high" in alone.notes[-1]
    assert alone.notes[-1] in repr(alone)


@pytest.mark.realdata
def test_real_bars_make_real_zones(real: FlatFiles, market: Market) -> None:
    flow = scan_flow("SPY", at("2013-10-11 14:30"), market, ScanOptions())
    found = run_with(flow, answers(real, market))
    assert found.price == 170.15
    assert found.structure == "UPTREND"
    assert len(found.zones) >= 4
    assert all(zone.parts for zone in found.zones)
    assert {"hvn-14d", "hvn-30d"} <= set(found.errors)


@pytest.mark.realdata
def test_an_early_close_ends_the_day(real: FlatFiles, market: Market) -> None:
    options = HvnOptions(windows=(7,), include_extended=False)
    flow = hvn_flow("GOOG", at("2015-12-28 12:00"), market, options)
    found = run_with(flow, answers(real, market))
    span = Span(at("2015-12-21 00:00"), at("2015-12-28 12:00"))
    bars = real.bars(series_query("GOOG", Series.MINUTE, span)).bars
    regular = bars.take(market.regular(bars.timestamp))
    assert found.profiles[7].total == pytest.approx(float(regular.volume.sum()))


# Client, HTTP and store say the same


@pytest.mark.socket
async def test_client_async_client_and_http_give_the_same_numbers(gateway: str) -> None:
    paths: dict[str, Callable[[PolygonClient], Any]] = {
        "/api/v1/scan": lambda c: ConfluenceScanner(c).scan("AAPL", WHEN),
        "/api/v1/engines/fractals": lambda c: FractalEngine(c).run("AAPL", WHEN),
        "/api/v1/engines/hvn": lambda c: HVNEngine(c).run("AAPL", WHEN),
        "/api/v1/engines/camarilla": lambda c: CamarillaEngine(c).run("AAPL", WHEN),
        "/api/v1/engines/zones": lambda c: ZoneCalculator(c).run("AAPL", WHEN),
    }
    with PolygonClient(gateway) as client:
        mine = {path: run(client) for path, run in paths.items()}
        assert client.stats().requests == 2  # the clock and one batch; the rest is cached
        session_data = client.get_session_data("AAPL", WHEN)
    other = AsyncPolygonClient(gateway)
    theirs = [
        await AsyncConfluenceScanner(other).scan("AAPL", WHEN),
        await AsyncFractalEngine(other).run("AAPL", WHEN),
        await AsyncHVNEngine(other).run("AAPL", WHEN),
        await AsyncCamarillaEngine(other).run("AAPL", WHEN),
        await AsyncZoneCalculator(other).run("AAPL", WHEN),
    ]
    await other.close()
    async with httpx2.AsyncClient(base_url=gateway, verify=False) as http:
        for (path, result), twin in zip(mine.items(), theirs, strict=True):
            assert result.to_dict() == twin.to_dict()
            answer = await http.post(path, json={"symbol": "aapl", "as_of": WHEN})
            assert msgspec.json.decode(msgspec.json.encode(result.to_dict())) == answer.json()
        body = {"symbol": "AAPL", "as_of": WHEN}
        session = (await http.post("/api/v1/engines/session", json=body)).json()
        assert session["atr_15min"] == str(session_data["atr_15min"])
        wrong = await http.post("/api/v1/scan", json=body | {"options": {"color": "red"}})
        assert (wrong.status_code, "color" in wrong.json()["detail"]) == (400, True)
        for tool, options in (
            ("scan", {"windows": "x"}), ("scan", {"windows": [5]}), ("engines/hvn", {"levels": "many"}),
            ("engines/fractals", {"min_atr_distance": None}), ("engines/zones", {"weekly_levels": 5}),
            ("engines/camarilla", {"variant": "r6"}), ("engines/fractals", {"days_back": 10**9}),
            ("engines/hvn", {"windows": []}), ("engines/hvn", {"price_step": 1e-12}),
        ):  # fmt: skip
            answer = await http.post(f"/api/v1/{tool}", json=body | {"options": options})
            assert answer.status_code == 400, (tool, options, answer.text)
        fine = await http.post(
            "/api/v1/engines/fractals", json=body | {"options": {"fractal_length": 5}}
        )
        assert len(fine.json()["fractals"]["swings"]) > len(
            mine["/api/v1/engines/fractals"].fractals.swings
        )
        lost = await http.post("/api/v1/scan", json={"symbol": "ZZZZZZ"})
        assert lost.status_code == 404
