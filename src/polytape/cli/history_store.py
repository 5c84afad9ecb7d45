"""What the commands of `polytape history` do with a store alone."""

from collections.abc import Collection, Sequence
from functools import partial

import click

from polytape.cli import clock, history_options, output, verify_rows
from polytape.cli.options import StoreOptions
from polytape.cli.progress import progress
from polytape.cli.stores import opened_store
from polytape.history import status as stored
from polytape.history import verify as quality
from polytape.history.quarantine import Quarantine
from polytape.history.traded_span import AFTER_LAST
from polytape.model.counts import counted
from polytape.model.market import Market
from polytape.model.symbols import parse_symbol
from polytape.model.timestamps import iso
from polytape.store import compact as compaction
from polytape.store.about import IMPORTED
from polytape.store.segments import SegmentStore

FEW_NAMES = 5
# A report of thousands of rows is for a file.
MOST_ROWS = 200
KILO = 1_000


def status(symbols: Sequence[str], form: str, options: StoreOptions) -> None:
    """Print what is stored of each series, or of each symbol."""
    with opened_store(options) as store:
        if symbols:
            parsed = list(dict.fromkeys(map(parse_symbol, symbols)))
            rows = list(stored.symbol_status(store, parsed, clock.this_market()))
            output.print_records(map(partial(_symbol_row, form), rows), form)
            _note_absent(store, [name for name in parsed if name not in {r.symbol for r in rows}])
        else:
            shown = _series_row if form == "table" else _series_facts
            records = [shown(row) for row in stored.series_status(store)]
            output.note(f"store {store.storage.url}, bars of {store.source}")
            if form == "table" and not records:
                click.echo("the store is empty: polytape history import or backfill fills it")
            else:
                output.print_records(records, form)
        _note_unread(store)


def verify(
    symbols: Sequence[str], start: str | None, end: str | None, form: str, options: StoreOptions
) -> bool:
    """Print the report; whether anything is doubtful, or nothing is stored of a symbol named."""
    market = clock.this_market()
    span, today = history_options.span_of(start, end), market.date_of(clock.now_us())
    spans: list[quality.SpanReport] = []
    with opened_store(options) as store:
        chosen = history_options.symbols_of(store, symbols)
        with progress("symbols", len(chosen)) as verified:
            for symbol in chosen:
                spans += quality.verify(store, [symbol], span, market=market, today=today)
                verified(symbol)
        source = store.source
        there = {r.symbol for r in spans if r.report.bars or not r.report.sound}
        absent = [name for name in chosen if name not in there] if symbols else []
        _note_absent(store, absent)
        _note_ended(spans, market)
        _note_unread(store)
    doubtful = [report for report in spans if not report.report.sound]
    if form != "table":
        output.print_records(
            [row for report in spans for row in verify_rows.report_rows(report)], form
        )
    elif doubtful:
        _print_short([row for report in spans for row in verify_rows.day_rows(report, market)])
    if spans:
        output.note(_verdict(spans, doubtful, absent, source))
    return bool(doubtful or absent)


def _print_short(rows: list[verify_rows.Row]) -> None:
    output.print_records(rows[:MOST_ROWS], "table")
    if len(rows) > MOST_ROWS:
        output.note(f"{counted(len(rows) - MOST_ROWS, 'more row')}: --format csv has them all")


def _verdict(
    spans: Sequence[quality.SpanReport],
    doubtful: Sequence[quality.SpanReport],
    absent: Sequence[str],
    source: str,
) -> str:
    """What the exit code says, in words, and what to do."""
    bars = sum(report.report.bars for report in spans)
    if not doubtful:
        missed = f", but there are none of {_few(absent)} (exit code 1)" if absent else ""
        return f"nothing to doubt in {counted(bars, 'bar')}" + (missed or " (exit code 0)")
    names = list(dict.fromkeys(report.symbol for report in doubtful))
    findings = sum(len(report.report.findings) for report in doubtful)
    missing = sum(report.report.unexplained_missing for report in doubtful)
    shown = _few(names)
    cure = f"polytape history repair {shown} asks for those days again"
    if source == IMPORTED:
        cure = "correct the file, and import it again"
    return (
        f"doubtful: {counted(findings, 'finding')}, {counted(missing, 'bar')} missing without a "
        f"cause, of {shown} (exit code 1); {cure}"
    )


def _few(names: Sequence[str]) -> str:
    return " ".join(names[:FEW_NAMES]) + (" ..." if len(names) > FEW_NAMES else "")


def _note_absent(store: SegmentStore, names: Sequence[str]) -> None:
    for name in names:
        output.note(f"nothing of {name} is stored in {store.storage.url}")


def _note_ended(spans: Sequence[quality.SpanReport], market: Market) -> None:
    """Which symbols the newest files have no longer, so that a fault of theirs is seen, too."""
    ended = {
        report.symbol: market.date_of(gap.span.start)
        for report in spans
        for gap in report.report.gaps
        if gap.cause == AFTER_LAST
    }
    if ended:
        since = _few([f"{symbol} (since {day})" for symbol, day in ended.items()])
        output.note(f"{counted(len(ended), 'symbol')} with {AFTER_LAST}: {since}")


def _note_unread(store: SegmentStore) -> None:
    for file in store.catalog.unread():
        output.note(f"not read: {file.path}: {file.reason}")


def compact(options: StoreOptions) -> None:
    """Merge small files, and say how many, and which were left to another program."""
    with opened_store(options) as store:
        done = compaction.compact_all(store)
        for folder in _left_alone(store, {one.folder for one in done}):
            output.note(f"{folder} is left as it is: another program compacts it now")
    files = sum(one.before for one in done)
    click.echo(f"{counted(files, 'file')} merged into {len(done):,}")


def _left_alone(store: SegmentStore, compacted: Collection[str]) -> list[str]:
    """The folders with several files that were not compacted: another program is at it."""
    series = store.catalog.series()
    folders = [folder for one in series for folder in store.catalog.folders(one)]
    return [f for f in folders if f not in compacted and len(store.catalog.segments(f)) > 1]


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
    several = history_options.chosen_series(timeframe)
    span = history_options.span_of(start, end)
    with opened_store(options) as store:
        if not yes:
            days, names = history_options.days_text(span), ", ".join(parsed)
            if not click.confirm(f"Delete {names} {days} from {store.storage.url}?"):
                click.echo("nothing was deleted")
                return
        gone = sum(
            compaction.forget(store, symbol, series, span)
            for symbol in parsed
            for series in several
        )
        for symbol in parsed:
            Quarantine(store.storage).forget(symbol, span)
    click.echo(f"{counted(gone, 'bar')} deleted")


def _series_facts(row: stored.SeriesStatus) -> verify_rows.Row:
    return {
        "series": row.series,
        "symbols": row.symbols,
        "bars": row.rows,
        "bytes": row.bytes,
        "segments": row.segments,
        "from": iso(row.first),
        "to": iso(row.last),
    }


def _series_row(row: stored.SeriesStatus) -> verify_rows.Row:
    """The same for people: days of New York, and sizes in words."""
    market = clock.this_market()
    return {
        "series": row.series,
        "symbols": f"{row.symbols:,}",
        "bars": f"{row.rows:,}",
        "size": _size(row.bytes),
        "files": f"{row.segments:,}",
        "first day": f"{market.date_of(row.first)}",
        "last day": f"{market.date_of(row.last - 1)}",
    }


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < KILO:
            return f"{count:.0f} {unit}"
        count /= KILO
    return f"{count:,.1f} GB"


def _symbol_row(form: str, row: stored.SymbolStatus) -> verify_rows.Row:
    return {
        "symbol": row.symbol,
        "series": row.series,
        "bars": f"{row.bars:,}" if form == "table" else row.bars,
        "final": row.final,
        "spans": ", ".join(history_options.days_text(span) for span in row.spans),
    }
