"""What of the stored bars is doubtful, and how a repair mends it."""

from datetime import date

import numpy as np
import pytest

from polytape.history.backfill import run_tasks
from polytape.history.traded_span import AFTER_LAST, BEFORE_FIRST, NO_BAR
from polytape.history.verify import SpanReport, repair_queries, verify
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.model.quality import Finding, Gap, QualityReport
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.store.reference import Reference
from tests.conftest import MARKET, day_span, flat_bars
from tests.history.scene import JULY, Scene
from tests.store.bars import write, write_market

WEEK = day_span(JULY[0], JULY[4])
ALL = day_span(date(1990, 1, 1), JULY[13])


async def test_verify_finds_what_is_wrong_and_repair_mends_it(market: Market) -> None:
    scene = Scene()
    truth = await scene.fetch(JULY[0], JULY[2])
    spoiled = truth.take(np.arange(len(truth)) != 500)
    spoiled.high[700] *= 3
    write(scene.store, "AAPL", spoiled, day_span(JULY[0], JULY[2]), scene.now + 1)
    scene.now += 10
    (doubt,) = verify(scene.store, ["AAPL"], WEEK, market=market, today=JULY[13])
    assert doubt.report.counts() == {"spike": 1}
    assert doubt.report.unexplained_missing == 1
    queries = repair_queries([doubt], market)
    assert all(query.background and not query.use_cache for query in queries)
    count = await run_tasks(scene.filler, queries)
    assert (count.tasks, count.failed) == (len(queries), ())
    (mended,) = verify(scene.store, ["AAPL"], WEEK, market=market, today=JULY[13])
    assert mended.report.sound
    assert repair_queries([mended], market) == []
    assert scene.store.read("AAPL", Series.MINUTE, day_span(JULY[0], JULY[2])).same(truth)
    scene.close()


async def test_each_covered_span_of_each_series_has_a_report_closed_days_make_no_new_one() -> None:
    scene = Scene()
    await scene.fetch(JULY[2], JULY[2])
    await scene.fetch(JULY[4], JULY[4])  # the holiday between them is no gap
    await scene.fetch(JULY[8], JULY[8])
    days = scene.truth(JULY[0], JULY[1], series=Series.DAY)
    write(scene.store, "AAPL", days, day_span(JULY[0], JULY[1]), 1, series=Series.DAY)
    month = day_span(JULY[0], JULY[13])
    reports = list(verify(scene.store, ["MSFT", "AAPL"], month, market=MARKET, today=JULY[13]))
    assert [(one.symbol, one.series, one.span) for one in reports] == [
        ("AAPL", Series.MINUTE, day_span(JULY[2], JULY[4])),
        ("AAPL", Series.MINUTE, day_span(JULY[8])),
        ("AAPL", Series.DAY, day_span(JULY[0], JULY[1])),
    ]
    assert all(one.report.sound for one in reports)
    scene.close()


def test_a_split_is_no_spike_where_the_store_knows_of_it() -> None:
    scene = Scene()
    span = day_span(date(2024, 6, 3), date(2024, 6, 28))
    midnights = [MARKET.midnight(session.day) for session in MARKET.sessions(span)]
    bars = flat_bars(midnights, 100.0)
    for column in (bars.open, bars.high, bars.low, bars.close):
        column[10:] = 25.0
    bars.high[3] = 300.0
    write(scene.store, "X", bars, span, 1, series=Series.DAY)
    split = Split(MARKET.date_of(midnights[10]), "X", 1.0, 4.0)
    Reference(scene.storage).put_splits([split], 1)
    (one,) = verify(scene.store, ["X"], span, market=MARKET, today=JULY[13])
    assert [finding.timestamp for finding in one.report.findings] == [midnights[3]]
    scene.close()


def test_daily_bars_on_days_without_a_session_are_named_and_not_fetched_again() -> None:
    """Such as a store holds that was filled from days stamped 00:00 UTC, each a day early."""
    scene = Scene()
    early = [date(2024, 6, day) for day in (9, 10, 11, 12, 13)]
    span = day_span(early[0], early[-1])
    write(scene.store, "X", flat_bars(list(map(MARKET.midnight, early)), 100.0), span, 1,
          series=Series.DAY)  # fmt: skip
    (one,) = verify(scene.store, ["X"], span, market=MARKET, today=JULY[13])
    assert not one.report.sound
    assert [str(finding) for finding in one.report.findings] == [
        "2024-06-09T04:00:00Z no session: weekend; the bars around it may lie a day early: "
        "delete, import again"
    ]
    assert repair_queries([one], MARKET) == []
    scene.close()


def test_a_repair_fetches_each_doubtful_day_once_and_no_holiday() -> None:
    """Days that follow each other are one fetch; a gap over many days is asked for in full."""
    day = day_span(JULY[1])
    findings = tuple(Finding("spike", day.start + n, "") for n in range(3))
    gaps = (
        Gap(day_span(JULY[1]), 5, None),
        Gap(day_span(JULY[2]), 1, None),
        Gap(day_span(JULY[3]), 0, "exchange holiday"),
        Gap(day_span(JULY[8], JULY[10]), 3, None),
    )
    report = QualityReport(9, findings, gaps)
    queries = repair_queries([SpanReport("X", Series.DAY, WEEK, report)], MARKET)
    assert [(q.symbol, q.series, q.span) for q in queries] == [
        ("X", Series.DAY, day_span(JULY[1], JULY[2])),
        ("X", Series.DAY, day_span(JULY[8], JULY[10])),
    ]


def test_a_long_gap_is_repaired_in_fetches_of_a_page() -> None:
    """Two months of minutes at a time: a repair of years can be cancelled between them."""
    years = day_span(date(2022, 1, 3), date(2023, 12, 29))
    report = QualityReport(0, (), (Gap(years, 195_000, None),))
    queries = repair_queries([SpanReport("X", Series.MINUTE, years, report)], MARKET)
    assert len(queries) == 12
    assert queries[0].span.start == years.start
    assert queries[-1].span.end == years.end


@pytest.mark.parametrize("series", Series)
def test_nothing_is_missing_before_the_first_bar_of_a_symbol(series: Series) -> None:
    """One question about years before a listing made a store doubtful for good: no repair can bring
    what there is not. A trading day after the first bar that has none stays doubtful.
    """
    scene = Scene()
    years = day_span(date(1995, 1, 4), date(1995, 2, 1))
    write(scene.store, "AAPL", Bars.empty(), years, 1, series=series)
    (alone,) = verify(scene.store, ["AAPL"], years, market=MARKET, today=JULY[13])
    assert alone.report.gaps == (Gap(years, 0, NO_BAR),)
    bars = scene.truth(JULY[1], JULY[1], series=series)
    write(scene.store, "AAPL", bars, day_span(JULY[0], JULY[2]), 1, series=series)
    early, listing = verify(scene.store, ["AAPL"], ALL, market=MARKET, today=JULY[13])
    assert (early.span, early.report.gaps) == (years, (Gap(years, 0, BEFORE_FIRST),))
    assert repair_queries([early], MARKET) == []
    assert listing.report.gaps[0] == Gap(day_span(JULY[0]), 0, BEFORE_FIRST)
    doubted = repair_queries([listing], MARKET)
    assert [query.span for query in doubted] == [day_span(JULY[2])]
    scene.close()


def test_a_symbol_that_is_in_files_of_the_whole_market_no_longer_misses_nothing() -> None:
    """It was delisted, or the newest files lack it by a fault: no file says which, and the gap does
    so. Days inside its trading stay doubtful, and so do later ones that it was asked for by itself.
    """
    scene = Scene()
    for day in (JULY[0], JULY[1], JULY[2], JULY[4], JULY[7]):
        there = day in (JULY[0], JULY[2])
        parts = {"X": scene.truth(day, day, series=Series.DAY)} if there else {}
        write_market(scene.store, parts, day_span(day), 1, series=Series.DAY)
    (report,) = verify(scene.store, ["X"], ALL, market=MARKET, today=JULY[13])
    after = Span(day_span(JULY[3]).start, day_span(JULY[7]).end)
    assert [gap for gap in report.report.gaps if gap.missing] == [Gap(day_span(JULY[1]), 1, None)]
    assert report.report.gaps[-1] == Gap(after, 0, AFTER_LAST)
    assert [query.span for query in repair_queries([report], MARKET)] == [day_span(JULY[1])]
    write(scene.store, "X", Bars.empty(), day_span(JULY[8]), 2, series=Series.DAY)
    (asked,) = verify(scene.store, ["X"], ALL, market=MARKET, today=JULY[13])
    assert (asked.report.unexplained_missing, asked.report.findings) == (4, ())
    scene.close()
