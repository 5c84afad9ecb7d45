"""Bulk work on the store: imports beside polars, and how the bulk commands grow with its size."""

import shutil
import sys
from collections.abc import Callable
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from bench.scene import Finished, Scene
from bench.stored import flat_file
from bench.table import Row, Sides, Unit, at_most, is_full

# The trading days of four weeks, 20 of them.
DAYS = [date(2024, 6, 3) + timedelta(days=day) for day in range(29)]
HOLIDAY = date(2024, 6, 19)
SMALL, TIMES = 5, 4
POLARS = """
import sys, polars
for path in sys.argv[1:]:
    kinds = {"ticker": polars.String, "volume": polars.Float64}
    frame = polars.read_csv(path, schema_overrides=kinds)
    frame.sort("ticker", "window_start").write_parquet(path + ".parquet", compression="zstd")
"""


def rows(scene: Scene) -> list[Row]:
    """All rows of this subject."""
    bulk = Bulk(scene)
    size = f"{bulk.rows_each * 20 / 1e6:.0f} million rows"
    made = [
        Row("import-polars", "flat-file import, 20 days", "polars read + sort + write", "s",
            at_most(1.3), bulk.beside_polars)
    ]  # fmt: skip
    units: tuple[tuple[str, str, Unit, float], ...] = (
        ("time", "four times a quarter of it", "s", 1.25),
        ("memory", "the memory for a quarter of it", "MB", 1.5),
    )
    for name in ("import", "export", "verify", "status"):
        for what, beside, unit, limit in units:
            made.append(
                Row(f"{name}-{what}", f"{name} over a store of {size}: {what}", beside, unit,
                    at_most(limit), _measure(bulk, name, what))
            )  # fmt: skip
    return made


def _measure(bulk: "Bulk", name: str, what: str) -> Callable[[], Sides]:
    def measure() -> Sides:
        small, large = bulk.runs(name)
        if what == "time":
            return Sides([large.seconds], [small.seconds * TIMES])
        return Sides([large.peak_mb], [small.peak_mb])

    return measure


class Bulk:
    """Files of twenty days, and stores made of five and of all of them."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        # A hundred million rows, or one million, are 20 days of so many symbols' sessions.
        self.symbols = 12_821 if is_full() else 129
        self.rows_each = self.symbols * 390
        self._runs: dict[str, tuple[Finished, Finished]] = {}

    @cached_property
    def files(self) -> list[str]:
        """The files, the earliest day first."""
        days = [day for day in DAYS if day.weekday() < 5 and day != HOLIDAY][:20]
        assert len(days) == 20
        return [str(flat_file(self.scene.folder, day, self.symbols)) for day in days]

    def store(self, name: str) -> Path:
        """The place of a store."""
        return self.scene.folder / f"bulk-{name}"

    def bring_in(self, name: str, files: list[str]) -> Finished:
        """Import files into an empty store."""
        shutil.rmtree(self.store(name), ignore_errors=True)
        return self.scene.history("import", "--store", str(self.store(name)), *files)

    def beside_polars(self) -> Sides:
        """Both as processes, on the files of all days."""
        sides: tuple[list[float], list[float]] = ([], [])
        for _ in range(1 if is_full() else 3):
            sides[0].append(self.bring_in("polars", self.files).seconds)
            took = self.scene.run([sys.executable, "-c", POLARS, *self.files])
            sides[1].append(took.seconds)
            for path in self.files:
                Path(f"{path}.parquet").unlink()
        return Sides(*sides)

    def runs(self, name: str) -> tuple[Finished, Finished]:
        """A command over a quarter of the days and over all; measured once for both of its rows."""
        known = self._runs.get(name)
        if known is None:
            known = self._runs[name] = (self._run(name, "small"), self._run(name, "large"))
        return known

    def _run(self, name: str, size: str) -> Finished:
        files = self.files[:SMALL] if size == "small" else self.files
        if name == "import" or not self.store(size).exists():
            imported = self.bring_in(size, files)
            if name == "import":
                return imported
        store = ["--store", str(self.store(size))]
        out = self.scene.folder / "out.parquet"
        arguments = {
            "export": ["--out", str(out), *store],
            "verify": ["--format", "json", *store],
            "status": store,
        }
        out.unlink(missing_ok=True)
        return self.scene.history(name, *arguments[name])
