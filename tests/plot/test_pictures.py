"""Every result is drawn, so that it can be read: symbol, dates, scale, labels, what prices it has."""

import pickle
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from polytape.engines.camarilla_run import CamarillaRun
from polytape.engines.flow import run_with
from polytape.engines.registry import EngineSpec
from polytape.engines.scan_result import ScanResult
from polytape.errors import ConfigurationError, ValidationError
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.market import Market
from polytape.plot import picture
from polytape.plot.labels import spread
from polytape.plot.palette import DARK
from tests.cli.test_rates_file import calibration
from tests.engines.test_scanner import at
from tests.plot.conftest import NAMES, SPECS, Drawable

WORDS = "made-up prices"


@pytest.fixture(scope="module")
def drawn(results: dict[str, Drawable]) -> dict[str, Axes]:
    """Each result's axes, drawn once."""
    made = {}
    for name, result in results.items():
        made[name] = small()
        assert result.plot(made[name]) is made[name]
    return made


def small() -> Axes:
    axes: Axes = Figure(figsize=(8, 4), dpi=60).add_axes((0.02, 0.2, 0.9, 0.68))
    return axes


def boxes(ax: Axes, texts: list[Any]) -> list[Any]:
    return [text.get_window_extent() for text in texts if text.get_text().strip()]


@pytest.mark.parametrize("name", NAMES)
def test_a_result_is_drawn_on_the_axes_that_it_is_given(name: str, drawn: dict[str, Axes]) -> None:
    """Symbol, instant, kind of prices, dates, legend, and the scale on the right."""
    ax = drawn[name]
    words = [text.get_text() for text in ax.texts]
    assert any(word.startswith("AAPL  ") for word in words)
    assert any(
        word.startswith("as known on Wed 2026-11-18 14:30 New York") and "split-adjusted" in word
        for word in words
    )
    assert WORDS in words
    assert any("a <b>note</b>" in word for word in words)
    assert any(label.get_text() for label in ax.get_xticklabels())
    assert ax.yaxis.get_ticks_position() == "right"
    legend = ax.get_legend()
    assert legend is not None
    assert legend.get_texts()


@pytest.mark.parametrize("name", NAMES)
def test_no_label_lies_over_another_nor_over_candles(
    name: str, drawn: dict[str, Axes], results: dict[str, Drawable]
) -> None:
    """Labels beside the chart, the dates below it, and the legend: each has a place of its own."""
    ax, result = drawn[name], results[name]
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    labels = [text for text in ax.texts if text.get_text().startswith(" ")]
    legend = ax.get_legend()
    assert legend is not None
    placed = (
        boxes(ax, labels) + boxes(ax, list(ax.get_xticklabels())) + [legend.get_window_extent()]
    )
    for one, other in combinations(placed, 2):
        assert not (
            one.x0 < other.x1 - 1 and other.x0 < one.x1 - 1
            and one.y0 < other.y1 - 1 and other.y0 < one.y1 - 1
        )  # fmt: skip
    count = 1 if result.drawn is None else len(result.drawn.bars)
    last_candle = ax.transData.transform((count, 0))[0]
    right = ax.get_window_extent().x1
    for box in boxes(ax, labels):
        assert last_candle <= box.x0
        assert box.x1 <= right + 4


def test_the_title_of_swings_shown_names_older_ones(drawn: dict[str, Axes]) -> None:
    """Some occurred before the span that it names."""
    words = "\n".join(text.get_text() for text in drawn["fractal-history"].texts)
    assert "15min  swings shown since " in words
    assert "00:00, older ones too" in words


def test_a_picture_is_dark_where_that_is_wanted(results: dict[str, Drawable]) -> None:
    figure: Any = results["zones"].plot(style="dark")
    assert isinstance(figure, Figure)
    assert to_hex(figure.get_facecolor()) == to_hex(figure.axes[0].get_facecolor()) == DARK.ground
    light: Any = results["zones"].plot()
    assert to_hex(light.get_facecolor()) == "#ffffff"


def test_a_notebook_shows_a_figure_by_itself(results: dict[str, Drawable]) -> None:
    """Without a magic, pyplot or a display: the figure says how it looks, and can be pickled."""
    figure: Any = results["atr"].plot()
    assert figure._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"
    assert type(figure.canvas).__name__ == "FigureCanvasAgg"
    assert figure.number if hasattr(figure, "number") else True
    assert isinstance(pickle.loads(pickle.dumps(figure)), Figure)


def test_a_picture_is_written_into_a_file(results: dict[str, Drawable], tmp_path: Path) -> None:
    for path in (tmp_path / "a.png", str(tmp_path / "a.svg")):
        results["gaps"].plot(path=path)
        assert Path(path).stat().st_size > 1_000


@pytest.mark.parametrize(
    ("how", "param"),
    [
        ({"path": "x.nonsense"}, "path"),
        ({"path": "/no/such/folder/x.png"}, "path"),
        ({"style": "pink"}, "style"),
        ({"ax": "x.png"}, "ax"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_the_work(
    how: dict[str, Any], param: str, results: dict[str, Drawable],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("polytape.plot.subjects.draw_on", never)
    with pytest.raises(ValidationError, match=f"{param}="):
        results["zones"].plot(**how)


def test_without_matplotlib_it_says_what_to_install(
    results: dict[str, Drawable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(ConfigurationError, match=r"pip install .*\[plot\]"):
        results["zones"].plot()
    assert picture.SIZE_INCHES


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_result_without_bars_is_drawn_as_that(spec: EngineSpec, market: Market) -> None:
    flow: Any = spec.run("X", at("2026-11-18 11:30"), market, spec.options())
    ax = small()
    run_with(flow, lambda _: Bars.empty()).plot(ax)
    words = "; ".join(text.get_text() for text in ax.texts).replace("\n", " ")
    assert "X  " in words
    assert "no " in words or "needs" in words or "too little" in words


def test_zones_and_their_parts_are_in_the_picture(
    results: dict[str, Drawable], drawn: dict[str, Axes]
) -> None:
    scan = results["scan"]
    assert isinstance(scan, ScanResult)
    ax = drawn["scan"]
    words = [text.get_text().strip() for text in ax.texts]
    low, high = ax.get_ylim()
    for zone in scan.zones:
        assert any(word.startswith(f"{zone.centre:.2f}  {zone.level}") for word in words)
        assert low <= zone.low <= zone.high <= high
    real = replace(scan, basis=Basis(source="test", adjusted=False))
    other = small()
    real.plot(other)
    said = [text.get_text() for text in other.texts]
    assert WORDS not in said
    assert any("prices as traded" in word for word in said)


def test_the_pivots_of_the_day_can_be_told_apart(
    results: dict[str, Drawable], drawn: dict[str, Axes]
) -> None:
    """From S4 to R4 they take a seventh of the height at least; those of a month do not squeeze
    them, and days are told below. Alone, the month's have the picture that they need.
    """
    run = results["camarilla"]
    assert isinstance(run, CamarillaRun)
    low, high = drawn["camarilla"].get_ylim()
    day = run.pivots["day"].levels
    assert all(low <= day[name] <= high for name in ("R3", "R4", "S3", "S4", "R6", "S6"))
    assert (day["R4"] - day["S4"]) / (high - low) > 1 / 7
    marks = [label.get_text() for label in drawn["camarilla"].get_xticklabels()]
    assert "Mon 16 Nov" in marks
    ax, month = small(), run.pivots["month"]
    replace(run, pivots={"month": month}).plot(ax)
    low, high = ax.get_ylim()
    assert all(low <= month.levels[name] <= high for name in ("R3", "R4", "S3", "S4"))


def test_a_calibration_is_drawn_shown_and_pickled() -> None:
    """Levels below, the difference to random levels on the right; what is not known says so."""
    made = calibration()
    ax = small()
    assert made.plot(ax) is ax
    assert [label.get_text() for label in ax.get_xticklabels()] == ["L5", "L4"]
    assert ax.yaxis.get_ticks_position() == "right"
    assert any("SPY  zones that held" in text.get_text() for text in ax.texts)
    html = made._repr_html_()
    assert "40 steps of 5 days" in html
    assert "too few" in html
    assert pickle.loads(pickle.dumps(made)) == made  # rates that are not known are NaN


def test_a_pickled_result_equals_its_original(result: Drawable) -> None:
    """And what is another result does not."""
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert hash(again) == hash(result)
    assert replace(again, symbol="QQQ") != result
    assert result != "a text"
    assert (again.drawn is None) == (result.drawn is None)
    if again.drawn is not None and result.drawn is not None:
        assert again.drawn.bars.same(result.drawn.bars)


def test_what_is_only_drawn_is_small_and_not_in_the_dictionary(result: Drawable) -> None:
    assert "drawn" not in result.to_dict()
    assert result.drawn is None or result.drawn.bars.nbytes <= 400 * 8 * 8
    for line in {} if result.drawn is None else result.drawn.lines.values():
        assert result.drawn is not None
        assert len(line) == len(result.drawn.bars)
        assert not np.isnan(line[-1])


@given(st.lists(st.floats(0, 100), max_size=12), st.floats(0.1, 8))
def test_labels_are_spread_apart_and_stay_inside(places: list[float], gap: float) -> None:
    """In their order, a gap apart, inside the chart; what has room stays where it is."""
    wished = sorted(places)
    spaced = spread(wished, gap, 0.0, 100.0)
    steps = np.diff(spaced)
    assert (steps >= gap - 1e-6).all()
    assert all(gap / 2 - 1e-6 <= place <= 100 - gap / 2 + 1e-6 for place in spaced)
    roomy = [gap * 2 * n + gap for n in range(3)]
    assert spread(roomy, gap, 0.0, 100.0) == pytest.approx(roomy)
