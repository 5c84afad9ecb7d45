"""A report as rows: all of it for programs, a row a day for people."""

from datetime import date

from polytape.cli.verify_rows import day_rows, report_rows
from polytape.history.verify import SpanReport
from polytape.model.quality import Finding, Gap, QualityReport
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from tests.conftest import MARKET, day_span

DAY = date(2024, 7, 2)
SPAN = day_span(DAY)
OPEN = SPAN.start + (9 * 60 + 30) * MINUTE_US


def report(*gaps: Gap, findings: tuple[Finding, ...] = ()) -> SpanReport:
    return SpanReport("A", Series.MINUTE, SPAN, QualityReport(9, findings, gaps))


def minutes(first: int, count: int) -> Gap:
    start = OPEN + first * MINUTE_US
    return Gap(Span(start, start + count * MINUTE_US), count, None)


def test_the_gaps_of_a_day_are_one_row_for_people_and_each_a_row_for_programs() -> None:
    """A thin stock has hundreds a day: the first few are named, in New York's time."""
    thin = report(*(minutes(3 * n, 1 + n % 2) for n in range(100)))
    (row,) = day_rows(thin, MARKET)
    assert row["at"] == "2024-07-02"
    assert row["detail"] == "150 missing: 09:30, 09:33-09:35, 09:36 and 97 more"
    assert len(list(report_rows(thin))) == 100


def test_what_a_finding_says_of_instants_is_new_yorks_for_people() -> None:
    """As its own; programs have both as they are."""
    after = report(findings=(Finding("disorder", OPEN, "follows 2024-07-02T13:35:00Z"),))
    (shown,), (row,) = day_rows(after, MARKET), report_rows(after)
    assert (shown["at"], shown["detail"]) == (
        "2024-07-02 09:30", "follows 2024-07-02 09:35 New York",
    )  # fmt: skip
    assert (row["at"], row["detail"]) == ("2024-07-02T13:30:00Z", "follows 2024-07-02T13:35:00Z")


def test_a_gap_over_many_days_is_a_range_and_what_the_calendar_explains_is_for_programs() -> None:
    """Findings stand among them, by time."""
    years = Gap(day_span(date(2020, 1, 2), date(2024, 6, 28)), 400_000, None)
    holiday = Gap(day_span(date(2024, 7, 4)), 0, "exchange holiday")
    spike = Finding("spike", OPEN, "high 30")
    rows = list(day_rows(report(years, minutes(5, 2), holiday, findings=(spike,)), MARKET))
    assert [(row["kind"], row["at"], row["detail"]) for row in rows] == [
        ("gap", "2020-01-02", "400,000 missing: 2020-01-02 to 2024-06-28"),
        ("spike", "2024-07-02 09:30", "high 30"),
        ("gap", "2024-07-02", "2 missing: 09:35-09:37"),
    ]
    kinds = [row["kind"] for row in report_rows(report(years, holiday, findings=(spike,)))]
    assert kinds == ["spike", "gap", "explained"]
