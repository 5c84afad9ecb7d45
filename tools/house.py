"""Measures a package's house: functions, files, parameters, docstrings, branches, imports, Any.

    python -m tools.house src/polytape [OTHER_PACKAGE_FOLDER ...]    a table, one column a package

What the project holds itself to is in `GOALS`; `tests/test_house.py` keeps it.
"""

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

LONG_FILE, MANY_BRANCHES = 300, 10
# At most so much, in this project.
GOALS = {"functions over 10 branches": 15, "names imported from siblings, p90": 15, "Any": 120}
BRANCHES = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.With, ast.AsyncWith,
    ast.Assert, ast.comprehension, ast.IfExp, ast.match_case,
)  # fmt: skip
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Parsed:
    """A file of a package."""

    path: Path
    tree: ast.Module
    text: str


def parse(folder: Path) -> list[Parsed]:
    """Every Python file of a package, without tests."""
    files = [p for p in sorted(folder.rglob("*.py")) if "tests" not in p.relative_to(folder).parts]
    texts = [path.read_text("utf-8") for path in files]
    return [Parsed(p, ast.parse(t), t) for p, t in zip(files, texts, strict=True)]


def measure(folder: Path) -> dict[str, float]:
    """The figures of a package by name."""
    parsed = parse(folder)
    functions = [node for one in parsed for node in _functions(one.tree)]
    public = [node for node in functions if not node.name.startswith("_")]
    lengths = sorted(_length(node) for node in functions)
    parameters = sorted(_parameters(node) for node in functions)
    lines = [len(one.text.splitlines()) for one in parsed]
    siblings = sorted(_sibling_names(one.tree, folder.name) for one in parsed)
    comments = [text for one in parsed for text in _comments(one.text)]
    return {
        "files": len(parsed),
        "lines": sum(lines),
        f"files over {LONG_FILE} lines": sum(count > LONG_FILE for count in lines),
        "functions": len(functions),
        "lines a function, median": median(lengths),
        "lines a function, p90": _p90(lengths),
        "parameters, p90": _p90(parameters),
        "public functions with a docstring, %": _share(ast.get_docstring(n) for n in public),
        "functions over 10 branches": sum(_branches(n) > MANY_BRANCHES for n in functions),
        "names imported from siblings, p90": _p90(siblings),
        "Any": sum(_anys(one.tree) for one in parsed),
        "comments": len(comments),
    }


def _functions(tree: ast.AST) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def _length(node: Function) -> int:
    """Lines of a function without its docstring."""
    whole = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is None:
        return whole
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1)


def _parameters(node: Function) -> int:
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return sum(one.arg not in ("self", "cls") for one in every)


def _branches(node: Function) -> int:
    """Cyclomatic complexity (McCabe 1976), without the functions inside."""
    inside = {n for f in ast.walk(node) if isinstance(f, Function) and f is not node
              for n in ast.walk(f)}  # fmt: skip
    own = [n for n in ast.walk(node) if n not in inside]
    conditions = sum(len(n.values) - 1 for n in own if isinstance(n, ast.BoolOp))
    return 1 + conditions + sum(isinstance(n, BRANCHES) for n in own)


def _sibling_names(tree: ast.Module, package: str) -> int:
    """Names that a file imports from its own package."""
    return sum(
        len(node.names)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.level > 0 or (node.module or "").split(".")[0] == package)
    )


def _anys(tree: ast.Module) -> int:
    """Uses of Any, without its import."""
    return sum(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(tree))


def _comments(text: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        pragma = token.string.startswith(("# noqa", "# type", "# fmt"))
        if token.type == tokenize.COMMENT and not pragma:
            yield token.string


def _p90(values: list[int]) -> float:
    return float(values[int(0.9 * (len(values) - 1))]) if values else 0.0


def _share(values: Iterator[str | None]) -> float:
    known = list(values)
    return round(100 * sum(one is not None for one in known) / max(1, len(known)))


def main(folders: list[str]) -> None:
    """Print the table."""
    tables = {Path(one).name: measure(Path(one)) for one in folders}
    names = next(iter(tables.values()))
    sys.stdout.write("| | " + " | ".join(tables) + " |\n|---|" + "---|" * len(tables) + "\n")
    for name in names:
        row = " | ".join(f"{table[name]:g}" for table in tables.values())
        sys.stdout.write(f"| {name} | {row} |\n")


if __name__ == "__main__":
    main(sys.argv[1:] or ["src/polytape"])
