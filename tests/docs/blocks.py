"""The blocks of a page, read by sybil and run in their order. How they are written:

```python      blocks of one page share their names; a ```text block directly below has what they print
```console     `$ ` begins a command, what follows is its output; `...` stands for anything
```sql         is run in DuckDB, in the folder of the page
# needs: ...   as a block's first line: it is not run, for one of `REASONS`
"""

import io
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from traceback import format_exc
from types import ModuleType
from typing import Any

from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

# Why a block is not run: what the tests' machine does not have.
REASONS = (
    "a key",
    "docker",
    "systemd",
    "launchd",
    "Windows",
    "a bucket",
    "redis",
    "internet",
    "another machine",
    "a browser",
    "an editor",
    "flat files",
    "node",
    "Go",
    "R",
    "minutes",
    "hours",
    "an open market",
    "its own stand-in for the vendor",
    "your own code",
    "your own shell",
    "your own file",
    "your own job",
)
DATA = ("text", "json", "toml", "yaml", "ini", "csv", "html")
RUN = ("python", "console", "sql")
LONG = "<!-- tests: long -->"
_NEEDS = re.compile(r"^(?:#|//|--|;|REM) needs: (.+)$")
_LEXER = RawFencedCodeBlockLexer(re.compile(r"(?P<language>[\w{}-]*)[^\n]*\n"))
_PRINTED, _MODULE = "printed", "module"
# What colours a terminal.
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
PutRight = Callable[[str], str]
Console = Callable[[str], None]
Evaluator = Callable[[Example], None]


@dataclass(frozen=True, slots=True)
class Block:
    """A block as it stands in its page."""

    page: str
    line: int
    language: str
    text: str

    @property
    def needs(self) -> str | None:
        """Why it is not run."""
        found = _NEEDS.match(self.text.partition("\n")[0])
        return found[1] if found else None

    @property
    def reason(self) -> str | None:
        """The one of REASONS that `needs` begins with."""
        needs = self.needs or ""
        return next((one for one in REASONS if re.match(rf"{one}(,|$)", needs)), None)


def parse(
    path: Path, run_console: Console, check_console: Console, put_right: PutRight
) -> Document:
    """A page whose examples are its blocks. `run_console` runs the text of a console block,
    `check_console` looks at one that is not run; `put_right` puts the tests' gateway for the
    reader's.
    """
    running: dict[str, Evaluator] = {
        "python": partial(_run_python, put_right=put_right),
        "text": partial(_compare, put_right=put_right),
        "console": lambda example: run_console(example.parsed.text),
        "sql": partial(_run_sql, put_right=put_right),
        "json": _parse(json.loads),
        "toml": _parse(tomllib.loads),
    }
    checking: dict[str, Evaluator] = {
        "python": lambda example: compile(example.parsed.text, example.path, "exec") and None,
        "console": lambda example: check_console(example.parsed.text),
    }

    def regions(document: Document) -> Iterable[Region]:
        for found in _LEXER(document):
            line = document.text.count("\n", 0, found.start) + 1
            block = Block(path.name, line, found.lexemes["language"], found.lexemes["source"])
            table = checking if block.needs else running
            yield Region(found.start, found.end, block, table.get(block.language))

    return Sybil(parsers=[regions]).parse(path)


def blocks_of(path: Path) -> list[Block]:
    """The blocks of a page, none of them run."""
    return [example.parsed for example in parse(path, _ignore, _ignore, str).examples()]


def matches(expected: str, found: str) -> bool:
    """Whether an output is the one shown, in which `...` stands for anything."""
    parts = [re.escape(_bare(part)) for part in expected.split("...")]
    # Blanks beside an ellipsis belong to it.
    pattern = re.sub(r"(?:\\ |\\\n|\s)*\.\*(?:\\ |\\\n|\s)*", r"\\s*.*", ".*".join(parts))
    return re.fullmatch(rf"\s*{pattern}\s*", _bare(found), re.DOTALL) is not None


class DiffersError(AssertionError):
    """An output is not the one that the page shows: `shown` there, `now` here."""

    def __init__(self, what: str, shown: str, now: str) -> None:
        super().__init__(f"{what}\n--- the page\n{shown}\n--- now\n{now}")
        self.shown, self.now = shown, now


def check_same(
    shown: str, found: str, what: str, put_right: PutRight = str, or_all: str | None = None
) -> None:
    """Raises: DiffersError. `or_all`: what was printed with notes among it."""
    expected = put_right(shown)
    if matches(expected, found) or (or_all is not None and matches(expected, or_all)):
        return
    notes = set((or_all or "").splitlines()) - set(found.splitlines())
    with_notes = or_all is not None and any(note in shown for note in notes if note.strip())
    raise DiffersError(what, shown, _trimmed(or_all if with_notes and or_all else found))


def _trimmed(text: str) -> str:
    lines = _ANSI.sub("", text).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def _bare(text: str) -> str:
    """A text without colours, without blanks at the ends of lines, without empty lines."""
    lines = _ANSI.sub("", text).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _run_python(example: Example, put_right: PutRight) -> None:
    source = "\n" * example.line + put_right(
        example.parsed.text
    )  # so that a traceback names the page's line
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            exec(compile(source, example.path, "exec", dont_inherit=True), _names(example))
    except Exception:  # noqa: BLE001 - whatever a page raises
        # Whoever shows a failure would read the page as Python.
        raise AssertionError(f"{example.path}:{example.line}\n{format_exc(limit=-3)}") from None
    example.namespace[_PRINTED] = (example.end, printed.getvalue())


def _names(example: Example) -> dict[str, Any]:
    """The page's names: those of a module, as libraries look for what a function was made in."""
    module = example.namespace.get(_MODULE)
    if module is None:
        module = example.namespace[_MODULE] = ModuleType("page")
        sys.modules["page"] = module
    return vars(module)


def _compare(example: Example, put_right: PutRight) -> None:
    """What the Python block directly above has printed, if there is one."""
    end, printed = example.namespace.get(_PRINTED, (0, ""))
    if end and not example.document.text[end : example.start].strip():
        what = f"{example.path}:{example.line}"
        check_same(example.parsed.text.strip("\n"), printed, what, put_right)


def _run_sql(example: Example, put_right: PutRight) -> None:
    import duckdb

    duckdb.sql(put_right(example.parsed.text))


def _parse(read: Callable[[str], object]) -> Callable[[Example], None]:
    def check(example: Example) -> None:
        if "..." not in example.parsed.text:
            read(example.parsed.text)

    return check


def _ignore(_: str) -> None:
    return
