"""Splits and symbols beside the bars: small Parquet files, with the time they were read."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from polytape.errors import DataFetchError
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.net.places import Place

FOLDER = "reference"
SPLITS, SYMBOLS = f"{FOLDER}/splits.parquet", f"{FOLDER}/symbols.parquet"
READ_AT = b"polytape.read_at"


class Reference:
    """The reference data of one store."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._read: dict[str, tuple[object, Any]] = {}

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        """A symbol's splits; None where no table of splits was ever read."""
        table = self._table(SPLITS)
        if table is None:
            return None
        rows = table.to_pylist()
        return tuple(
            Split(row["execution_date"], row["symbol"], row["split_from"], row["split_to"])
            for row in rows
            if row["symbol"] == symbol
        )

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

    def _put(self, name: str, table: Any, read_at: int) -> None:
        from pyarrow import parquet

        told = table.replace_schema_metadata({READ_AT: str(read_at)})
        self._place.put(name, lambda sink: parquet.write_table(told, sink))
        self._read.pop(name, None)

    def _table(self, name: str) -> Any:
        token = self._place.token(FOLDER)
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
            return parquet.read_table(pa.BufferReader(self._place.read(name)))
        except FileNotFoundError:
            return None
        except pa.ArrowException as error:
            raise DataFetchError(f"{self._place.url}/{name} is damaged: {error}") from error
