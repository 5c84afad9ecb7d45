"""Which session an instant belongs to, and why the market is closed."""

from datetime import date

import pytest

from polytape.engines.flow import run_with
from polytape.engines.market_state import market_state
from polytape.engines.registry import CLIENT_ENGINES, EngineSpec
from polytape.engines.result import EngineRunResult
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market, xnys

WEDNESDAY = date(2026, 11, 25)


def at(text: str, market: Market) -> int:
    return parse_instant(f"{text} America/New_York", "at", market)


@pytest.mark.parametrize(
    ("moment", "day", "closed"),
    [
        ("2026-11-25 03:59", 25, "trading begins at 04:00"), ("2026-11-25 04:00", 25, None),
        ("2026-11-25 19:59", 25, None), ("2026-11-25 20:00", 25, "trading ended at 20:00"),
        ("2026-11-26 06:05", 25, "exchange holiday"), ("2026-11-27 16:59", 27, None),
        ("2026-11-27 17:00", 27, "trading ended at 17:00"), ("2026-11-29 12:00", 27, "weekend"),
    ],
)  # fmt: skip
def test_extended_hours_are_open_and_the_rest_has_a_reason(
    market: Market, moment: str, day: int, closed: str | None
) -> None:
    """A day without a session has the levels of the last one before it."""
    assert market_state(at(moment, market), market) == (date(2026, 11, day), closed)


def test_a_night_that_trades_is_open() -> None:
    """By the hours of the market, not by a clock's."""
    market = xnys(long_day_from=date(2026, 11, 2))
    assert market_state(at("2026-11-25 02:00", market), market).closed is None


@pytest.mark.parametrize("spec", CLIENT_ENGINES, ids=lambda spec: spec.name)
def test_a_result_says_whose_levels_it_has(spec: EngineSpec, market: Market) -> None:
    """Where nothing trades at its instant; else the instant says it."""
    words = "(closed: exchange holiday; levels of Wed 2026-11-25)"
    for moment, said in (("2026-11-26 06:05", True), ("2026-11-25 11:00", False)):
        flow = spec.run("SPY", at(moment, market), market, spec.options())
        result = run_with(flow, lambda _: Bars.empty())
        assert isinstance(result, EngineRunResult)
        assert (words in repr(result)) is said
        assert (words.strip("()") in result.facts()) is said
        made = result.to_dict()
        assert (made["session_day"], made["closed"]) == (
            WEDNESDAY, "exchange holiday" if said else None
        )  # fmt: skip
