"""A table of splits in a CSV file, beside the flat files: they hold prices as traded alone."""

import csv
from datetime import date
from pathlib import Path

from polytape.errors import ConfigurationError, PolygonClientError
from polytape.model.splits import Split
from polytape.model.symbols import parse_symbol

COLUMNS = ("ticker", "execution_date", "split_from", "split_to")


class SplitsTable:
    """The table in a file, read again when the file is replaced; None as path: there is none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read: tuple[int, dict[str, tuple[Split, ...]]] | None = None

    def of(self, symbol: str) -> tuple[Split, ...] | None:
        """A symbol's splits; None where there is no table.

        Raises: ConfigurationError naming the file and the line of a wrong row.
        """
        if self._path is None:
            return None
        try:
            stamp = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, read_splits(self._path)
        return self._read[1].get(symbol, ())


def read_splits(path: Path) -> dict[str, tuple[Split, ...]]:
    """A CSV with the columns ticker, execution_date, split_from, split_to, by ticker.

    Raises: ConfigurationError naming the file and the line: a row that is no split, or one that
        says otherwise than another of the same day.
    """
    splits: dict[tuple[str, date], Split] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if missing := set(COLUMNS) - set(rows.fieldnames or ()):
                raise ConfigurationError(f"{path} lacks the columns {', '.join(sorted(missing))}")
            for row in rows:
                split = _split(path, rows.line_num, row)
                key = (split.symbol, split.execution_date)
                if splits.setdefault(key, split).ratio != split.ratio:
                    raise ConfigurationError(
                        f"{path}, line {rows.line_num}: another ratio for the split of "
                        f"{split.symbol} on {split.execution_date} than before"
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path} cannot be read as a table of splits: {error}") from error
    by_symbol: dict[str, tuple[Split, ...]] = {}
    for split in sorted(splits.values()):
        by_symbol[split.symbol] = (*by_symbol.get(split.symbol, ()), split)
    return by_symbol


def _split(path: Path, line: int, row: dict[str, str | None]) -> Split:
    try:
        symbol, day, old, new = (row[name] or "" for name in COLUMNS)
        when = date.fromisoformat(day.strip())
        return Split(when, parse_symbol(symbol, "ticker"), float(old), float(new))
    except (ValueError, PolygonClientError) as error:
        raise ConfigurationError(f"{path}, line {line}: {error}") from error
