"""What the commands of `polytape history` read from files and write to them."""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from polytape.cli import clock, history_options, output_file, stores
from polytape.cli.options import StoreOptions
from polytape.cli.output import note
from polytape.cli.progress import progress
from polytape.errors import ValidationError
from polytape.history import export as exporting
from polytape.history import import_tables as tables
from polytape.history import importer as importing
from polytape.model.counts import counted
from polytape.model.symbols import parse_symbol
from polytape.store.reference import Reference
from polytape.upstream.flatfiles.splits_table import read_splits

EXPORTS = {".parquet": "parquet", ".csv": "csv"}


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
    mapping = tables.ColumnMapping(
        history_options.series_of(timeframe),
        _columns(columns),
        history_options.zone_of(zone),
        symbol,
    )
    files = importing.files_of(paths, form)
    if form == "flatfiles":
        for path in files:  # before a store is made for them
            importing.flat_file_of(path)
    with stores.made_store(options) as store:
        importer = importing.Importer(store, clock.this_market(), clock.now_us, on_error)
        bars = refused = 0
        with progress("files", len(files)) as done:
            for file in importer.run(paths, form, mapping):
                bars, refused = bars + file.bars, refused + len(file.refused)
                if on_error == "report":
                    _note_refused(file)
                done(file.path.name)
        _import_splits(Reference(store.storage), splits or _splits_beside(paths))
        left = f", {counted(refused, 'row')} left out" if refused else ""
        imported = f"{counted(bars, 'bar')} of {counted(len(files), 'file')}"
        click.echo(f"{imported} kept in {store.storage.url}{left}")


def export(
    symbols: Sequence[str],
    out: Path,
    start: str | None,
    end: str | None,
    timeframe: str,
    form: exporting.Form | None,
    options: StoreOptions,
    *,
    hive: bool,
) -> None:
    """Write stored bars, and say how many.

    Raises: BadParameter for a wrong ending; ConfigurationError naming the path; ValidationError.
    """
    series, span = history_options.series_of(timeframe), history_options.span_of(start, end)
    chosen_form = _export_form(out, form, hive=hive)
    with stores.opened_store(options) as store:
        there = store.symbols(series)
        chosen = [parse_symbol(symbol) for symbol in symbols] or there
        with progress("symbols", len(chosen)) as done:
            exporter = exporting.Exporter(store, series, span, chosen_form, done)
            if str(out) == output_file.STDOUT:
                rows = _to_stdout(exporter, chosen)
            else:
                rows = (exporter.to_folders if hive else exporter.to_file)(chosen, out)
        for name in dict.fromkeys(chosen):
            if name not in there:
                note(f"no {series.value} bars of {name} are stored in {store.storage.url}")
    target = "stdout" if str(out) == output_file.STDOUT else out
    click.echo(
        f"{counted(rows, 'bar')} of {counted(len(chosen), 'symbol')} written to {target}",
        err=str(out) == output_file.STDOUT,
    )


def _export_form(out: Path, form: exporting.Form | None, *, hive: bool) -> exporting.Form:
    """The form of what is written: by the ending of a file; of folders and stdout as it is said.

    Raises: BadParameter.
    """
    if hive or str(out) == output_file.STDOUT:
        if hive and str(out) == output_file.STDOUT:
            raise click.BadParameter("--hive needs --out FOLDER")
        return form or "parquet"
    ending = output_file.form_of(out, EXPORTS, makes_folders=True)
    by_ending: exporting.Form = "csv" if ending == "csv" else "parquet"
    if form not in (None, by_ending):
        raise click.BadParameter(f"--out {out} and --format {form} do not agree")
    return by_ending


def _to_stdout(exporter: exporting.Exporter, symbols: Sequence[str]) -> int:
    """A file is written first: what is sent on is whole."""
    with tempfile.TemporaryDirectory(prefix="polytape-") as folder:
        path = Path(folder) / "bars"
        rows = exporter.to_file(symbols, path)
        with path.open("rb") as content:
            shutil.copyfileobj(content, sys.stdout.buffer)
    return rows


def _note_refused(file: importing.FileImport) -> None:
    for row in file.refused:
        note(f"{file.path}: {row}")


def _import_splits(reference: Reference, table: Path | None) -> None:
    if table is not None:
        splits = [split for rows in read_splits(table).values() for split in rows]
        reference.put_splits(splits, clock.now_us())


def _columns(pairs: Sequence[str]) -> dict[str, str]:
    """Our names to the file's, of OURS=THEIRS pairs. Raises: ValidationError."""
    columns = {ours: theirs for ours, _, theirs in (pair.partition("=") for pair in pairs)}
    for ours, theirs in columns.items():
        if ours not in tables.COLUMNS or not theirs:
            allowed = f"OURS=THEIRS, OURS of {tables.COLUMNS}"
            raise ValidationError("column", f"{ours}={theirs}", allowed)
    return columns


def _splits_beside(paths: Sequence[Path]) -> Path | None:
    """The table of splits that lies in one of the folders."""
    tables = [path / "splits.csv" for path in paths if (path / "splits.csv").is_file()]
    return tables[0] if tables else None
