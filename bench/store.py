"""Reads of the store, beside a bare Parquet file that holds nothing but the same rows."""

from functools import partial

from pyarrow import parquet

from bench.made import YEAR, minutes_of_year
from bench.scene import Scene
from bench.stored import fill_year
from bench.table import Row, Sides, at_most, is_full, timed
from polytape.model.timeframes import Series
from polytape.store.segment import to_table

RUNS = 10


def rows(scene: Scene) -> list[Row]:
    """All rows of this subject."""
    large = 10_000 if is_full() else 5_000
    return [
        Row(f"store-{name}", f"store: a symbol-year among {symbols:,} symbols, worst of ten runs",
            "pyarrow, a file of only those rows", "ms", at_most(1.3),
            partial(_symbol_year, scene, symbols))
        for name, symbols in (("2000", 2_000), ("many", large))
    ]  # fmt: skip


def _symbol_year(scene: Scene, symbols: int) -> Sides:
    """The run, of ten, in which the ratio is the worst."""
    whole = minutes_of_year(scene.source)
    folder = scene.folder / f"year-{symbols}"
    store = fill_year(folder, whole, symbols)
    bare = folder / "bare.parquet"
    parquet.write_table(to_table(whole, ["AAPL"], [len(whole)]), bare, compression="zstd")
    assert store.read("AAPL", Series.MINUTE, YEAR).same(whole)
    runs = []
    for _ in range(RUNS):
        sides = timed(
            lambda: store.read_table("AAPL", Series.MINUTE, YEAR),
            lambda: parquet.read_table(bare),
            rounds=5,
        )
        runs.append((sorted(sides.ours)[2], sorted(sides.beside)[2]))
    store.close()
    ours, beside = max(runs, key=lambda run: run[0] / run[1])
    return Sides([ours], [beside])
