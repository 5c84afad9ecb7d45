"""`polytape history export`: bars out of a store into files."""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from polytape.cli import history_options, output_file
from polytape.cli.did_you_mean import hint
from polytape.cli.options import StoreOptions
from polytape.cli.output import note
from polytape.cli.progress import progress
from polytape.cli.stores import opened_store
from polytape.errors import PolygonClientError
from polytape.history.export import Exporter, Form
from polytape.model.counts import counted
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore

EXPORTS = {".parquet": "parquet", ".csv": "csv"}


def export(
    symbols: Sequence[str],
    out: Path,
    start: str | None,
    end: str | None,
    timeframe: str,
    form: Form | None,
    options: StoreOptions,
    *,
    hive: bool,
) -> bool:
    """Write stored bars, and say how many; whether there were some of every symbol.

    Raises: BadParameter for a wrong ending; ConfigurationError naming the path; ValidationError.
    """
    series, span = history_options.series_of(timeframe), history_options.span_of(start, end)
    chosen_form = _export_form(out, form, hive=hive)
    with opened_store(options) as store:
        chosen = [parse_symbol(symbol) for symbol in symbols] or store.symbols(series)
        with progress("symbols", len(chosen)) as done:
            exporter = Exporter(store, series, span, chosen_form, done)
            counts = _write(exporter, chosen, out, hive=hive)
        # Of all symbols those that are not named may well have none of these days.
        absent = [name for name, rows in counts.items() if symbols and not rows]
        _note_absent(store, series, absent, span)
    _note_written([rows for rows in counts.values() if rows], out)
    return any(counts.values()) and not absent


def _write(exporter: Exporter, symbols: Sequence[str], out: Path, *, hive: bool) -> dict[str, int]:
    """Write the bars; how many of each symbol."""
    if str(out) == output_file.STDOUT:
        return _to_stdout(exporter, symbols)
    if not hive:
        return exporter.to_file(symbols, out)
    try:
        return exporter.to_folders(symbols, out)
    except PolygonClientError:
        note(f"partial: {out} has the symbols before that; the same command writes all of them")
        raise


def _note_absent(store: SegmentStore, series: Series, names: Sequence[str], span: Span) -> None:
    """Say which symbols have no bars to export, and of those that have none which are meant."""
    stored = frozenset(store.symbols(series)) if names else frozenset()
    for name in names:
        days, mean = f" for {history_options.days_text(span)}", hint(name, stored)
        known, unknown = (days, "") if name in stored else ("", mean)
        note(f"no {series.value} bars of {name}{known} are stored in {store.storage.url}{unknown}")


def _note_written(rows: Sequence[int], out: Path) -> None:
    if not rows:
        note("there are no such bars: nothing was written (exit code 1)")
        return
    to_stdout = str(out) == output_file.STDOUT
    target = "stdout" if to_stdout else out
    written = f"{counted(sum(rows), 'bar')} of {counted(len(rows), 'symbol')}"
    click.echo(f"{written} written to {target}", err=to_stdout)


def _export_form(out: Path, form: Form | None, *, hive: bool) -> Form:
    """The form of what is written: by the ending of a file; of folders and stdout as it is said.

    Raises: BadParameter.
    """
    if hive or str(out) == output_file.STDOUT:
        if hive and str(out) == output_file.STDOUT:
            raise click.BadParameter("--hive needs --out FOLDER")
        return form or "parquet"
    ending = output_file.form_of(out, EXPORTS, makes_folders=True)
    by_ending: Form = "csv" if ending == "csv" else "parquet"
    if form not in (None, by_ending):
        raise click.BadParameter(f"--out {out} and --format {form} do not agree")
    return by_ending


def _to_stdout(exporter: Exporter, symbols: Sequence[str]) -> dict[str, int]:
    """A file is written first: what is sent on is whole."""
    with tempfile.TemporaryDirectory(prefix="polytape-") as folder:
        path = Path(folder) / "bars"
        counts = exporter.to_file(symbols, path)
        if path.exists():
            with path.open("rb") as content:
                shutil.copyfileobj(content, sys.stdout.buffer)
    return counts
