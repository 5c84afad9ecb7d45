"""Reports on stored bars as rows: all of it for programs, a row a day for people."""

from collections.abc import Iterator
from itertools import groupby
from typing import TypeAlias

from polytape.cli.error_texts import in_new_york
from polytape.history.verify import SpanReport
from polytape.model.market import Market
from polytape.model.quality import Finding, Gap
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.model.timestamps import iso
from polytape.model.units import MINUTE_US

Row: TypeAlias = dict[str, object]

SHOWN_GAPS = 3


def report_rows(report: SpanReport) -> Iterator[Row]:
    """A row for each finding and each gap of a report; instants are UTC."""
    of: Row = {"symbol": report.symbol, "series": report.series.value}
    for finding in report.report.findings:
        at = {"at": iso(finding.timestamp)}
        yield of | at | {"kind": finding.kind, "missing": 0, "detail": finding.detail}
    for gap in report.report.gaps:
        kind = "explained" if gap.cause else "gap"
        unexplained = f"no bar until {iso(gap.span.end)}: a halt, no trade, or a hole"
        at = {"at": iso(gap.span.start)}
        detail = gap.cause or unexplained
        yield of | at | {"kind": kind, "missing": gap.missing, "detail": detail}


def day_rows(report: SpanReport, market: Market) -> Iterator[Row]:
    """A row for each finding, each longer gap, and for the short gaps of each day together, by
    time; times are New York's. What the calendar explains is left out.
    """
    of: Row = {"symbol": report.symbol, "series": report.series.value}
    rows = [(f.timestamp, _finding_row(f, market)) for f in report.report.findings]
    gaps = [gap for gap in report.report.gaps if gap.cause is None]
    for day, some in groupby(gaps, key=lambda gap: market.date_of(gap.span.start)):
        inside = list(some)
        missing = sum(gap.missing for gap in inside)
        detail = f"{missing:,} missing: {_places(inside, report.series, market)}"
        rows.append((inside[0].span.start, {"kind": "gap", "at": f"{day}", "detail": detail}))
    for _, row in sorted(rows, key=lambda one: one[0]):
        yield of | row


def _finding_row(finding: Finding, market: Market) -> Row:
    at = f"{market.local(finding.timestamp):%Y-%m-%d %H:%M}"
    return {"kind": finding.kind, "at": at, "detail": in_new_york(finding.detail)}


def _places(gaps: list[Gap], series: Series, market: Market) -> str:
    """`09:47-09:51, 10:02 and 8 more`; days by their dates."""
    shown = ", ".join(_place(gap.span, series, market) for gap in gaps[:SHOWN_GAPS])
    more = len(gaps) - SHOWN_GAPS
    return f"{shown} and {more:,} more" if more > 0 else shown


def _place(span: Span, series: Series, market: Market) -> str:
    first, last = market.date_of(span.start), market.date_of(span.end - 1)
    if first != last:
        return f"{first} to {last}"
    if series is Series.DAY:
        return f"{first}"
    begin, end = market.local(span.start), market.local(span.end)
    one = span.end - span.start == MINUTE_US
    return f"{begin:%H:%M}" if one else f"{begin:%H:%M}-{end:%H:%M}"
