"""`polytape history ...`: fill, look at, check, mend, bring in and take out what is stored."""

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from polytape.cli import options as shared

if TYPE_CHECKING:
    from polytape.history.export import Form
    from polytape.history.importer import Format, OnError

timeframe_option = click.option("--timeframe", default="1min", help="1min or 1day: what is stored.")
through_option = click.option(
    "--url", help="A gateway to do it, with its own store; default: one that keeps the same store."
)


@click.group()
def history() -> None:
    """What is kept: fill, status, verify, repair, import, export."""


@history.command("path")
@shared.store_options
def path_of(**options: Unpack[shared.StoreOptions]) -> None:
    """Where the store lies that `history status` reads; where there is none yet, where it would."""
    from polytape.cli.stores import shown_location

    click.echo(shown_location(options))


@history.command()
@shared.symbols_argument
@shared.store_options
@shared.format_option
def status(symbols: tuple[str, ...], form: str, **options: Unpack[shared.StoreOptions]) -> None:
    """What is held: each series, and each symbol named (all of them with one series each)."""
    from polytape.cli import history_store

    history_store.status(symbols, form, options)


@history.command()
@shared.symbols_argument
@shared.span_options
@shared.store_options
@shared.format_option
def verify(
    symbols: tuple[str, ...],
    start: str | None,
    end: str | None,
    form: str,
    **options: Unpack[shared.StoreOptions],
) -> None:
    """The data-quality report on what is held, and each gap's cause.

    Exit code 1 for doubts, and where nothing is held of a symbol that is named.

    The table has a row for each finding, and one for the gaps of each day; csv and json have every
    gap, also those that the calendar explains. repair asks again for what is doubted.
    """
    from polytape.cli import history_store

    if history_store.verify(symbols, start, end, form, options):
        raise click.exceptions.Exit(1)


@history.command()
@shared.symbols_argument
@shared.span_options
@timeframe_option
@click.option("--universe", help="A file of tickers, one a line.")
@click.option("--dry-run", is_flag=True, help="Say what it would ask and stop.")
@through_option
@shared.store_options
def backfill(
    symbols: tuple[str, ...],
    start: str | None,
    end: str | None,
    timeframe: str,
    universe: str | None,
    dry_run: bool,
    url: str | None,
    **options: Unpack[shared.StoreOptions],
) -> None:
    """Ask for what is missing and keep it. What was kept stays when it is stopped.

    Where a gateway keeps the store it is a job of its (polytape jobs), and goes on without this
    command. Exit code 1 where something failed.
    """
    from polytape.cli import history_fill

    if start is None:
        raise click.BadParameter("--from says the first day")
    failed = history_fill.backfill(
        symbols, start, end, timeframe, universe, options, dry_run=dry_run, url=url
    )
    if failed:
        raise click.exceptions.Exit(1)


@history.command()
@shared.symbols_argument
@shared.span_options
@through_option
@shared.store_options
def repair(
    symbols: tuple[str, ...],
    start: str | None,
    end: str | None,
    url: str | None,
    **options: Unpack[shared.StoreOptions],
) -> None:
    """Ask again for the days that verify doubts.

    Of symbols that are named it is a job of the gateway that keeps the store, where there is one.
    Exit code 1 where something failed.
    """
    from polytape.cli import history_fill

    if history_fill.repair(symbols, start, end, options, url):
        raise click.exceptions.Exit(1)


@history.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(("flatfiles", "csv", "parquet")),
    default="flatfiles",
    help="What the files are.",
)
@timeframe_option
@click.option(
    "--column", "columns", multiple=True, help="OURS=THEIRS, such as timestamp=Date; repeatable."
)
@click.option("--zone", help="Of stamps without one. A midnight of a daily bar is a date.")
@click.option("--symbol", help="Where no column names it.")
@click.option(
    "--splits", type=click.Path(path_type=Path), help="A table of splits to keep as well."
)
@click.option(
    "--on-error",
    type=click.Choice(("fail", "skip", "report")),
    default="fail",
    help="Rows that are no bars.",
)
@shared.store_option
def import_files(
    paths: tuple[Path, ...],
    form: "Format",
    timeframe: str,
    columns: tuple[str, ...],
    zone: str | None,
    symbol: str | None,
    splits: Path | None,
    on_error: "OnError",
    store: str | None,
) -> None:
    """Bring in bars from files; a day that has a file, or a bar, is taken to be whole."""
    from polytape.cli import history_files

    files, options = list(paths), shared.StoreOptions(store=store)
    history_files.import_files(
        files, form, timeframe, columns, zone, symbol, splits, on_error, options
    )


@history.command()
@shared.symbols_argument
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="FILE.parquet or FILE.csv, - for stdout; with --hive a folder.",
)
@shared.span_options
@timeframe_option
@click.option(
    "--format",
    "form",
    type=click.Choice(("parquet", "csv")),
    help="Of folders and stdout; default parquet. A file's is its ending.",
)
@click.option("--hive", is_flag=True, help="A folder symbol=S/ for each symbol.")
@shared.store_options
def export(
    symbols: tuple[str, ...],
    out: Path,
    start: str | None,
    end: str | None,
    timeframe: str,
    form: "Form | None",
    hive: bool,
    **options: Unpack[shared.StoreOptions],
) -> None:
    """Write bars as traded to Parquet or CSV: symbol, timestamp (UTC), prices, volume, ...

    Exit code 1 where a symbol that is named has no bars; where none has, no file is written.
    """
    from polytape.cli import history_export

    if not history_export.export(symbols, out, start, end, timeframe, form, options, hive=hive):
        raise click.exceptions.Exit(1)


@history.command()
@shared.store_options
def compact(**options: Unpack[shared.StoreOptions]) -> None:
    """Merge the small files of each month and year into one."""
    from polytape.cli import history_store

    history_store.compact(options)


@history.command()
@shared.some_symbols_argument
@shared.span_options
@click.option("--timeframe", help="1min or 1day; default both.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared.store_options
def delete(
    symbols: tuple[str, ...],
    start: str | None,
    end: str | None,
    timeframe: str | None,
    yes: bool,
    **options: Unpack[shared.StoreOptions],
) -> None:
    """Forget symbols: their bars, and that they were ever asked for."""
    from polytape.cli import history_store

    history_store.delete(symbols, start, end, timeframe, options, yes=yes)
