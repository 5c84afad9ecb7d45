"""`polytape history import`: bars out of files into a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import click

from polytape.cli import clock, history_options
from polytape.cli.import_store import ImportStore, opened_import
from polytape.cli.options import StoreOptions
from polytape.cli.output import note
from polytape.cli.progress import progress
from polytape.errors import DataFetchError, ValidationError
from polytape.history import import_tables as tables
from polytape.history import importer as importing
from polytape.model.counts import counted
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
    with opened_import(options, own=form != "flatfiles") as store:
        importer = importing.Importer(store, clock.this_market(), clock.now_us, on_error)
        bars, refused = _import(importer, paths, len(files), form, mapping)
        left = f", {counted(refused, 'row')} left out" if refused else ""
        if refused and not bars:
            raise DataFetchError(f"nothing was kept: all rows were refused{left}")
        _import_splits(store, splits or _splits_beside(paths))
        imported = f"{counted(bars, 'bar')} of {counted(len(files), 'file')}"
        place = f"kept in {store.storage.url}" if store.is_there else "kept: no row is in it"
        click.echo(f"{imported} {place}{left}")


def _import(
    importer: importing.Importer,
    paths: list[Path],
    total: int,
    form: importing.Format,
    mapping: tables.ColumnMapping,
) -> tuple[int, int]:
    """Bring in bars of so many files; how many, and how many rows were left out."""
    bars = refused = 0
    with progress("files", total) as done, _Imported(total) as imported:
        for file in importer.run(paths, form, mapping):
            bars, refused = bars + file.bars, refused + len(file.refused)
            if importer.on_error == "report":
                _note_refused(file)
            imported.files += 1
            done(file.path.name)
    return bars, refused


@dataclass
class _Imported:
    """Says, where an import breaks off, how many of its files were kept before."""

    total: int
    files: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self.files:
            note(
                f"partial: {self.files:,} of {counted(self.total, 'file')} kept before that; the "
                "same command brings in all of them, and a bar that comes again counts once"
            )


def _note_refused(file: importing.FileImport) -> None:
    for row in file.refused:
        note(f"{file.path}: {row}")


def _import_splits(store: ImportStore, table: Path | None) -> None:
    if table is not None:
        splits = [split for rows in read_splits(table).values() for split in rows]
        Reference(store.opened().storage).put_splits(splits, clock.now_us())


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
