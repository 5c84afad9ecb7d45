"""The history of a symbol's swings is what its runs gave, one instant after another."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from polytape.engines.as_of import days_back
from polytape.engines.flow import EngineRun, run_with
from polytape.engines.fractal_history_run import FractalHistoryRun, fractal_history_flow
from polytape.engines.fractal_run import fractal_flow
from polytape.engines.fractals import Swing
from polytape.engines.options import FractalHistoryOptions, FractalOptions, ScanOptions
from polytape.engines.scanner import scan_flow
from polytape.errors import TimeZoneWarning, ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.query import BarsQuery
from polytape.model.timestamps import to_us
from polytape.plot.tables import table_of
from polytape.upstream.synthetic.source import Synthetic
from tests.engines.test_scanner import answers, at

AS_OF = at("2026-11-18 11:30")
OPTIONS = {"days_back": 10, "fractal_length": 5, "min_atr_distance": 0.5}


@pytest.fixture(scope="module")
def answer(synthetic: Synthetic, market: Market) -> Callable[[BarsQuery], Bars]:
    """A source that keeps what it has read."""
    cached: dict[object, Bars] = {}
    read = answers(synthetic, market)

    def bars(query: BarsQuery) -> Bars:
        if query not in cached:
            cached[query] = read(query)
        return cached[query]

    return bars


@pytest.fixture(scope="module")
def history(answer: Callable[[BarsQuery], Bars], market: Market) -> FractalHistoryRun:
    options = FractalHistoryOptions(history_days=12, **OPTIONS)  # type: ignore[arg-type]
    return run_with(fractal_history_flow("AAPL", AS_OF, market, options), answer)


def told(swings: tuple[Swing, ...]) -> list[object]:
    """The swings without what depends on where the bars begin: the place and the last bit."""
    return [replace(swing, index=0, atr=round(swing.atr, 9)) for swing in swings]


@pytest.mark.parametrize("hours", [0, 1, 24, 47, 70, 24 * 7 + 3, 24 * 12 + 11])
def test_it_has_what_a_run_at_that_instant_gives(
    history: FractalHistoryRun, answer: Callable[[BarsQuery], Bars], market: Market, hours: int
) -> None:
    """Swing for swing, over the clock change on the first of November too."""
    moment = history.as_of - timedelta(hours=hours)
    flow = fractal_flow("AAPL", to_us(moment), market, FractalOptions(**OPTIONS))  # type: ignore[arg-type]
    run = run_with(flow, answer)
    assert len(run.fractals.swings) > 10
    assert told(history.at(moment)) == told(run.fractals.swings)


def test_its_changes_are_its_lists(history: FractalHistoryRun) -> None:
    """From its start on, each at the instant of a confirmation, none twice."""
    changes = list(history.changes())
    assert changes[0][0] == history.start
    assert all(one[0] < after[0] for one, after in pairwise(changes))
    assert all(swings == history.at(moment) for moment, swings in changes)
    replaced = [s for s in history.rows() if s.replaced_at is not None]
    assert replaced
    assert all(s.replaced_at > history.start for s in replaced if s.replaced_at)


def test_it_asks_once_for_its_days_the_lists_and_the_warm_up(market: Market) -> None:
    """The warm-up is liked, the rest is needed."""
    options = FractalHistoryOptions(history_days=4, days_back=3)
    run: EngineRun[Any] = EngineRun(fractal_history_flow("AAPL", AS_OF, market, options)).start()
    assert run.queries is not None
    (query,) = run.queries
    day = market.date_of(AS_OF)
    assert query.span.start == market.midnight(day - timedelta(days=4 + 3 + 15))
    assert (query.span.end, query.needed_from) == (AS_OF, day - timedelta(days=4 + 3))


def test_its_table_says_that_older_swings_are_in_it(history: FractalHistoryRun) -> None:
    """The span is of when they were shown: the first of them occurred before it."""
    assert history.rows()[0].occurred_at < history.start
    since = "15min swings shown since Fri 2026-11-06 00:00, older ones too: "
    assert table_of(history).heading.startswith(since)


def test_an_instant_outside_of_it_is_refused(history: FractalHistoryRun) -> None:
    """As is what is none; any way to write an instant is taken."""
    early, late = history.start - timedelta(seconds=1), history.as_of + timedelta(seconds=1)
    for wrong in (early, late, f"{late:%Y-%m-%d %H:%M:%S} UTC", "yesterday", "soon"):
        with pytest.raises(ValidationError, match="moment"):
            history.at(wrong)
    then = history.at(datetime(2026, 11, 17, 15, 30, tzinfo=UTC))
    assert then == history.at("2026-11-17 10:30 ET")
    with pytest.warns(TimeZoneWarning, match=r"^moment='2026-11-17 15:30' names no zone"):
        assert history.at("2026-11-17 15:30") == then


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"history_days": 0}, "history_days"), ({"history_days": True}, "history_days"),
     ({"history_days": 4_000}, "history_days"), ({"days_back": 0}, "days_back"),
     ({"timeframe": "1day"}, "timeframe")],
)  # fmt: skip
def test_a_wrong_option_is_named(wrong: dict[str, Any], named: str, market: Market) -> None:
    """Before any bars are read."""
    with pytest.raises(ValidationError, match=named):
        next(fractal_history_flow("AAPL", AS_OF, market, FractalHistoryOptions(**wrong)))


def test_it_says_what_it_is(history: FractalHistoryRun) -> None:
    """With its span; as a dictionary with the instants of every swing."""
    assert repr(history).startswith(
        "AAPL 15min swings shown from Fri 2026-11-06 00:00 to Wed 2026-11-18 11:30 New York, "
        "older ones too: "
    )
    (first, *_) = history.to_dict()["history"]["swings"]
    assert {"occurred_at", "confirmed_at", "settled_at", "replaced_at"} <= first.keys()
    assert "settled_at" in history.to_frame().columns


def test_a_scan_shows_the_same_swings(answer: Callable[[BarsQuery], Bars], market: Market) -> None:
    """It reads as many days before them."""
    run = run_with(fractal_flow("AAPL", AS_OF, market, FractalOptions()), answer)
    scan = run_with(scan_flow("AAPL", AS_OF, market, ScanOptions()), answer)
    assert scan.swings == run.fractals.swings
    assert scan.structure == run.fractals.structure
    assert scan.bars is not None
    assert scan.bars.timestamp[0] >= days_back(AS_OF, market, 30).start
