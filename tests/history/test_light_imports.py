"""What a process loads that imports files of bars and reads them from the store."""

import gzip
from pathlib import Path

from tests.test_import import loaded_by

HEADER = "ticker,volume,open,close,high,low,window_start,transactions"
STORED = """
from pathlib import Path
from polytape.model.market import xnys
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage
from polytape.store.segments import SegmentStore
store = SegmentStore.existing(FolderStorage(Path({!r})), xnys())
stored = "A", Series.MINUTE, Span(0, 2_000_000_000_000_000)
assert len(store.read(*stored)) == store.read_table(*stored).num_rows == 1
"""


def test_files_of_bars_are_imported_and_read_without_pandas(tmp_path: Path) -> None:
    """Loading it takes longer than to import a file, or to scan a few symbols of a store."""
    path, store = tmp_path / "minute_aggs_v1" / "2024-06-03.csv.gz", str(tmp_path / "store")
    path.parent.mkdir()
    path.write_bytes(gzip.compress(f"{HEADER}\nA,5,1,1,1,1,1717421400000000000,\n".encode()))
    arguments = ["history", "import", "--store", store, str(path)]
    loaded = loaded_by(f"from polytape.cli.app import run; assert run({arguments}) == 0")
    assert "pyarrow" in loaded
    assert not loaded & {"pandas", "rich", "litestar"}
    assert "pandas" not in loaded_by(f"exec({STORED.format(store)!r})")
