"""A session without a bar is named, and named once: by the notes, or by what the bars stand on."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.flow import EngineRun
from polytape.engines.holes import named_once, no_bar_of
from polytape.engines.registry import ENGINES, SESSION, EngineSpec
from polytape.model.bars import Bars
from polytape.model.basis import Basis, SeriesBasis, SessionRun
from polytape.model.market import Market
from polytape.model.session_count import series_basis
from polytape.model.timestamps import to_datetime
from tests.conftest import MARKET
from tests.engines.conftest import AS_OF, StoredBars

HOLE = date(2026, 11, 12)
LEVELS = [spec for spec in ENGINES if spec is not SESSION]

some_days = st.lists(
    st.dates(date(2024, 1, 1), date(2024, 12, 31)), min_size=1, max_size=9, unique=True
).map(sorted)


def basis_of(days: list[date]) -> Basis:
    """That of daily bars without these."""
    runs = tuple(SessionRun(day, day, 1) for day in days)
    year = to_datetime(0)
    series = SeriesBasis(
        series="1day", start=year, end=year, expected=252, with_bars=243, without_bars=runs
    )
    return Basis(source="here", inputs=(series,))


@given(some_days, st.sampled_from(["bar", "daily bar", "minute"]), st.data())
def test_a_note_leaves_the_days_to_a_basis_that_names_them(
    days: list[date], what: str, data: st.DataObject
) -> None:
    """However they are listed; what their absence does stays. A basis that lacks one of those that
    the note names leaves it as it is.
    """
    note = f"a level: {no_bar_of(days, what)}: it does harm"
    shorter = named_once(note, basis_of(days))
    assert not [day for day in days if f"{day}" in shorter]
    assert shorter.startswith(f"a level: no {what} of th")
    assert shorter.endswith(": it does harm")
    named = [day for day in days if f"{day}" in note]
    other = data.draw(st.sampled_from(named))
    assert named_once(note, basis_of([day for day in days if day != other])) == note
    assert named_once(note, Basis.untold()) == note


def run_over_the_hole(spec: EngineSpec, stored: StoredBars, market: Market, *, told: bool) -> Any:
    """A result of bars without those of a day; `told`: whoever sent them says so."""
    hole = MARKET.day_span(HOLE)
    run: EngineRun[Any] = EngineRun(spec.run("AAPL", AS_OF, market, spec.options())).start()
    while run.queries is not None:
        sent, bases = [], []
        for query in run.queries:
            whole = stored.answer(query)
            bars = whole.take((whole.timestamp < hole.start) | (whole.timestamp >= hole.end))
            series = series_basis(
                bars, query.series, query.span, market, now=AS_OF, complete_through=AS_OF
            )
            sent.append(bars)
            bases.append(Basis(source="here", inputs=(series,)))
        run.send(sent, bases if told else ())
    return run.result


def remarks(result: Any) -> list[str]:
    """What a reader is shown beside the numbers."""
    return [
        *result.notes,
        *getattr(result, "errors", {}).values(),
        *result.basis_line().split("; "),
    ]


@pytest.mark.parametrize(
    "name", ["scan", "fractals", "hvn", "zones", "camarilla", "atr", "poc", "gaps"]
)
def test_a_hole_is_named_once_for_each_series_and_its_harm_is_said(
    name: str, stored: StoredBars, market: Market
) -> None:
    """By the notes where the bars come without a word; else by the basis, one series a line."""
    (spec,) = [one for one in LEVELS if one.name == name]
    alone = run_over_the_hole(spec, stored, market, told=False)
    assert [note for note in alone.notes if f"{HOLE}" in note]
    told = run_over_the_hole(spec, stored, market, told=True)
    naming = [text for text in remarks(told) if f"{HOLE}" in text]
    assert naming == [text for text in told.basis_line().split("; ") if f"{HOLE}" in text]
    assert (
        len(naming)
        == len(set(naming))
        == sum(run.first == HOLE for one in told.basis.inputs for run in one.without_bars)
    )
    assert len(told.notes) == len(alone.notes)
    assert [note for note in told.notes if "of that session" in note]
    # Nothing but the words differs.
    bare: dict[str, Any] = {"notes": (), "basis": None} | ({"errors": {}} if name == "scan" else {})
    assert replace(told, **bare).to_dict() == replace(alone, **bare).to_dict()


@pytest.mark.parametrize("name", ["fractals", "fractal-history", "hvn"])
def test_swings_and_profiles_over_a_hole_say_what_they_lack(
    name: str, stored: StoredBars, market: Market
) -> None:
    """As the ATRs and the pivots do; without a hole they say nothing."""
    (spec,) = [one for one in LEVELS if one.name == name]
    (note,) = run_over_the_hole(spec, stored, market, told=False).notes
    assert note.startswith(f"no bar of {HOLE}: ")
    run: EngineRun[Any] = EngineRun(spec.run("AAPL", AS_OF, market, spec.options())).start()
    run.send(map(stored.answer, run.queries or ()))
    assert run.result.notes == ()
    empty: EngineRun[Any] = EngineRun(spec.run("AAPL", AS_OF, market, spec.options())).start()
    empty.send([Bars.empty()])
    assert not [note for note in empty.result.notes if "no bar of" in note]
