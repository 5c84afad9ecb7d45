"""Options by one word: docs/howto/moving.md says which, and results follow the older tools' rules."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from polytape.engines.as_of import AsOfBars, days_query, minutes_query
from polytape.engines.atr import true_range
from polytape.engines.camarilla import camarilla
from polytape.engines.flow import run_with
from polytape.engines.options import EngineOptions, PresetOptions, ScanOptions
from polytape.engines.presets import PRESETS, with_preset
from polytape.engines.registry import (
    ATR,
    CAMARILLA,
    ENGINES,
    FRACTALS,
    HVN,
    SCAN,
    ZONES,
    EngineSpec,
)
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.timestamps import number_day
from polytape.model.units import DAY_US
from tests.conftest import MARKET
from tests.engines.conftest import AS_OF, StoredBars
from tests.engines.test_scanner import at

PAGE = Path(__file__).parents[2] / "docs/howto/moving.md"
OLDER = [spec for spec in ENGINES if issubclass(spec.options, PresetOptions)]
older_engines = pytest.mark.parametrize("spec", OLDER, ids=lambda spec: spec.name)

Answer = Callable[[BarsQuery], Bars]


@dataclass(frozen=True)
class Runs:
    """Engines at one instant on made-up bars, by the older rules or by ours."""

    answer: Answer
    market: Market

    def run(self, spec: EngineSpec, as_of: int = AS_OF, **given: Any) -> Any:
        options = with_preset(spec.options(**given), given)
        return run_with(spec.run("AAPL", as_of, self.market, options), self.answer)

    def classic(self, spec: EngineSpec, as_of: int = AS_OF, **given: Any) -> Any:
        return self.run(spec, as_of, preset="classic", **given)

    def known(self, as_of: int) -> AsOfBars:
        minutes = self.answer(minutes_query("AAPL", as_of, self.market))
        days = self.answer(days_query("AAPL", as_of, self.market))
        return AsOfBars(minutes, days, as_of, self.market)


@pytest.fixture(scope="module")
def runs(stored: StoredBars, market: Market) -> Runs:
    return Runs(stored.answer, market)


def documented() -> dict[str, dict[str, object]]:
    """The options of the preset by engine, from the table of the docs."""
    _, _, rest = PAGE.read_text("utf-8").partition("<!-- engines/presets.py -->")
    rows = [line.split("|")[1:3] for line in rest.split("\n\n")[1].splitlines()[2:]]
    options = {name.strip(" `"): re.findall(r"`(\w+)=([^`]+)`", text) for name, text in rows}
    return {
        engine: {name: msgspec.json.decode(value.lower().encode()) for name, value in pairs}
        for engine, pairs in options.items()
    }


@pytest.mark.skipif(not PAGE.is_file(), reason="no checkout")
def test_the_options_of_the_preset_are_those_of_the_docs() -> None:
    """Engine by engine; an engine that takes a preset has one."""
    assert documented() == {spec.name: dict(PRESETS["classic"][spec.options]) for spec in OLDER}


@older_engines
def test_a_preset_sets_options_that_there_are_and_that_differ(spec: EngineSpec) -> None:
    """Each of the kind that the option has; what a caller gave by name wins, be it the default."""
    usual, values = spec.options(), PRESETS["classic"][spec.options]
    assert all(getattr(usual, name) != value for name, value in values.items())
    chosen = with_preset(spec.options(preset="classic"), {"preset"})
    msgspec.json.decode(msgspec.json.encode(chosen), type=spec.options)
    assert {name: getattr(chosen, name) for name in values} == values
    given = {name: getattr(usual, name) for name in values}
    assert with_preset(spec.options(preset="classic", **given), given) == spec.options(
        preset="classic"
    )
    assert with_preset(usual, ()) is usual


@pytest.mark.parametrize("name", ["clasic", "", "Classic", 5, []])
def test_an_unknown_preset_names_those_that_there_are(name: Any) -> None:
    with pytest.raises(ValidationError, match=r"preset=.*one of classic") as caught:
        with_preset(ScanOptions(preset=name), ())
    assert caught.value.param == "preset"


@older_engines
def test_a_result_says_its_preset_and_no_bar_after_the_instant_counts(
    spec: EngineSpec, runs: Runs, stored: StoredBars
) -> None:
    """In a dictionary, in a frame, where it is printed. The running week is only what it was."""
    result = runs.classic(spec)
    assert result.to_dict()["preset"] == result.to_frame().attrs["preset"] == "classic"
    assert "preset classic" in repr(result)
    plain = runs.run(spec)
    assert plain.to_dict()["preset"] is None
    assert "preset" not in repr(plain)
    lying = Runs(replace(stored, lie=3 * DAY_US).answer, runs.market)
    assert lying.classic(spec).to_dict() == result.to_dict()


@pytest.mark.parametrize("spec", [spec for spec in ENGINES if spec not in OLDER])
def test_an_engine_that_no_older_tool_had_takes_none(spec: EngineSpec) -> None:
    options: type[EngineOptions] = spec.options
    assert "preset" not in options.__struct_fields__


# The older rules


def sma(bars: Bars) -> float:
    """The mean of the last 14 true ranges, one by one."""
    return float(sum(true_range(bars)[-14:].tolist()) / 14)


def test_ranges_are_means(runs: Runs) -> None:
    known = runs.known(AS_OF)
    for run in (runs.classic(ZONES), runs.classic(SCAN)):
        assert run.atr_5min == pytest.approx(sma(known.fives))
        assert run.atr_15min == pytest.approx(sma(known.quarters))
        assert run.atr_day == pytest.approx(sma(known.days))
    assert runs.classic(ATR).atr == pytest.approx(sma(known.quarters))
    swings = runs.classic(FRACTALS).fractals
    assert swings.atr_method == "sma"
    assert runs.classic(SCAN).swings == swings.swings


@pytest.mark.parametrize(
    ("moment", "running"),
    [
        ("2026-11-18 11:30", {"week", "month"}), ("2026-11-16 11:30", {"week", "month"}),
        ("2026-11-16 08:00", {"month"}), ("2026-11-14 12:00", {"week", "month"}),
        ("2026-11-15 12:00", {"month"}), ("2026-11-02 09:31", {"week", "month"}), ("2026-11-02 09:30", set()),
    ],
)  # fmt: skip
def test_pivots_are_of_the_week_and_month_that_run(
    moment: str, running: set[str], runs: Runs
) -> None:
    """As far as they went: daily bars before the day, regular minutes of the day that were
    complete. Before the first of them, as the last row of a weekly resample, the week before.
    """
    as_of = at(moment)
    known, day = runs.known(as_of), MARKET.date_of(as_of)
    pivots, ours = runs.classic(CAMARILLA, as_of).pivots, runs.run(CAMARILLA, as_of).pivots
    assert {period for period, one in pivots.items() if one.running} == running
    assert pivots["day"] == ours["day"]
    first = {
        "week": date.fromordinal(day.toordinal() - day.isoweekday() % 7),
        "month": day.replace(day=1),
    }
    for period in ("week", "month"):
        if period not in running:
            assert pivots[period] == ours[period]
            continue
        span = Span(MARKET.midnight(first[period]), as_of)
        whole = known.days.within(span)
        today = known.minutes.within(Span(MARKET.midnight(day), as_of))
        today = today.take(MARKET.regular(today.timestamp))
        closes = [*whole.close, *today.close]
        expected = camarilla(
            max([*whole.high, *today.high]), min([*whole.low, *today.low]), closes[-1]
        )
        assert pivots[period].levels == pytest.approx(expected.levels)
        assert pivots[period].end == (
            day if len(today) else MARKET.date_of(int(whole.timestamp[-1]))
        )


def test_a_running_week_with_a_hole_has_no_pivots(runs: Runs) -> None:
    """Tuesday is lost: nothing stands in for it."""
    hole = MARKET.day_span(date(2026, 11, 17))

    def answer(query: BarsQuery) -> Bars:
        bars = runs.answer(query)
        return bars.take((bars.timestamp < hole.start) | (bars.timestamp >= hole.end))

    run = Runs(answer, runs.market).classic(CAMARILLA, periods=("week",))
    assert run.pivots == {}
    assert run.notes == ("no pivots of the running week: no daily bar of 2026-11-17",)
    assert "week" in Runs(answer, runs.market).run(CAMARILLA).pivots


def test_a_scan_has_the_running_weeks_pivots_among_its_levels(runs: Runs) -> None:
    pivots = runs.classic(CAMARILLA).pivots["week"].levels
    parts = [part for zone in runs.classic(SCAN, nearest=None).zones for part in zone.parts]
    mine = {part.name: part.level for part in parts if part.type == "cam-weekly"}
    assert mine
    assert mine == {name: pivots[name.split()[1]] for name in mine}


def test_nodes_are_from_the_70th_percentile_on(runs: Runs) -> None:
    """Some lie below the 80th, where ours begin."""
    ours = runs.run(HVN)
    below = 0
    for days, profile in runs.classic(HVN).profiles.items():
        least, usual = np.percentile(profile.volumes, [70.0, 80.0])
        assert all(node.volume >= least for node in profile.hvns)
        assert {node.price for node in ours.profiles[days].hvns} <= {
            node.price for node in profile.hvns
        }
        below += sum(node.volume < usual for node in profile.hvns)
    assert below > 0
    assert ours.anchors == {}
    nodes = {f"{p.price:.6f}" for one in runs.classic(HVN).profiles.values() for p in one.hvns}
    scan = runs.classic(SCAN, nearest=None)
    found = {
        f"{part.level:.6f}" for zone in scan.zones for part in zone.parts if part.family == "hvn"
    }
    assert found
    assert found <= nodes


def test_anchors_are_points_of_control_of_days_as_single_bars(runs: Runs) -> None:
    """By a twin: each day's volume is spread evenly over its regular range."""
    known, run = runs.known(AS_OF), runs.classic(HVN)
    assert list(run.anchors) == [7, 14, 30]
    today = MARKET.date_of(AS_OF)
    for back, anchor in run.anchors.items():
        since = MARKET.midnight(date.fromordinal(today.toordinal() - back))
        bars = known.minutes.within(Span(since, AS_OF))
        days = MARKET.days_of(bars.timestamp)
        inside = MARKET.regular(bars.timestamp)
        spans = []
        for day in np.unique(days):
            rows = days == day
            session = MARKET.session(number_day(int(day)))
            assert session is not None
            auction = bars.open[bars.timestamp == session.close]  # the close may lie outside
            lows, highs = bars.low[rows & inside], bars.high[rows & inside]
            if len(lows):
                prices = [lows.min(), highs.max(), *auction]
                spans.append((min(prices), max(prices), bars.volume[rows].sum()))
        low, high = min(span[0] for span in spans), max(span[1] for span in spans)
        step = (high - low) / 100
        edges = low + step * np.arange(101)
        volume = np.zeros(100)
        for bottom, top, traded in spans:
            shared = np.minimum(edges[1:], top) - np.maximum(edges[:-1], bottom)
            volume += traded * np.clip(shared, 0, None) / (top - bottom)
        assert volume[int((anchor - low) / step)] == pytest.approx(volume.max())


def test_six_zones_nearest_to_the_price_are_left(runs: Runs) -> None:
    """In the order of their score, by the older numbers for L1 to L5."""
    every, six = runs.classic(SCAN, nearest=None), runs.classic(SCAN)
    assert len(every.zones) > len(six.zones) == 6
    near = sorted(every.zones, key=lambda zone: abs(zone.distance_atr))[:6]
    assert {zone.id for zone in six.zones} == {zone.id for zone in near}
    assert [zone.score for zone in six.zones] == sorted((z.score for z in near), reverse=True)
    assert six.scale == "classic"
    for zone in every.zones:
        levels = ((12.0, "L5"), (8.0, "L4"), (5.0, "L3"), (2.5, "L2"))
        assert zone.level == next((level for least, level in levels if zone.score >= least), "L1")


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("nearest", 0),
        ("nearest", 2.5),
        ("nearest", True),
        ("pivots_of", "next"),
        ("levels", "loud"),
    ],
)
def test_a_wrong_option_of_a_scan_is_named(param: str, value: Any, runs: Runs) -> None:
    with pytest.raises(ValidationError, match=param):
        runs.run(SCAN, **{param: value})
