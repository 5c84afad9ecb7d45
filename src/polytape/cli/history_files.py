"""What the commands of `polytape history` read from files and write to them."""

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from polytape.cli.clock import now_us, this_market
from polytape.cli.history_options import series_of, span_of
from polytape.cli.options import StoreOptions
from polytape.cli.output import note
from polytape.cli.progress import progress
from polytape.cli.stores import opened_store
from polytape.errors import ValidationError
from polytape.history import export as exporting
from polytape.history import import_tables as tables
from polytape.history import importer as importing
from polytape.model.symbols import parse_symbol
from polytape.store.reference import Reference
from polytape.upstream.flatfiles.splits_table import read_splits


def import_files(
    paths: list[Path],
    form: importing.Format,
    timeframe: str,
    columns: Sequence[str],
    zone: str | None,
    symbol: str | None,
    splits: Path | None,
    on_error: importing.OnError,
    options: StoreOptions,
) -> None:
    """Bring in bars, and say how many.

    Raises: DataFetchError naming the file; ConfigurationError, ValidationError.
    """
    mapping = tables.ColumnMapping(series_of(timeframe), _columns(columns), _zone(zone), symbol)
    with opened_store(options) as store:
        importer = importing.Importer(store, this_market(), now_us, on_error)
        files = importing.files_of(paths, form)
        bars = refused = 0
        with progress("files", len(files)) as done:
            for file in importer.run(paths, form, mapping):
                bars, refused = bars + file.bars, refused + len(file.refused)
                if on_error == "report":
                    _note_refused(file)
                done(file.path.name)
        _import_splits(Reference(store.storage), splits or _splits_beside(paths))
        left = f", {refused:,} rows left out" if refused else ""
        click.echo(f"{bars:,} bars of {len(files):,} files kept in {store.storage.url}{left}")


def export(
    symbols: Sequence[str],
    out: Path,
    start: str | None,
    end: str | None,
    timeframe: str,
    form: exporting.Form,
    options: StoreOptions,
    *,
    hive: bool,
) -> None:
    """Write stored bars, and say how many.

    Raises: ConfigurationError naming the path; ValidationError.
    """
    series = series_of(timeframe)
    with opened_store(options) as store:
        chosen = [parse_symbol(symbol) for symbol in symbols] or store.symbols(series)
        with progress("symbols", len(chosen)) as done:
            exporter = exporting.Exporter(store, series, span_of(start, end), form, done)
            write = exporter.to_folders if hive else exporter.to_file
            rows = write(chosen, out)
    click.echo(f"{rows:,} bars of {len(chosen):,} symbols written to {out}")


def _note_refused(file: importing.FileImport) -> None:
    for row in file.refused:
        note(f"{file.path}: {row}")


def _import_splits(reference: Reference, table: Path | None) -> None:
    if table is not None:
        splits = [split for rows in read_splits(table).values() for split in rows]
        reference.put_splits(splits, now_us())


def _columns(pairs: Sequence[str]) -> dict[str, str]:
    """Our names to the file's, of OURS=THEIRS pairs. Raises: ValidationError."""
    columns = {ours: theirs for ours, _, theirs in (pair.partition("=") for pair in pairs)}
    for ours, theirs in columns.items():
        if ours not in tables.COLUMNS or not theirs:
            allowed = f"OURS=THEIRS, OURS of {tables.COLUMNS}"
            raise ValidationError("column", f"{ours}={theirs}", allowed)
    return columns


def _zone(name: str | None) -> ZoneInfo | None:
    """A zone by its name. Raises: ValidationError."""
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValidationError("zone", name, "a zone such as America/New_York") from error


def _splits_beside(paths: Sequence[Path]) -> Path | None:
    """The table of splits that lies in one of the folders."""
    tables = [path / "splits.csv" for path in paths if (path / "splits.csv").is_file()]
    return tables[0] if tables else None
