"""What the commands of `polytape history` do with a store alone."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import click

from polytape.cli.clock import now_us, this_market
from polytape.cli.history_options import chosen_series, days_text, span_of, symbols_of
from polytape.cli.options import StoreOptions
from polytape.cli.output import note, print_records
from polytape.cli.stores import opened_store
from polytape.history import status as stored
from polytape.history import verify as quality
from polytape.model.symbols import parse_symbol
from polytape.model.timestamps import iso
from polytape.store import compact as compaction

Row: TypeAlias = dict[str, object]


def status(symbols: Sequence[str], form: str, options: StoreOptions) -> None:
    """Print what is stored of each series, or of each symbol."""
    with opened_store(options) as store:
        if symbols:
            parsed = map(parse_symbol, symbols)
            rows = [_symbol_row(row) for row in stored.symbol_status(store, parsed, this_market())]
        else:
            rows = [_series_row(row) for row in stored.series_status(store)]
        print_records(rows, form)


def verify(
    symbols: Sequence[str], start: str | None, end: str | None, form: str, options: StoreOptions
) -> bool:
    """Print the report; whether anything is doubtful."""
    market = this_market()
    with opened_store(options) as store:
        chosen, today = symbols_of(store, symbols), market.date_of(now_us())
        reports = quality.verify(store, chosen, span_of(start, end), market=market, today=today)
        rows = [row for report in reports for row in _report_rows(report)]
    doubtful = any(row["kind"] != "explained" for row in rows)
    if form == "table" and not doubtful:
        note("nothing to doubt")
    print_records(rows, form)
    return doubtful


def compact(options: StoreOptions) -> None:
    """Merge small files, and say how many."""
    with opened_store(options) as store:
        done = compaction.compact_all(store)
    files = sum(one.before for one in done)
    click.echo(f"{files:,} files merged into {len(done):,}")


def delete(
    symbols: Sequence[str],
    start: str | None,
    end: str | None,
    timeframe: str | None,
    options: StoreOptions,
    *,
    yes: bool,
) -> None:
    """Forget symbols, and say how many bars."""
    parsed = [parse_symbol(symbol) for symbol in symbols]
    several = chosen_series(timeframe)
    span = span_of(start, end)
    with opened_store(options) as store:
        if not yes:
            question = f"Delete {', '.join(parsed)} {days_text(span)} from {store.storage.url}?"
            click.confirm(question, abort=True)
        gone = sum(
            compaction.forget(store, symbol, series, span)
            for symbol in parsed
            for series in several
        )
    click.echo(f"{gone:,} bars deleted")


def _series_row(row: stored.SeriesStatus) -> Row:
    return {
        "series": row.series,
        "symbols": row.symbols,
        "bars": row.rows,
        "bytes": row.bytes,
        "segments": row.segments,
        "from": iso(row.first),
        "to": iso(row.last),
    }


def _symbol_row(row: stored.SymbolStatus) -> Row:
    return {
        "symbol": row.symbol,
        "series": row.series,
        "bars": row.bars,
        "final": row.final,
        "spans": ", ".join(days_text(span) for span in row.spans),
    }


def _report_rows(report: quality.SpanReport) -> Iterator[Row]:
    """A row for each finding and each gap of a report."""
    of: Row = {"symbol": report.symbol, "series": report.series.value}
    for finding in report.report.findings:
        at = {"at": iso(finding.timestamp)}
        yield of | at | {"kind": finding.kind, "missing": 0, "detail": finding.detail}
    for gap in report.report.gaps:
        kind = "explained" if gap.cause else "gap"
        unexplained = f"no bar until {iso(gap.span.end)}: a halt, no trade, or a hole"
        detail = gap.cause or unexplained
        at = {"at": iso(gap.span.start)}
        yield of | at | {"kind": kind, "missing": gap.missing, "detail": detail}
