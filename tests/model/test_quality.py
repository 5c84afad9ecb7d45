"""The data-quality report finds what was put in and nothing else."""

from datetime import date

import numpy as np
import pytest

from polytape.model.arrays import Bools, Ints
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.quality import QualityReport, check
from polytape.model.query import series_query
from polytape.model.splits import Split, adjust
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import MINUTE_US
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, day_span, flat_bars

DAY = date(2024, 7, 2)
SPAN = day_span(DAY)


@pytest.fixture
def day(synthetic: Synthetic) -> Bars:
    return synthetic.bars(series_query("SPY", Series.MINUTE, SPAN)).bars


def report(bars: Bars, market: Market) -> QualityReport:
    return check(bars, Timeframe.MIN_1, SPAN, market=market)


def with_value(bars: Bars, name: str, at: int, value: float) -> Bars:
    columns = {n: c.copy() for n, c in bars.columns().items()}
    columns[name][at] = value
    return Bars(**columns)


def test_a_sound_day_is_sound(day: Bars, market: Market) -> None:
    quality = report(day, market)
    assert quality.sound
    assert (quality.findings, quality.gaps, quality.bars) == ((), (), len(day))


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("high", 1.0, "high below low"),
        ("open", 0.0, "zero or negative price"),
        ("low", -5.0, "zero or negative price"),
        ("close", np.nan, "not a number"),
        ("volume", -1.0, "negative volume"),
        ("open", 9_999.0, "open outside range"),
        ("close", 9_999.0, "close outside range"),
    ],
)
def test_each_fault_is_found_where_it_is(
    day: Bars, market: Market, name: str, value: float, kind: str
) -> None:
    quality = report(with_value(day, name, 300, value), market)
    assert kind in quality.counts()
    assert {f.timestamp for f in quality.findings if f.kind == kind} == {int(day.timestamp[300])}


def test_duplicates_and_disorder_are_found(day: Bars, market: Market) -> None:
    order = np.arange(len(day))
    order[10], order[11] = 11, 10
    assert report(day.take(order), market).counts() == {"disorder": 1}
    doubled = Bars.concat([day, day.take(slice(5, 6))])
    assert report(doubled, market).counts() == {"duplicate": 1, "disorder": 1}


@pytest.mark.parametrize("factor", [1.3, 0.6])
def test_a_spike_is_found_and_a_lasting_move_is_none(
    day: Bars, market: Market, factor: float
) -> None:
    name = "high" if factor > 1 else "low"
    spiked = with_value(day, name, 400, getattr(day, name)[400] * factor)
    assert report(spiked, market).counts() == {"spike": 1}
    moved = np.where(np.arange(len(day)) >= 400, factor, 1.0)
    level = day.scaled(1 / moved, np.ones(len(day)))
    assert report(level, market).counts() == {}


def test_missing_minutes_are_gaps_with_their_length(day: Bars, market: Market) -> None:
    session = market.session(DAY)
    assert session is not None
    lost = (day.timestamp >= session.open + 5 * MINUTE_US) & (
        day.timestamp < session.open + 12 * MINUTE_US
    )
    quality = report(day.take(~lost), market)
    assert [(g.missing, g.cause) for g in quality.gaps] == [(7, None)]
    assert quality.gaps[0].span.start == session.open + 5 * MINUTE_US
    assert not quality.sound


def test_the_calendar_names_its_causes(synthetic: Synthetic, market: Market) -> None:
    span = day_span(date(2024, 11, 27), date(2024, 11, 30))
    bars = synthetic.bars(series_query("SPY", Series.MINUTE, span)).bars
    quality = check(bars, Timeframe.MIN_1, span, market=market)
    assert [g.cause for g in quality.gaps] == ["exchange holiday", "early close"]
    assert quality.sound


def test_missing_days_are_gaps(synthetic: Synthetic, market: Market) -> None:
    span = day_span(date(2024, 7, 1), date(2024, 7, 8))
    days = synthetic.bars(series_query("SPY", Series.DAY, span)).bars
    quality = check(days.take(np.arange(len(days)) != 1), Timeframe.DAY, span, market=market)
    assert [(g.missing, g.cause) for g in quality.gaps] == [(1, None), (0, "exchange holiday")]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_bars_for_a_spike_are_no_trouble(day: Bars, market: Market, count: int) -> None:
    quality = check(day.take(slice(0, count)), Timeframe.MIN_1, day_span(DAY), market=market)
    assert quality.counts() == {}
    assert quality.unexplained_missing == 390


@pytest.mark.realdata
def test_the_stale_print_after_apples_split_is_the_one_spike(
    real: FlatFiles, market: Market
) -> None:
    span = day_span(date(2014, 6, 5), date(2014, 6, 9))
    bars = real.bars(series_query("AAPL", Series.MINUTE, span)).bars
    split = Split(date(2014, 6, 9), "AAPL", 1, 7)
    for prices in (bars, adjust(bars, [split], date(2026, 1, 1), MARKET)):
        quality = check(prices, Timeframe.MIN_1, span, market=market)
        assert [str(f)[:31] for f in quality.findings] == ["2014-06-09T08:00:00Z spike: ope"]
        assert quality.unexplained_missing == 0


def test_daily_bars_on_closed_days_are_findings_and_longer_ones_are_not() -> None:
    days = [date(2024, 7, 3), date(2024, 7, 4), date(2024, 7, 5), date(2024, 7, 7)]
    bars = flat_bars([MARKET.midnight(day) for day in days], 10.0)
    span = day_span(days[0], days[-1])
    found = check(bars, Timeframe.DAY, span, market=MARKET).findings
    assert [(f.kind, MARKET.date_of(f.timestamp)) for f in found] == [
        ("no session", days[1]), ("no session", days[3])
    ]  # fmt: skip
    assert ["holiday" in found[0].detail, "weekend" in found[1].detail] == [True, True]
    assert check(bars, Timeframe.WEEK, span, market=MARKET).sound
    before = flat_bars([MARKET.midnight(date(1980, 1, 2))], 10.0)
    assert check(before, Timeframe.DAY, day_span(date(1980, 1, 2)), market=MARKET).findings == ()


def test_gaps_with_no_bar_between_them_are_one_range(market: Market) -> None:
    """Three empty sessions over a holiday are one gap, not a row a session; one bar makes two."""
    span = day_span(date(2024, 7, 1), date(2024, 7, 8))
    sessions = list(market.sessions(span))
    every = [np.arange(s.open, s.close, MINUTE_US) for s in sessions]
    ends = flat_bars([*every[0].tolist(), *every[-1].tolist()])
    quality = check(ends, Timeframe.MIN_1, span, market=market)
    (gap,) = [gap for gap in quality.gaps if gap.cause is None]
    assert (gap.span.start, gap.span.end) == (sessions[1].open, sessions[-2].close)
    assert gap.missing == sum(map(len, every[1:-1]))
    assert repr(quality.gaps).count("holiday") == 0
    middle = int(every[2][100])
    split = check(Bars.concat([ends, flat_bars([middle])]).tidy(), Timeframe.MIN_1, span, market=market)  # fmt: skip
    parts = [one.span for one in split.gaps if one.cause is None]
    assert [one.start for one in parts] == [sessions[1].open, middle + MINUTE_US]
    assert split.unexplained_missing == gap.missing - 1


def test_the_minute_that_was_forming_at_the_end_of_a_span_is_not_expected(
    day: Bars, market: Market
) -> None:
    """A span that was fetched in session hours ends inside a minute, and inside a day."""
    session = market.session(DAY)
    assert session is not None
    noon = session.open + 60 * MINUTE_US
    cut = SPAN.until(noon + MINUTE_US // 2)
    bars = day.take(day.timestamp < noon)
    assert check(bars, Timeframe.MIN_1, cut, market=market).sound
    assert check(bars.take(slice(0)), Timeframe.DAY, cut, market=market).sound
    later = SPAN.until(noon + MINUTE_US)
    assert check(bars, Timeframe.MIN_1, later, market=market).unexplained_missing == 1


def test_the_cost_of_a_report_is_linear_in_its_bars(market: Market) -> None:
    """Each session looks at its own bars: ten months of minutes took 22 s."""
    looked_at = 0
    span = day_span(date(2024, 1, 2), date(2024, 10, 31))
    stamps = np.concatenate([np.arange(s.open, s.close, MINUTE_US) for s in market.sessions(span)])
    isin = np.isin

    def counting(places: Ints, among: Ints) -> Bools:
        nonlocal looked_at
        looked_at += len(among)
        return isin(places, among)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "isin", counting)
        assert check(flat_bars(stamps.tolist()), Timeframe.MIN_1, span, market=market).sound
    assert looked_at <= len(stamps)
