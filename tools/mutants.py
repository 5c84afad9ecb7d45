"""Do the tests have teeth? One-token mutants of a module, each run against the module's own tests.

    python -m tools.mutants                                 the pure modules, the store and history
    python -m tools.mutants src/polytape/model/splits.py    one module
    python -m tools.mutants --each 40 --seed 7 ...          more mutants of each, others

A mutant changes a comparison, a sign, and/or, min/max, a `not`, an index or a small number. It is
killed when a test fails. A survivor that means the same is listed in `EQUIVALENT` with its reason.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
PACKAGES = ("model", "wire", "engines", "store", "history")
GOAL = 0.90
TIMEOUT_S = 120
WORKERS = 2

# `file:line-text -> mutant`: why it means the same.
EQUIVALENT: dict[str, str] = {
    "polytape/model/market_bars.py:44: 1  ->  2": "before the first rank, 0, stands any below it",
    "polytape/wire/api/messages.py:70: 1  ->  2": "an instant after midnight either way",
}

SWAPS: dict[type, Callable[[], ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.And: ast.Or,
    ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
LARGEST_NUMBER = 400


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    path: Path
    line: int
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(SOURCE)}:{self.line}: {self.before}  ->  {self.after}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    text = path.read_text("utf-8")
    count = sum(1 for _ in _changes(ast.parse(text)))
    for number in range(count):
        tree = ast.parse(text)
        node, apply = list(_changes(tree))[number]
        line, before = node.lineno, ast.unparse(node)
        apply()
        after = ast.unparse(node)
        if after != before:
            yield Mutant(path, line, before[:70], after[:70], ast.unparse(tree))


def _changes(tree: ast.Module) -> Iterator[tuple[Any, Callable[[], None]]]:
    """Each place that can change, and what changes it."""
    hints = {n for node in ast.walk(tree) for n in _hints(node)}
    for node in ast.walk(tree):
        if node in hints:
            continue
        if isinstance(node, ast.Compare):
            for at, operator in enumerate(node.ops):
                if type(operator) in SWAPS:
                    yield node, _setter(node.ops, at, SWAPS[type(operator)]())
        elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS:
            yield node, _attribute(node, "op", SWAPS[type(node.op)]())
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in NAMES:
            yield node, _attribute(node.func, "id", NAMES[ast.unparse(node.func)])
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, _attribute(node, "op", ast.UAdd())
        elif _is_small_number(node):
            yield node, _attribute(node, "value", ast.literal_eval(node) + 1)


def _hints(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in annotations, which nothing runs."""
    for name in ("annotation", "returns"):
        hint = getattr(node, name, None)
        if hint is not None:
            yield from ast.walk(hint)


def _is_small_number(node: ast.AST) -> bool:
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return False
    return isinstance(node.value, int) and abs(node.value) <= LARGEST_NUMBER


def _setter(items: list[Any], at: int, value: object) -> Callable[[], None]:
    return lambda: items.__setitem__(at, value)


def _attribute(node: ast.AST, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


def tests_of(path: Path) -> list[Path]:
    """The tests that mirror a module: its own file, else its folder's."""
    inside = path.relative_to(SOURCE / "polytape")
    folder = ROOT / "tests" / inside.parent
    own = folder / f"test_{inside.stem}.py"
    return [own] if own.is_file() else sorted(folder.glob("test_*.py"))


def survives(mutant: Mutant, copy: Path) -> bool:
    """Whether every test passes with the mutant in place of its module."""
    target = copy / mutant.path.relative_to(SOURCE)
    original = target.read_text("utf-8")
    target.write_text(mutant.text)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-n0", *map(str, tests_of(mutant.path))],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(copy), "HYPOTHESIS_PROFILE": "mutants"},
            capture_output=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    finally:
        target.write_text(original)
    return done.returncode == 0


def run(paths: list[Path], each: int, seed: int) -> int:
    """Try `each` mutants of each module; the exit code."""
    chosen: list[Mutant] = []
    for path in paths:
        every = [m for m in mutants_of(path) if str(m) not in EQUIVALENT]
        chosen += random.Random(f"{seed}{path.name}").sample(every, min(each, len(every)))
    copies = local()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:

        def one(numbered: tuple[int, Mutant]) -> bool:
            if not hasattr(copies, "path"):
                copies.path = Path(folder) / str(numbered[0])
                shutil.copytree(SOURCE, copies.path)
            alive = survives(numbered[1], copies.path)
            if alive:
                sys.stdout.write(f"survived: {numbered[1]}\n")
                sys.stdout.flush()
            return alive

        alive = sum(pool.map(one, enumerate(chosen)))
    killed = 1 - alive / max(1, len(chosen))
    sys.stdout.write(f"{len(chosen) - alive} of {len(chosen)} killed ({killed:.0%})\n")
    return 0 if killed >= GOAL else 1


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    folders = [SOURCE / "polytape" / name for name in PACKAGES]
    modules = [p for folder in folders for p in sorted(folder.rglob("*.py"))]
    paths = [path.resolve() for path in given.paths] or modules
    sys.exit(run([p for p in paths if p.name != "__init__.py"], given.each, given.seed))


if __name__ == "__main__":
    main()
