"""Pivots worked by hand, against pandas-ta-classic, and of the right day."""

import warnings
from collections.abc import Container
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polytape.engines.camarilla import camarilla, camarilla_of
from polytape.engines.camarilla_run import camarilla_flow
from polytape.engines.flow import run_with
from polytape.engines.options import PERIODS, CamarillaOptions, Period
from polytape.engines.periods import last_period
from polytape.errors import IncompleteDataError, ValidationError
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.units import HOUR_US
from tests.conftest import MARKET, day_span

prices = st.floats(0.01, 10_000)


@st.composite
def candles(draw: st.DrawFn) -> tuple[float, float, float]:
    low, high = sorted((draw(prices), draw(prices)))
    return high, low, draw(st.floats(low, high))


def test_a_table_worked_by_hand() -> None:
    """H 110, L 100, C 105: R 10, R * 1.1 = 11."""
    found = camarilla(110, 100, 105)
    by_hand = {
        "PP": 105.0, "R1": 105 + 11 / 12, "R2": 105 + 11 / 6, "R3": 107.75, "R4": 110.5,
        "R5": 115.5, "R6": 115.5 + 1.168 * 5.0, "S1": 105 - 11 / 12, "S2": 105 - 11 / 6,
        "S3": 102.25, "S4": 99.5, "S5": 94.5, "S6": 105 - (115.5 + 1.168 * 5.0 - 105),
    }  # fmt: skip
    assert found.levels == pytest.approx(by_hand)
    other = camarilla(110, 100, 105, variant="range").levels
    assert (other["R6"], other["R5"]) == pytest.approx((115.5, 110.5 + 1.168 * 2.75))
    assert {name: found.strength(name) for name in ("R1", "R3", "S6")} == {
        "R1": 0,
        "R3": 3,
        "S6": 6,
    }


@settings(max_examples=25)
@given(candles())
def test_r1_to_s4_are_pandas_tas(candle: tuple[float, float, float]) -> None:
    high, low, close = candle
    found = camarilla(high, low, close).levels
    for name, price in _theirs(high, low, close).items():
        assert found[name] == pytest.approx(price, rel=1e-9)


def _theirs(high: float, low: float, close: float) -> dict[str, float]:
    """The library's levels of the second of two equal days."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is not ready for the pandas after the next
        import pandas_ta_classic as ta

        days = pd.date_range("2024-01-02", periods=2)
        rows = {"open": close, "high": high, "low": low, "close": close}
        frame = pd.DataFrame([rows, rows], index=days)
        table = ta.cpr(
            frame["open"], frame["high"], frame["low"], frame["close"], method="camarilla",
            levels="all", width_analysis=False, price_position=False,
        )  # fmt: skip
    names = [f"{side}{n}" for side in "RS" for n in range(1, 5)]
    return {name: float(table[f"CPR_{name}"].iloc[-1]) for name in names}


@given(candles(), st.floats(0.5, 2))
def test_levels_are_ordered_and_scale(candle: tuple[float, float, float], factor: float) -> None:
    high, low, close = candle
    found = camarilla(high, low, close)
    up = [found.levels[f"R{n}"] for n in range(1, 7)]
    assert up == sorted(up)
    if high > low * (1 + 1e-9):
        assert found.levels["R5"] > found.levels["R4"]
    assert (found.levels["S5"] <= 0) == ("S5" in found.undrawable)
    if high >= 2 * low * (1 + 1e-9):
        assert "S5" in found.undrawable
    again = camarilla(
        high * factor, low * factor, min(max(close * factor, low * factor), high * factor)
    )
    for name, price in found.levels.items():
        assert again.levels[name] == pytest.approx(price * factor, rel=1e-6, abs=1e-9)


def test_a_flat_period_is_flagged() -> None:
    found = camarilla(10, 10, 10)
    assert found.flat
    assert set(found.levels.values()) == {10}


@pytest.mark.parametrize(
    ("candle", "named"),
    [((10, 0, 5), "low"), ((9, 10, 9.5), "high"), ((10, 9, 11), "close"), ((10, 9, 8), "close"),
     ((float("nan"), 9, 9), "high"), ((10, float("nan"), 9), "low")],
)  # fmt: skip
def test_wrong_candles_are_named(candle: tuple[float, float, float], named: str) -> None:
    with pytest.raises(ValidationError, match=f"^{named}="):
        camarilla(*candle)
    with pytest.raises(ValidationError, match="variant"):
        camarilla(10, 9, 9.5, variant="r6")  # type: ignore[arg-type]


DAYS = [session.day for session in MARKET.sessions(day_span(date(2023, 10, 2), date(2023, 12, 29)))]


def some_days(last: str = "2023-12-29", lacking: Container[date] = ()) -> Bars:
    """Daily bars that name themselves: the close is the day of the month."""
    days = [day for day in DAYS if day <= date.fromisoformat(last) and day not in lacking]
    close = [float(day.day) for day in days]
    return Bars.of([MARKET.midnight(day) for day in days], close, [c + 1 for c in close],
                   [c - 0.5 for c in close], close, [100.0] * len(days))  # fmt: skip


@pytest.mark.parametrize(
    ("at", "period", "first", "last"),
    [
        ("2023-12-12 09:00", "day", "2023-12-11", "2023-12-11"),
        ("2023-12-12 23:00", "day", "2023-12-11", "2023-12-11"),  # its own day is never complete
        ("2023-12-13 00:00", "day", "2023-12-12", "2023-12-12"),
        ("2023-12-11 10:00", "day", "2023-12-08", "2023-12-08"),
        ("2023-12-09 10:00", "week", "2023-12-04", "2023-12-08"),  # Saturday: no session left
        ("2023-12-08 17:00", "week", "2023-11-27", "2023-12-01"),  # Friday evening: not yet
        ("2023-12-12 10:00", "week", "2023-12-04", "2023-12-08"),
        ("2023-12-12 10:00", "month", "2023-11-01", "2023-11-30"),
        ("2024-01-01 10:00", "month", "2023-12-01", "2023-12-29"),  # a holiday: December is over
    ],
)
def test_the_last_completed_period(
    at: str, period: Period, first: str, last: str, market: Market
) -> None:
    moment = parse_instant(f"{at} America/New_York", "at", MARKET)
    found = camarilla_of(some_days(), period, moment, market)
    assert found is not None
    assert (str(found.start), str(found.end), found.period) == (first, last, period)


def test_no_completed_period_is_none(market: Market) -> None:
    at = parse_instant("2023-10-02 10:00 America/New_York", "at", MARKET)
    for period in PERIODS:
        assert camarilla_of(some_days(), period, at, market) is None
    assert last_period(Bars.empty(), "week", at, market) is None
    with pytest.raises(ValidationError, match="period"):
        last_period(some_days(), "year", at, market)  # type: ignore[arg-type]


def test_an_auction_outside_the_days_range_leaves_the_other_periods(market: Market) -> None:
    days = some_days("2023-12-12")
    at = parse_instant("2023-12-13 10:00 America/New_York", "at", MARKET)
    close = days.close.copy()
    close[-1] = days.high[-1] + 0.5
    odd = replace(days, close=close)
    whole = run_with(camarilla_flow("X", at, market, CamarillaOptions()), lambda _: days)
    assert set(whole.pivots) == {"day", "week", "month"}
    run = run_with(camarilla_flow("X", at, market, CamarillaOptions()), lambda _: odd)
    assert set(run.pivots) == {"week", "month"}
    assert run.notes[0].startswith("no pivots of the last day: close=13.5 is not valid: between")
    wrong = CamarillaOptions(variant="x")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="variant"):
        run_with(camarilla_flow("X", at, market, wrong), lambda _: days)


def test_nothing_was_complete_before_1970(market: Market) -> None:
    early = MARKET.midnight(date(1900, 1, 2))
    assert camarilla_of(some_days(), "week", early, market) is None


@given(st.sets(st.sampled_from(DAYS)), st.sampled_from(DAYS[1:]), st.sampled_from(PERIODS))
def test_a_period_has_levels_of_all_its_sessions_or_none(
    lacking: set[date], today: date, period: Period
) -> None:
    as_of = MARKET.midnight(today) + 11 * HOUR_US
    whole = last_period(some_days(), period, as_of, MARKET)
    if whole is None:
        return
    sessions = {MARKET.date_of(start) for start in whole.bars.timestamp.tolist()}
    part = last_period(some_days(lacking=lacking), period, as_of, MARKET)
    if part is None:
        assert sessions <= lacking
        return
    assert set(part.missing) == sessions & lacking
    assert part.span == whole.span
    if part.missing:
        with pytest.raises(IncompleteDataError, match="no daily bar of"):
            camarilla_of(some_days(lacking=lacking), period, as_of, MARKET)
    else:
        assert part.bars.same(whole.bars)


def test_a_day_that_is_missing_is_named(market: Market) -> None:
    """The week's last day, one amid it, and one of the month before: each takes its own levels."""
    at = parse_instant("2023-12-12 10:00 America/New_York", "at", MARKET)
    gone = [date(2023, 11, 14), date(2023, 12, 6), date(2023, 12, 8)]
    days = some_days(lacking=gone)
    run = run_with(camarilla_flow("X", at, market, CamarillaOptions()), lambda _: days)
    assert set(run.pivots) == {"day"}
    assert run.notes == (
        "no pivots of the last week: no daily bar of 2023-12-06, 2023-12-08",
        "no pivots of the last month: no daily bar of 2023-11-14",
    )


def test_the_day_before_stands_in_for_no_other(market: Market) -> None:
    """Bars that end a day early, and those that end long before."""
    at = parse_instant("2023-12-12 10:00 America/New_York", "at", MARKET)
    for last, named in (("2023-12-08", "2023-12-11"), ("2023-11-10", "2023-12-11")):
        with pytest.raises(IncompleteDataError, match=f"last day: no daily bar of {named}$"):
            camarilla_of(some_days(last), "day", at, market)
    with pytest.raises(IncompleteDataError, match=r"2023-11-13 to 2023-11-30 .13 sessions.$"):
        camarilla_of(some_days("2023-11-10"), "month", at, market)


def test_a_frame_of_dates_is_of_those_days(market: Market) -> None:
    """Stamped at midnight UTC, and read as instants, each day would lie on the one before: the
    pivots of a day would be made of its own bar.
    """
    at = parse_instant("2023-12-12 10:00 America/New_York", "at", MARKET)
    days = some_days()
    index = pd.DatetimeIndex([str(day) for day in DAYS])
    columns = {name: getattr(days, name) for name in ("open", "high", "low", "close", "volume")}
    for frame in (pd.DataFrame(columns, index), pd.DataFrame(columns, index.tz_localize("UTC"))):
        for period in PERIODS:
            found = camarilla_of(frame, period, at, market)
            assert found == camarilla_of(days, period, at, market)
