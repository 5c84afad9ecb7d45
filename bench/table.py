"""The table of goals: each row is ours beside a peer or a limit of the same run.

    python -m bench.table                    all rows; writes bench/results.json
    python -m bench.table NAME ...           some rows, by name or by the beginning of it
    python -m bench.table --write NAME ...   the same, and put them into bench/results.json
    python -m bench.table --runs=3           the table so many times in a row: a goal is met
                                             where every run meets it
    python -m bench.table --list             the names

Rounds of both sides alternate, and medians are compared, so that whatever else the machine does
meets both. BENCH_FULL=1 adds the large cases. A row that cannot be measured says why, and its goal
is not met.
"""

import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from bench.machine import date_text, machine_text, versions

if TYPE_CHECKING:
    from bench.scene import Scene

RESULTS = Path(__file__).parent / "results.json"
SUBJECTS = ("client", "gateway", "engines", "store", "imports", "commands")
ROUNDS = 7
# A round of what is shorter calls it again until so much time has passed.
ROUND_S = 0.02
MOST_CALLS = 2_000
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}

Unit = Literal["s", "ms", "us", "1/s", "MB", "count"]


class Goal(NamedTuple):
    """What a ratio has to be. `inverse`: it is beside / ours, else ours / beside."""

    sign: Literal["<=", ">="]
    limit: float
    inverse: bool = False

    def ratio(self, ours: float, beside: float) -> float:
        """The ratio that this goal speaks of."""
        return beside / ours if self.inverse else ours / beside

    def met(self, ratio: float) -> bool:
        """Whether a ratio reaches it."""
        return ratio <= self.limit if self.sign == "<=" else ratio >= self.limit

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}"


def at_most(limit: float) -> Goal:
    """Ours takes at most so many times what the other takes."""
    return Goal("<=", limit)


def at_least(limit: float) -> Goal:
    """Ours does at least so many times what the other does in a second."""
    return Goal(">=", limit)


def faster(limit: float) -> Goal:
    """The other takes at least so many times as long."""
    return Goal(">=", limit, inverse=True)


class CannotMeasureError(Exception):
    """What a row needs is not here."""


class Sides(NamedTuple):
    """What was measured of both in each round, in the row's unit."""

    ours: Sequence[float]
    beside: Sequence[float]


@dataclass(frozen=True)
class Row:
    """One line of the table. `measure` gives what the rounds took, in `unit`."""

    name: str
    path: str
    beside: str
    unit: Unit
    goal: Goal
    measure: Callable[[], Sides]


@dataclass(frozen=True)
class Result:
    """A line with its numbers; None where it could not be measured, and `note` says why."""

    row: Row
    ours: float | None = None
    beside: float | None = None
    note: str = ""

    @classmethod
    def of(cls, row: Row) -> "Result":
        """Measure a row."""
        try:
            sides = row.measure()
        except CannotMeasureError as reason:
            return cls(row, note=str(reason))
        return cls(row, statistics.median(sides.ours), statistics.median(sides.beside))

    @property
    def ratio(self) -> float | None:
        """The ratio that the goal speaks of."""
        if self.ours is None or self.beside is None:
            return None
        return self.row.goal.ratio(self.ours, self.beside)

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio is not None and self.row.goal.met(self.ratio)

    def to_json(self) -> dict[str, Any]:
        """As `results.json` has it."""
        row = self.row
        fields = {
            "name": row.name,
            "path": row.path,
            "ours": _short(self.ours),
            "beside": _short(self.beside),
            "beside_name": row.beside,
            "unit": row.unit,
            "ratio": _short(self.ratio),
            "goal": str(row.goal),
            "goal_met": self.met,
        }
        return fields | ({"note": self.note} if self.note else {})

    def line(self) -> str:
        """As it is printed."""
        row, ratio = self.row, self.ratio
        if ratio is None:
            numbers = f"{self.note:>29}"
        else:
            numbers = f"{_number(self.ours):>9} {_number(self.beside):>9} {_number(ratio):>9}"
        verdict = "yes" if self.met else "NO"
        return f"{row.name:22} {row.unit:>5} {numbers} {row.goal!s:>8} {verdict:>4}"


HEADING = f"{'row':22} {'unit':>5} {'ours':>9} {'beside':>9} {'ratio':>9} {'goal':>8} {'met':>4}"


def timed(
    ours: Callable[[], object],
    beside: Callable[[], object],
    unit: Unit = "ms",
    *,
    rounds: int = ROUNDS,
) -> Sides:
    """What a call of each takes, in alternating rounds after one that does not count."""
    calls = [(one, _calls_a_round(one)) for one in (ours, beside)]
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    for number in range(rounds):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        for side in order:
            call, count = calls[side]
            began = time.perf_counter()
            for _ in range(count):
                call()
            times[side].append((time.perf_counter() - began) / count / SECONDS[unit])
    return Sides(*times)


def _calls_a_round(call: Callable[[], object]) -> int:
    call()
    began = time.perf_counter()
    call()
    once = time.perf_counter() - began
    return max(1, min(MOST_CALLS, round(ROUND_S / max(once, 1e-9))))


def is_full() -> bool:
    """Whether the large cases are wanted."""
    return os.environ.get("BENCH_FULL", "") not in ("", "0")


def every_row(scene: "Scene") -> Iterator[Row]:
    """The rows of all subjects; what they share is made when one of them asks for it."""
    for name in SUBJECTS:
        yield from import_module(f"bench.{name}").rows(scene)


def chosen(rows: Iterable[Row], names: Sequence[str]) -> list[Row]:
    """The rows of these names, or whose names begin so; all where none are named."""
    return [row for row in rows if not names or row.name.startswith(tuple(names))]


def measure(names: Sequence[str], say: Callable[[Result], None]) -> list[Result]:
    """Measure rows, one after the other; `say` gets each as soon as it is known."""
    from bench.scene import Scene

    results = []
    with Scene() as scene:
        for row in chosen(every_row(scene), names):
            results.append(Result.of(row))
            say(results[-1])
    return results


def report(results: Sequence[Result]) -> dict[str, Any]:
    """What `results.json` says."""
    return {
        "machine": machine_text(),
        "date": date_text(),
        "full": is_full(),
        "versions": versions(),
        "results": [result.to_json() for result in results],
    }


def together(before: dict[str, Any], now: dict[str, Any], *, run: int) -> list[dict[str, Any]]:
    """The rows of both, in the order of the table. Where both have one: that of now; in a later
    `run` in a row, with the ratios of the runs before it.
    """
    from bench.scene import Scene

    rows = {row["name"]: row for row in before["results"]}
    for row in now["results"]:
        earlier = rows.get(row["name"]) if run else None
        rows[row["name"]] = in_a_row(earlier, row) if earlier else row
    with Scene() as scene:
        return [rows[row.name] for row in every_row(scene) if row.name in rows]


def in_a_row(earlier: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """A row of a later run: its own numbers, the ratios of all runs, and whether each met."""
    ratios = [*earlier.get("ratios", [earlier["ratio"]]), now["ratio"]]
    return now | {"ratios": ratios, "goal_met": earlier["goal_met"] and now["goal_met"]}


def write(results: Sequence[Result], *, run: int = 0) -> None:
    """Put results into the file, in the place of older ones of the same rows, or as those of a
    later `run` in a row.
    """
    written = report(results)
    if RESULTS.exists():
        before = json.loads(RESULTS.read_text("utf-8"))
        written["results"] = together(before, written, run=run)
    RESULTS.write_text(json.dumps(written, indent=1) + "\n", "utf-8")


def main(arguments: list[str]) -> int:
    """All rows, or those that are named. Exit code 1 where a name is nobody's."""
    names = [one for one in arguments if not one.startswith("--")]
    if "--list" in arguments:
        return _list()
    keep = not names or "--write" in arguments
    print(machine_text())
    for number in range(_runs(arguments)):
        if not _print_run(names, run=number, keep=keep):
            print(f"no row is called {' or '.join(names)}: python -m bench.table --list")
            return 1
    return 0


def _runs(arguments: Sequence[str]) -> int:
    named = [one.removeprefix("--runs=") for one in arguments if one.startswith("--runs=")]
    return int(named[-1]) if named else 1


def _print_run(names: Sequence[str], *, run: int, keep: bool) -> bool:
    """Measure once, print, and write where wanted; False where no row has such a name."""
    began = time.monotonic()
    print(HEADING, flush=True)

    def say(result: Result) -> None:
        print(result.line(), flush=True)
        if keep:
            write([result], run=run)

    results = measure(names, say)
    met = sum(result.met for result in results)
    print(f"{met} of {len(results)} goals met, in {time.monotonic() - began:.0f} s")
    return bool(results)


def _list() -> int:
    from bench.scene import Scene

    with Scene() as scene:
        for row in every_row(scene):
            print(f"{row.name:22} {row.path} | {row.beside}: {row.goal}")
    return 0


def _short(number: float | None) -> float | None:
    """Four digits are more than a machine repeats."""
    return None if number is None else float(f"{number:.4g}")


def _number(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= 1_000 else f"{number:.4g}"


if __name__ == "__main__":
    # The subjects import this module by its name: their errors are those of that one.
    sys.exit(import_module("bench.table").main(sys.argv[1:]))
