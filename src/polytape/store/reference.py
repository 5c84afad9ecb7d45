"""Splits beside the bars: an imported table (a small Parquet file), or what the vendor listed."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import NamedTuple

from polytape.errors import DataFetchError
from polytape.model.splits import RefusedSplit, Split
from polytape.net.storage import Storage
from polytape.store.answers import FOLDER, StoredAnswers
from polytape.wire.polygon import split_records
from polytape.wire.polygon.split_records import SplitRecord

SPLITS = f"{FOLDER}/splits.parquet"
READ_AT = b"polytape.read_at"


class _Imported(NamedTuple):
    """The rows of the imported table by symbol, None without a table, and the folder's token."""

    token: object
    by_symbol: dict[str, list[SplitRecord]] | None


class _Listed(NamedTuple):
    """The vendor's list for the whole market by symbol, fetched at an instant, microseconds UTC."""

    fetched_at: int
    by_symbol: dict[str, list[SplitRecord]]


class Reference:
    """The reference data of one store."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._answers = StoredAnswers(storage)
        self._imported: _Imported | None = None
        self._listed: _Listed | None = None

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """A symbol's splits, of an imported table or as the vendor last listed them; None where
        neither is there.

        Raises: DataFetchError for a damaged table.
        """
        rows = self._records(symbol)
        return None if rows is None else split_records.each_once(rows)

    def refused_splits(self, symbol: str) -> tuple[RefusedSplit, ...]:
        """The records among them that are no splits: they adjust nothing.

        Raises: DataFetchError for a damaged table.
        """
        return split_records.refused_of(self._records(symbol) or ())

    def _records(self, symbol: str) -> list[SplitRecord] | None:
        imported = self._by_symbol()
        return self._from_list(symbol) if imported is None else imported.get(symbol, [])

    def imported(self) -> bool:
        """Whether there is an imported table, which goes before what the vendor listed.

        Raises: DataFetchError for a damaged table.
        """
        return self._by_symbol() is not None

    def put_splits(self, splits: Iterable[Split], read_at: int) -> None:
        """Replace the table of splits. `read_at`: microseconds UTC."""
        import pyarrow as pa
        from pyarrow import parquet

        columns = {
            "symbol": pa.string(),
            "execution_date": pa.date32(),
            "split_from": pa.float64(),
            "split_to": pa.float64(),
        }
        schema = pa.schema(columns, metadata={READ_AT: str(read_at)})
        table = pa.Table.from_pylist([asdict(split) for split in sorted(set(splits))], schema)
        self._storage.put(SPLITS, lambda sink: parquet.write_table(table, sink))
        self._imported = None

    def _by_symbol(self) -> dict[str, list[SplitRecord]] | None:
        token = self._storage.token(FOLDER)
        imported = self._imported
        if imported is None or token is None or imported.token != token:
            imported = self._imported = _Imported(token, self._read_table())
        return imported.by_symbol

    def _read_table(self) -> dict[str, list[SplitRecord]] | None:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            table = parquet.read_table(pa.BufferReader(self._storage.read(SPLITS)))
        except FileNotFoundError:
            return None
        except pa.ArrowException as error:
            raise DataFetchError(f"{self._storage.url}/{SPLITS} is damaged: {error}") from error
        rows = table.to_pylist()
        return split_records.by_symbol(
            SplitRecord(r["symbol"], str(r["execution_date"]), r["split_from"], r["split_to"])
            for r in rows
        )

    def _from_list(self, symbol: str) -> list[SplitRecord] | None:
        """The vendor's list for the whole market, else its list for the symbol."""
        whole = self._answers.get(split_records.WHOLE_TABLE)
        if whole is None:
            single = self._answers.get(split_records.splits_of(symbol))
            if single is None:
                return None
            return split_records.read_records(single[1])
        fetched_at, body = whole
        listed = self._listed
        if listed is None or listed.fetched_at != fetched_at:
            by_symbol = split_records.by_symbol(split_records.read_records(body))
            listed = self._listed = _Listed(fetched_at, by_symbol)
        return listed.by_symbol.get(symbol, [])
