"""Sessions of a span are counted: those with bars, those that lack some, those without any."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from polytape.model.basis import Basis, SeriesBasis, SessionRun
from polytape.model.session_count import Lacks, cut_basis, series_basis
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.timestamps import to_datetime
from polytape.model.units import HOUR_US
from tests.conftest import MARKET, day_span, flat_bars

FIRST, LAST = date(2024, 6, 24), date(2024, 7, 12)
DAYS = [session.day for session in MARKET.sessions(day_span(FIRST, LAST))]  # 14, with 4 July closed
NOON = 12 * HOUR_US
AFTER = MARKET.midnight(date(2024, 8, 1))


def basis_of(
    days: list[date], series: Series = Series.DAY, *, now: int = AFTER, **lacks: tuple[date, ...]
) -> SeriesBasis:
    hour = NOON if series is Series.MINUTE else 0
    return series_basis(
        flat_bars([MARKET.midnight(day) + hour for day in days]),
        series,
        day_span(FIRST, LAST),
        MARKET,
        now=now,
        complete_through=now,
        lacks=Lacks(
            tuple(map(day_span, lacks.get("missing", ()))), tuple(lacks.get("from_minutes", ()))
        ),
    )


def run(first: date, last: date | None = None, sessions: int = 1) -> SessionRun:
    return SessionRun(first, last or first, sessions)


def test_where_every_session_has_a_bar_nothing_lacks() -> None:
    for series in Series:
        basis = basis_of(DAYS, series)
        assert (basis.expected, basis.with_bars, basis.first_bar) == (14, 14, FIRST)
        assert (basis.missing, basis.without_bars, basis.remarks()) == ((), (), ())
        assert basis.provisional_from is None


def test_an_absent_day_is_named_and_days_before_the_first_bar_are_not() -> None:
    absent = [DAYS[3], DAYS[4], DAYS[10]]
    basis = basis_of([day for day in DAYS[1:] if day not in absent])
    assert basis.without_bars == (run(DAYS[3], DAYS[4], 2), run(DAYS[10]))
    assert (basis.expected, basis.with_bars) == (14, 10)


def test_what_could_not_be_had_is_missing_not_empty() -> None:
    basis = basis_of([*DAYS[:5], *DAYS[6:]], missing=(DAYS[5], DAYS[0]))
    assert basis.missing == (run(DAYS[0]), run(DAYS[5]))
    assert basis.without_bars == ()
    assert basis.with_bars == 12


def test_days_with_a_holiday_between_them_are_one_run() -> None:
    before, after = date(2024, 7, 3), date(2024, 7, 5)
    assert basis_of([], missing=(before, after)).missing == (run(before, after, 2),)


def test_a_session_is_expected_once_it_could_have_bars() -> None:
    morning = MARKET.midnight(DAYS[5]) + 10 * HOUR_US
    assert basis_of(DAYS[:5], now=morning).expected == 5
    assert basis_of(DAYS[:6], Series.MINUTE, now=morning).expected == 6
    early = morning - 2 * HOUR_US
    assert basis_of(DAYS[:5], Series.MINUTE, now=early).expected == 5


def test_bars_that_may_still_be_corrected_are_dated() -> None:
    morning = MARKET.midnight(DAYS[5]) + 10 * HOUR_US
    basis = basis_of(DAYS[:5], now=morning)
    assert basis.provisional_from == to_datetime(MARKET.midnight(DAYS[4]))


def test_of_an_empty_span_nothing_is_expected() -> None:
    nothing = Span(AFTER, AFTER)
    basis = series_basis(
        flat_bars([]), Series.MINUTE, nothing, MARKET, now=AFTER, complete_through=AFTER
    )
    assert (basis.expected, basis.with_bars, basis.first_bar) == (0, 0, None)


@given(st.sets(st.sampled_from(DAYS)), st.integers(0, 18), st.integers(0, 18))
def test_a_part_says_what_it_would_have_said_alone(have: set[date], one: int, other: int) -> None:
    days = [day for day in DAYS if day in have]
    first, last = (FIRST + timedelta(days=n) for n in sorted((one, other)))
    span = day_span(first, last)
    bars = flat_bars([MARKET.midnight(day) for day in days]).within(span)
    whole = Basis(source="x", inputs=(basis_of(days, from_minutes=tuple(days[:2])),))
    (part,) = cut_basis(whole, bars, span, MARKET).inputs
    alone = series_basis(
        bars, Series.DAY, span, MARKET, now=AFTER, complete_through=span.end,
        lacks=Lacks(from_minutes=tuple(days[:2])),
    )  # fmt: skip
    assert (part.start, part.end, part.expected) == (alone.start, alone.end, alone.expected)
    assert (part.with_bars, part.first_bar) == (alone.with_bars, alone.first_bar)
    assert part.from_minutes == alone.from_minutes
    assert part.complete_through == alone.complete_through
