"""Splits and symbols beside the bars: small Parquet files, with the time they were read."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from polytape.errors import DataFetchError
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.net.storage import Storage
from polytape.store.answer_store import FOLDER, StoredAnswers
from polytape.wire.polygon.split_records import (
    WHOLE_TABLE,
    SplitRecord,
    each_once,
    read_told,
    splits_of,
)

SPLITS, SYMBOLS = f"{FOLDER}/splits.parquet", f"{FOLDER}/symbols.parquet"
READ_AT = b"polytape.read_at"


class Reference:
    """The reference data of one store."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._read: dict[str, tuple[object, Any]] = {}
        self._answers = StoredAnswers(storage)
        self._by_symbol: tuple[Any, dict[str, list[Split]]] | None = None
        self._whole: tuple[int, dict[str, list[SplitRecord]]] | None = None

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """A symbol's splits, of an imported table or as the vendor last listed them; None where
        neither is there.
        """
        table = self._table(SPLITS)
        if table is None:
            return self._listed(symbol)
        held = self._by_symbol
        if held is None or held[0] is not table:
            by_symbol: dict[str, list[Split]] = {}
            for row in table.to_pylist():
                split = Split(
                    row["execution_date"], row["symbol"], row["split_from"], row["split_to"]
                )
                by_symbol.setdefault(split.symbol, []).append(split)
            held = self._by_symbol = table, by_symbol
        return tuple(held[1].get(symbol, ()))

    def imported(self) -> bool:
        """Whether there is a table of splits beside what the vendor listed."""
        return self._table(SPLITS) is not None

    def symbols(self) -> dict[str, SymbolInfo]:
        """Every known security by symbol."""
        table = self._table(SYMBOLS)
        rows = [] if table is None else table.to_pylist()
        return {row["symbol"]: SymbolInfo(**row) for row in rows}

    def put_splits(self, splits: Iterable[Split], read_at: int) -> None:
        """Replace the table of splits. `read_at`: microseconds UTC."""
        import pyarrow as pa

        rows = [
            {"symbol": s.symbol, "execution_date": s.execution_date, "split_from": s.split_from,
             "split_to": s.split_to}
            for s in sorted(set(splits))
        ]  # fmt: skip
        kinds = [("symbol", pa.string()), ("execution_date", pa.date32()),
                 ("split_from", pa.float64()), ("split_to", pa.float64())]  # fmt: skip
        self._put(SPLITS, pa.Table.from_pylist(rows, pa.schema(kinds)), read_at)

    def put_symbols(self, infos: Iterable[SymbolInfo], read_at: int) -> None:
        """Replace the list of symbols."""
        import pyarrow as pa

        names = [field.name for field in fields(SymbolInfo)]
        kinds = [(n, pa.bool_() if n == "active" else pa.string()) for n in names]
        rows = [{name: getattr(info, name) for name in names} for info in infos]
        self._put(SYMBOLS, pa.Table.from_pylist(rows, pa.schema(kinds)), read_at)

    def read_at(self, name: str) -> int | None:
        """When a table was read from its source; None where it never was."""
        table = self._table(name)
        return None if table is None else int(table.schema.metadata[READ_AT])

    def _listed(self, symbol: str) -> tuple[Split, ...] | None:
        """What the vendor said when it was last asked: of the whole market, or of the symbol."""
        whole = self._answers.get(WHOLE_TABLE)
        if whole is None:
            single = self._answers.get(splits_of(symbol))
            return None if single is None else each_once(read_told(single[1]))
        if self._whole is None or self._whole[0] != whole[0]:
            by_symbol: dict[str, list[SplitRecord]] = {}
            for row in read_told(whole[1]):
                by_symbol.setdefault(row.symbol, []).append(row)
            self._whole = whole[0], by_symbol
        return each_once(self._whole[1].get(symbol, ()))

    def _put(self, name: str, table: Any, read_at: int) -> None:
        from pyarrow import parquet

        told = table.replace_schema_metadata({READ_AT: str(read_at)})
        self._storage.put(name, lambda sink: parquet.write_table(told, sink))
        self._read.pop(name, None)

    def _table(self, name: str) -> Any:
        token = self._storage.token(FOLDER)
        held = self._read.get(name)
        if held is not None and token is not None and held[0] == token:
            return held[1]
        table = self._load(name)
        self._read[name] = (token, table)
        return table

    def _load(self, name: str) -> Any:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            return parquet.read_table(pa.BufferReader(self._storage.read(name)))
        except FileNotFoundError:
            return None
        except pa.ArrowException as error:
            raise DataFetchError(f"{self._storage.url}/{name} is damaged: {error}") from error
