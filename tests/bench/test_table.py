"""The table of goals: what a ratio is, what is said of a row that could not be measured, and the
page that shows it.
"""

import json
import statistics

import pytest
from bench.growth import GROWTH, Line, slope_of
from bench.machine import machine_text, versions
from bench.scene import Scene
from bench.table import (
    RESULTS,
    CannotMeasureError,
    Goal,
    Result,
    Row,
    Sides,
    at_least,
    at_most,
    chosen,
    every_row,
    faster,
    in_a_row,
    report,
    timed,
)

from bench import page

FIELDS = {"name", "ours", "beside", "beside_name", "unit", "ratio", "goal", "goal_met"}


def row(goal: Goal, *ours: float, beside: float = 10.0, name: str = "a") -> Row:
    return Row(name, "this", "that", "ms", goal, lambda: Sides(ours, [beside] * len(ours)))


@pytest.mark.parametrize(
    ("goal", "ours", "ratio", "met"),
    [
        (at_most(1.25), 12.5, 1.25, True), (at_most(1.25), 12.6, 1.26, False),
        (at_least(0.4), 4.0, 0.4, True), (at_least(0.4), 3.9, 0.39, False),
        (faster(100), 0.1, 100.0, True), (faster(100), 0.2, 50.0, False),
    ],
)  # fmt: skip
def test_a_goal_is_met_at_its_limit(goal: Goal, ours: float, ratio: float, met: bool) -> None:
    """Times are ours over the other's where that may be at most so much, the other's over ours
    where we are to be faster; rates are ours over the other's.
    """
    result = Result.of(row(goal, ours))
    assert result.ratio == pytest.approx(ratio)
    assert result.met is met
    assert result.to_json()["goal_met"] is met


def test_medians_count() -> None:
    """One slow round changes nothing."""
    result = Result.of(row(at_most(2), 10.0, 12.0, 900.0))
    assert result.ours == statistics.median([10.0, 12.0, 900.0])


def test_what_cannot_be_measured_says_why_and_is_not_met() -> None:
    """No number is made up for it."""

    def measure() -> Sides:
        raise CannotMeasureError("needs wrk")

    result = Result.of(Row("a", "this", "that", "1/s", at_least(0), measure))
    said = result.to_json()
    assert (said["ours"], said["beside"], said["ratio"]) == (None, None, None)
    assert (said["goal_met"], said["note"]) == (False, "needs wrk")
    assert "needs wrk" in result.line()
    assert "needs wrk" in page.table([said])


def test_rounds_alternate() -> None:
    """Whatever else the machine does meets both sides."""
    calls: list[str] = []
    sides = timed(lambda: calls.append("o"), lambda: calls.append("b"), "us", rounds=4)
    assert (len(sides.ours), len(sides.beside)) == (4, 4)
    runs = [one for at, one in enumerate(calls[4:]) if at == 0 or calls[4:][at - 1] != one]
    assert "".join(runs) in {"obobo", "oboboob", "obo", "obob", "obobob"}


def test_every_row_has_a_name_of_its_own_and_is_found_by_its_beginning() -> None:
    with Scene() as scene:
        rows = list(every_row(scene))
    names = [one.name for one in rows]
    assert len(set(names)) == len(names) >= 40
    assert {one.name for one in chosen(rows, ["cached", "resample"])} == {
        name for name in names if name.startswith("cached") or name == "resample"
    }
    assert chosen(rows, []) == rows
    assert all(len(Result(one, 1.0, 1.0).line()) <= 80 for one in rows)


def test_results_have_the_form_that_others_read() -> None:
    said = json.loads(json.dumps(report([Result.of(row(at_most(2), 1.0))])))
    assert {"machine", "date", "versions", "results"} <= set(said)
    assert set(said["results"][0]) >= FIELDS
    assert versions()["polytape"] in said["versions"].values()


def test_the_machine_is_described_without_names_or_paths() -> None:
    import getpass
    import socket

    text = machine_text()
    assert "cores of" in text
    assert "Python 3" in text
    assert "/" not in text
    assert socket.gethostname() not in text
    assert len(getpass.getuser()) < 5 or getpass.getuser() not in text


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_a_slope_is_the_power(power: float) -> None:
    """values = 3 * number ** power."""
    numbers = (10, 100, 1_000, 10_000)
    values = tuple(3.0 * number**power for number in numbers)
    assert slope_of(numbers, values) == pytest.approx(power)
    line = Line("x", "bars", "s", list(zip(numbers, values, strict=True)))
    assert line.to_json()["slope"] == pytest.approx(power)


def test_the_page_says_what_was_measured() -> None:
    """Its figures are those of the files: it cannot drift."""
    results, growth = (json.loads(path.read_text("utf-8")) for path in (RESULTS, GROWTH))
    text = page.PAGE.read_text("utf-8")
    assert page.render(text, results, growth) == text
    assert page.table(results["results"]) in text


def test_each_goal_that_is_not_met_says_what_stands_in_the_way() -> None:
    """A reader of a `no` finds its reason below the table."""
    rows = json.loads(RESULTS.read_text("utf-8"))["results"]
    missed = {one["name"] for one in rows if not one["goal_met"]}
    reasons = page.PAGE.read_text("utf-8").split("## What stands in the way")[1].split("\n## ")[0]
    assert missed == {name for name in missed if f"`{name}`" in reasons}


def test_runs_in_a_row_meet_a_goal_only_together() -> None:
    """The ratio of each run is kept, and one that misses is not hidden by the next."""
    runs = [Result.of(row(at_most(2), ours)).to_json() for ours in (15.0, 25.0, 10.0)]
    said = in_a_row(in_a_row(runs[0], runs[1]), runs[2])
    assert (said["ratios"], said["goal_met"], said["ours"]) == ([1.5, 2.5, 1.0], False, 10.0)
    assert "1.5, 2.5, 1" in page.table([said])
    assert in_a_row(runs[0], runs[2])["goal_met"]


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        page.render("", {"date": "", "full": False, "machine": "", "versions": {}, "results": []},
                    {"lines": []})  # fmt: skip
