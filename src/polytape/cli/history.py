"""`polytape history ...`: fill, look at, check, mend, bring in and take out what is kept."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from polytape import settings as settings_module
from polytape.cli.history_output import (
    all_symbols,
    column_names,
    doubts,
    listed,
    progress,
    shown_days,
    span_of,
    splits_beside,
    stored_series,
    zone_of,
)
from polytape.cli.output import Format, note, print_facts, print_records
from polytape.cli.wiring import now_us, open_store, store_location
from polytape.errors import ConfigurationError
from polytape.model.market import xnys
from polytape.model.newyork import NEW_YORK, iso
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series
from polytape.settings import Settings, SourceName

history = typer.Typer(help="What is kept: fill, status, verify, repair, import, export.")

StoreOption = Annotated[
    str | None, typer.Option("--store", help="PATH or s3://BUCKET/PREFIX; default: user data.")
]
Source = Annotated[SourceName | None, typer.Option(help="Whose bars; synthetic has its own store.")]
Data = Annotated[str | None, typer.Option(help="Flat files: a folder, or s3://flatfiles.")]
Symbols = Annotated[list[str] | None, typer.Argument(help="Tickers.")]
Universe = Annotated[Path | None, typer.Option(help="A file of tickers, one a line.")]
From = Annotated[str | None, typer.Option("--from", help="First day.")]
To = Annotated[str | None, typer.Option("--to", help="Last day.")]
TimeframeOption = Annotated[str, typer.Option(help="1min or 1day: what is stored.")]
Form = Annotated[Format, typer.Option("--format", help="How to print the answer.")]


class ImportFormat(StrEnum):
    """What an import reads."""

    FLATFILES = "flatfiles"
    CSV = "csv"
    PARQUET = "parquet"


class ExportFormat(StrEnum):
    """What an export writes."""

    PARQUET = "parquet"
    CSV = "csv"


class OnError(StrEnum):
    """What becomes of a row that is no bar."""

    FAIL = "fail"
    SKIP = "skip"
    REPORT = "report"


@history.command("path")
def path_of(store: StoreOption = None, source: Source = None, data: Data = None) -> None:
    """Where the store lies."""
    typer.echo(store_location(_settings(store, source, data)))


@history.command()
def status(
    symbols: Symbols = None,
    store: StoreOption = None,
    source: Source = None,
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """What is held: each series, and each symbol named (all of them with one series each)."""
    from polytape.history.status import series_status, symbol_status

    console = Console()
    with _store(_settings(store, source, data)) as held:
        rows = [
            {
                "series": row.series,
                "symbols": row.symbols,
                "bars": row.rows,
                "bytes": row.bytes,
                "segments": row.segments,
                "from": iso(row.first),
                "to": iso(row.last),
            }
            for row in series_status(held)
        ]
        if symbols:
            rows = [
                {
                    "symbol": row.symbol,
                    "series": row.series,
                    "bars": row.bars,
                    "final": row.final,
                    "spans": ", ".join(shown_days(span) for span in row.spans),
                }
                for row in symbol_status(held, map(parse_symbol, symbols), xnys())
            ]
        print_records(rows, form, console)


@history.command()
def verify(
    symbols: Symbols = None,
    start: From = None,
    end: To = None,
    store: StoreOption = None,
    source: Source = None,
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """The data-quality report on what is held, and each gap's cause; exit code 1 for doubts."""
    from polytape.history.status import verify as report_on

    with _store(_settings(store, source, data)) as held:
        wanted = [parse_symbol(s) for s in symbols or []] or all_symbols(held)
        today = datetime.now(UTC).astimezone(NEW_YORK).date()
        rows = [
            row
            for told in report_on(held, wanted, span_of(start, end), market=xnys(), today=today)
            for row in doubts(told)
        ]
    if form is Format.TABLE and not any(row["kind"] != "explained" for row in rows):
        note("nothing to doubt")
    print_records(rows, form, Console())
    if any(row["kind"] != "explained" for row in rows):
        raise typer.Exit(1)


@history.command()
def backfill(
    symbols: Symbols = None,
    start: From = None,
    end: To = None,
    timeframe: TimeframeOption = "1min",
    universe: Universe = None,
    dry_run: Annotated[bool, typer.Option(help="Say what it would ask and stop.")] = False,
    store: StoreOption = None,
    source: Source = None,
    data: Data = None,
) -> None:
    """Ask for what is missing and keep it. What was kept stays when it is stopped."""
    if start is None:
        raise typer.BadParameter("--from says the first day")
    series, span = stored_series(timeframe), span_of(start, end)
    settings = _settings(store, source, data)
    wanted = [parse_symbol(s) for s in [*(symbols or []), *listed(universe)]]
    if not wanted:
        raise typer.BadParameter("name symbols, or a --universe FILE")
    failed = asyncio.run(_backfill(settings, wanted, series, span, dry_run=dry_run))
    if failed:
        raise typer.Exit(1)


@history.command()
def repair(
    symbols: Symbols = None,
    start: From = None,
    end: To = None,
    store: StoreOption = None,
    source: Source = None,
    data: Data = None,
) -> None:
    """Ask again for the days that verify doubts."""
    settings = _settings(store, source, data)
    failed = asyncio.run(_repair(settings, symbols or [], span_of(start, end)))
    if failed:
        raise typer.Exit(1)


@history.command("import")
def import_files(
    paths: Annotated[list[Path], typer.Argument(metavar="PATHS...", help="Files or folders.")],
    form: Annotated[ImportFormat, typer.Option("--format")] = ImportFormat.FLATFILES,
    timeframe: TimeframeOption = "1min",
    column: Annotated[
        list[str] | None, typer.Option(help="OURS=THEIRS, such as timestamp=Date; repeatable.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Of stamps without one.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Where no column names it.")] = None,
    splits: Annotated[Path | None, typer.Option(help="A table of splits to keep as well.")] = None,
    on_error: Annotated[OnError, typer.Option(help="Rows that are no bars.")] = OnError.FAIL,
    store: StoreOption = None,
) -> None:
    """Bring in bars from files; a day that has a file, or a bar, is taken to be whole."""
    from polytape.history.importer import Importer, Mapping, files_of
    from polytape.store.reference import Reference
    from polytape.upstream.flatfiles.parsing import read_splits

    mapping = Mapping(stored_series(timeframe), column_names(column or []), zone_of(zone), symbol)
    with _store(_settings(store, None, None)) as held:
        importer = Importer(held, xnys, now_us, on_error.value)
        files = files_of(paths, form.value)
        bars = refused = 0
        with progress("files", len(files)) as done:
            for told in importer.run(paths, form.value, mapping):
                bars, refused = bars + told.bars, refused + len(told.refused)
                for row in told.refused if on_error is OnError.REPORT else ():
                    note(f"{told.path}: {row}")
                done(told.path.name)
        table = splits or splits_beside(paths)
        if table is not None:
            known = [split for rows in read_splits(table).values() for split in rows]
            Reference(held.storage).put_splits(known, now_us())
        left = f", {refused:,} rows left out" if refused else ""
        typer.echo(f"{bars:,} bars of {len(files):,} files kept in {held.storage.url}{left}")


@history.command()
def export(
    out: Annotated[Path, typer.Option(help="A file, or a folder with --hive.")],
    symbols: Symbols = None,
    start: From = None,
    end: To = None,
    timeframe: TimeframeOption = "1min",
    form: Annotated[ExportFormat, typer.Option("--format")] = ExportFormat.PARQUET,
    hive: Annotated[bool, typer.Option(help="A folder symbol=S/ for each symbol.")] = False,
    store: StoreOption = None,
    source: Source = None,
    data: Data = None,
) -> None:
    """Write bars as traded to Parquet or CSV: symbol, timestamp (UTC), prices, volume, ..."""
    from polytape.history.export import export_bars

    series = stored_series(timeframe)
    with _store(_settings(store, source, data)) as held:
        wanted = [parse_symbol(s) for s in symbols or []] or held.symbols(series)
        with progress("symbols", len(wanted)) as done:
            rows = export_bars(
                held,
                wanted,
                series,
                span_of(start, end),
                out,
                form=form.value,
                hive=hive,
                told=done,
            )
    typer.echo(f"{rows:,} bars of {len(wanted):,} symbols written to {out}")


@history.command()
def compact(store: StoreOption = None, source: Source = None, data: Data = None) -> None:
    """Merge the small files of each month and year into one."""
    from polytape.history.status import compact_all

    with _store(_settings(store, source, data)) as held:
        merged = compact_all(held)
    files = sum(done.before for done in merged)
    typer.echo(f"{files:,} files merged into {len(merged):,}")


@history.command()
def delete(
    symbols: Annotated[list[str], typer.Argument(help="Tickers.")],
    start: From = None,
    end: To = None,
    timeframe: Annotated[str | None, typer.Option(help="1min or 1day; default both.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    store: StoreOption = None,
    source: Source = None,
    data: Data = None,
) -> None:
    """Forget symbols: their bars, and that they were ever asked for."""
    from polytape.store.compact import forget

    wanted = [parse_symbol(s) for s in symbols]
    series = list(Series) if timeframe is None else [stored_series(timeframe)]
    span = span_of(start, end)
    with _store(_settings(store, source, data)) as held:
        if not yes:
            typer.confirm(
                f"Delete {', '.join(wanted)} {shown_days(span)} from {held.storage.url}?",
                abort=True,
            )
        gone = sum(forget(held, symbol, one, span) for symbol in wanted for one in series)
    typer.echo(f"{gone:,} bars deleted")


async def _backfill(
    settings: Settings, symbols: list[str], series: Series, span: Span, *, dry_run: bool
) -> int:
    from polytape.gateway.api.history_messages import planned

    with _desk(settings) as desk:
        asked = planned(desk, symbols, series, span)
        if dry_run:
            _tell_cost(desk, asked, len(symbols))
            return 0
        if not asked.tasks:
            typer.echo("nothing is missing")
            return 0
        return await _ask(desk, asked.tasks, series, again=False)


async def _repair(settings: Settings, symbols: list[str], span: Span) -> int:
    from polytape.history import status as look
    from polytape.history.backfill import Question

    failed = 0
    with _desk(settings) as desk:
        assert desk.store is not None
        wanted = [parse_symbol(s) for s in symbols] or all_symbols(desk.store)
        today = datetime.now(UTC).astimezone(NEW_YORK).date()
        told = list(look.verify(desk.store, wanted, span, market=desk.market, today=today))
        for series in Series:
            days = [
                Question(one.symbol, day)
                for one in told
                if one.series == series.value
                for day in look.doubtful_days(one)
            ]
            failed += await _ask(desk, days, series, again=True) if days else 0
    return failed


async def _ask(desk: Any, asked: Sequence[Any], series: Series, *, again: bool) -> int:
    from polytape.history.backfill import backfill

    bars = failed = 0
    with progress("questions", len(asked)) as done:
        async for told in backfill(desk.filler, asked, series, again=again):
            bars += told.bars
            if told.error is not None:
                failed += 1
                note(f"{told.question}: {told.error}")
            done(told.question)
    typer.echo(f"{len(asked) - failed:,} questions answered, {bars:,} bars, {failed:,} failed")
    return failed


def _tell_cost(desk: Any, asked: Any, symbols: int) -> None:
    state = desk.budget_state()
    metered = {
        "requests": asked.requests,
        "budget": f"{state.limit} in {state.window_s:g} s",
    }
    facts = {
        "questions": len(asked.tasks),
        "symbols": symbols,
        **(metered if desk.vendor is not None else {}),
        "about": str(timedelta(seconds=round(asked.seconds))),
        "why": asked.why,
        "source": desk.source_name,
    }
    print_facts(facts, Format.TABLE, Console())


def _settings(store: str | None, source: SourceName | None, data: str | None) -> Settings:
    return settings_module.load(store=store, source=source, data=data)


@contextmanager
def _store(settings: Settings) -> Iterator[Any]:
    held = open_store(settings)
    if held is None:
        raise ConfigurationError("--store none keeps nothing: name a store")
    try:
        yield held
    finally:
        held.close()


@contextmanager
def _desk(settings: Settings) -> Iterator[Any]:
    from polytape.cli.wiring import make_desk

    if settings.store == "none":
        raise ConfigurationError("--store none keeps nothing: name a store")
    desk = make_desk(settings)
    try:
        if desk.source is None:
            raise ConfigurationError("there is nobody to ask: name a --source")
        yield desk
    finally:
        desk.close()
