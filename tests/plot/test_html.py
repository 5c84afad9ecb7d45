"""What a notebook shows of a result: a short table, and what a reader must be told; no script."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from polytape.engines.flow import run_with
from polytape.engines.gap_run import GapRun
from polytape.engines.registry import CLIENT_ENGINES
from polytape.engines.scan_result import ScanResult
from polytape.engines.session import SessionData
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.plot.subjects import SUBJECTS
from polytape.plot.tables import TABLES
from tests.engines.test_scanner import at
from tests.plot.conftest import SPECS, Drawable

VOID = {"br"}


class Outline(HTMLParser):
    """Checks that tags nest; collects texts and titles."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.titles: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.titles += [value or "" for name, value in attrs if name == "title"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def outline(result: Drawable) -> Outline:
    made = Outline()
    made.feed(result._repr_html_())
    assert made.open == []
    return made


def test_every_engine_has_a_table_and_a_picture() -> None:
    names = {spec.result.split(":")[1] for spec in SPECS}
    assert set(SUBJECTS) == names
    assert {one.__name__ for one in TABLES} == names | {"Calibration"}


def test_a_notebook_shows_a_table_with_what_a_reader_must_be_told(
    result: Drawable,
) -> None:
    """Symbol, instant, kind of prices and basis; every text escaped, nothing that runs."""
    made = outline(result)
    assert "AAPL" in made.texts
    assert "as known on Wed 2026-11-18 14:30 New York" in made.texts
    assert {"made-up prices", "split-adjusted", "source test"} <= set(made.texts)
    assert "a <b>note</b>" in made.texts  # a text, no tag
    assert made.tags <= {
        "div", "b", "span", "small", "table", "thead", "tbody", "tr", "th", "td", "i"
    }  # fmt: skip
    assert made.attributes <= {"style", "title"}


def test_a_hostile_symbol_is_a_text(results: dict[str, Drawable]) -> None:
    evil = "<script>alert(1)</script>"
    for result in results.values():
        told = {"error": evil} if isinstance(result, SessionData) else {"notes": (evil,)}
        made = outline(replace(result, symbol=evil, **told))  # type: ignore[arg-type]
        assert "script" not in made.tags
        assert evil in made.texts


def test_a_scan_is_a_table_of_zones_with_at_most_eight_parts_named(
    results: dict[str, Drawable],
) -> None:
    scan = results["scan"]
    assert isinstance(scan, ScanResult)
    zone = max(scan.zones, key=lambda zone: len(zone.parts))
    many = replace(zone, parts=tuple(p for p in zone.parts for _ in range(12)))
    made = outline(replace(scan, zones=(many,)))
    assert any("\u00d7" in text for text in made.texts)
    assert max(len(title.split(", ")) for title in made.titles) == 9
    assert any(re.search(r", \d+ more$", title) for title in made.titles)


def test_a_zone_that_holds_the_price_says_so(results: dict[str, Drawable]) -> None:
    """Beside its distance, which is to the centre and so 0 nowhere else."""
    scan = results["scan"]
    assert isinstance(scan, ScanResult)
    zone = replace(scan.zones[0], distance=0.25 * scan.zones[0].width, distance_atr=0.04)
    for distance, cell in ((zone.distance, "+0.0 inside"), (zone.width, "+0.0")):
        made = outline(replace(scan, zones=(replace(zone, distance=distance),)))
        assert "ATRs to centre" in made.texts
        assert cell in made.texts


def test_a_repr_is_short_and_says_what_prices_these_are(result: Drawable) -> None:
    lines = repr(result).splitlines()
    assert len(lines) <= 20
    assert "AAPL" in lines[0]
    assert max(map(len, lines)) <= 240
    assert lines[-1].strip().startswith("split-adjusted; made-up prices; a <b>note</b>")


def test_a_repr_and_what_a_notebook_shows_are_in_new_yorks_time(result: Drawable) -> None:
    """As tables, pictures and the page are: 14:30 New York was 19:30Z."""
    for shown in (repr(result), result._repr_html_()):
        assert "Wed 2026-11-18 14:30 New York" in shown
        assert not re.search(r"\d\d:\d\d(:\d\d)?(Z|\+00:00)", shown)


def test_a_frame_without_a_row_has_the_columns_of_one_with_rows(
    results: dict[str, Drawable], market: Market
) -> None:
    """Where nothing was found `frame["day"]` was a KeyError."""
    compared = 0
    for spec in CLIENT_ENGINES:
        full: Any = results[spec.name]
        flow = spec.run("AAPL", at("2026-11-18 14:30"), market, spec.options())
        empty: Any = run_with(flow, lambda _: Bars.empty())
        if len(full.to_frame()) and not len(empty.to_frame()):
            compared += 1
            for traded in (False, True):
                frames = [replace(run, as_traded=traded).to_frame() for run in (full, empty)]
                assert list(frames[0]) == list(frames[1])
    assert compared > 5
    assert "day" in GapRun("AAPL", full.as_of, None, ()).to_frame()
