"""How results look: tables for people, csv and json for programs. Light: no numpy, no rich."""

import csv
import json
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite

import click

# A column of text that is narrower cannot be read.
LEAST_COLUMN = 16
MADE_UP = "These prices are made up. They are for trying things out, never for trading."


def note(text: str) -> None:
    """A remark on stderr, so that stdout holds the result alone."""
    click.secho(text, fg="yellow", err=True)


def basis_line(basis: Mapping[str, object] | None) -> str:
    """What a reader must be told of an answer's bars; "" where nothing, or where a server does not
    say. That prices are made up has a warning of its own.
    """
    if basis is None:
        return ""
    import msgspec

    from polytape.model.basis import Basis

    return replace(msgspec.convert(basis, Basis), made_up=False).one_line()


def note_basis(basis: Mapping[str, object] | None) -> None:
    """Say it on stderr, in one line, where there is something to say."""
    if text := basis_line(basis):
        note(text)


def print_facts(facts: Mapping[str, object], form: str) -> None:
    """One record: a line a field, or one JSON object, or a CSV of one row."""
    if form == "json":
        _print_json(dict(facts))
    elif form == "csv":
        _print_csv([facts])
    else:
        _print_lines(facts)


def print_records(records: Iterable[Mapping[str, object]], form: str) -> None:
    """Records of the same fields: a table, a JSON array, or a CSV."""
    rows = [dict(record) for record in records]
    if form == "json":
        _print_json(rows)
    elif form == "csv":
        _print_csv(rows)
    elif rows:
        columns = [list(column) for column in zip(*(row.values() for row in rows), strict=True)]
        cells = [list(row) for row in zip(*map(_column_texts, columns), strict=True)]
        numbers = {at for at, column in enumerate(columns) if _is_numeric(column)}
        for line in fitted_lines(list(rows[0]), cells, screen_width(), numbers):
            click.echo(line)
    else:
        click.echo("nothing found")


def table_lines(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Iterable[int] = (),
    tight: bool = False,
) -> list[str]:
    """A table with a rule below its head. A price is never cut to fit a narrow screen; the screen
    may wrap the line. `right` are the columns set to the right.
    """
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    to_right = set(right)
    between, edge = ("  ", " ") if tight else ("   ", "  ")

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if number in to_right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"{edge}{between.join(padded)}{edge}"

    whole = len(line(headers))
    rule = f" {'─' * (whole - 2)} "
    head = click.style(line(headers), bold=True)
    return [" " * whole, head, rule, *map(line, rows), " " * whole]


def fitted_lines(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    right: Collection[int] = (),
) -> list[str]:
    """A table of at most `width` columns: closer together, then with its longest texts over several
    lines, and where that is too narrow, too, a block for each record. `right` as in `table_lines`.
    """
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    if sum(widths) + 3 * len(widths) + 1 <= width:
        return table_lines(headers, rows, right=right)
    longest = max(range(len(widths)), key=widths.__getitem__)
    room = width - (sum(widths) - widths[longest]) - 2 * len(widths)
    if room < max(LEAST_COLUMN, len(headers[longest])):
        return [line for row in rows for line in [*_block(headers, row), ""]]
    if widths[longest] > room:
        rows = [line for row in rows for line in _over_lines(row, longest, room)]
    return table_lines(headers, rows, right=right, tight=True)


def _column_texts(values: Sequence[object]) -> list[str]:
    """A column as people read it: its prices with two decimals, where all are below one with four;
    csv and JSON have all of them.
    """
    floats = [value for value in values if isinstance(value, float)]
    decimals = 2 if any(abs(value) >= 1 for value in floats) else 4
    return [
        f"{value:.{decimals}f}" if isinstance(value, float) and isfinite(value) else plain(value)
        for value in values
    ]


def _is_numeric(values: Sequence[object]) -> bool:
    """Whether a column holds numbers, and where it holds none nothing else."""
    kinds = {type(value) for value in values if value is not None}
    return bool(kinds) and kinds <= {int, float}


def _over_lines(row: Sequence[str], at: int, room: int) -> list[list[str]]:
    """A row whose cell `at` is `room` wide, with as many rows below it as that takes."""
    texts = textwrap.wrap(row[at], room, break_on_hyphens=False) or [""]
    rows = [[""] * at + [text] + [""] * (len(row) - at - 1) for text in texts]
    rows[0] = [*row[:at], texts[0], *row[at + 1 :]]
    return rows


def _block(headers: Sequence[str], row: Sequence[str]) -> list[str]:
    names = max(map(len, headers))
    lines = []
    for name, text in zip(headers, row, strict=True):
        first, *others = paragraph(text, names + 2)
        lines += [f"{click.style(name.ljust(names), bold=True)}  {first.strip()}", *others]
    return lines


def paragraph(text: str, indent: int) -> list[str]:
    """Lines of a text that fit the screen, indented, each as wide as the screen."""
    width = screen_width()
    lines = textwrap.wrap(
        text, max(20, width - indent), break_on_hyphens=False, break_long_words=True
    )
    return [f"{' ' * indent}{line}".ljust(width) for line in lines or [""]]


def screen_width() -> int:
    """Columns of the screen; 80 where there is none."""
    return shutil.get_terminal_size((80, 24)).columns


def plain(value: object, nothing: str = "-") -> str:
    """A value as people read it; instants in UTC."""
    if value is None:
        return nothing
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    return str(value)


def price_text(value: float) -> str:
    """Two decimals, or four where they say more."""
    return f"{value:,.2f}" if round(value, 2) == round(value, 4) else f"{value:,.4f}"


def _print_lines(facts: Mapping[str, object]) -> None:
    names = max(map(len, facts), default=0)
    room = max(LEAST_COLUMN, screen_width() - names - 2)
    texts = {name: _within(plain(value), room) for name, value in facts.items()}
    width = max((len(line) for lines in texts.values() for line in lines), default=0)
    for name, lines in texts.items():
        for number, line in enumerate(lines):
            head = click.style(("" if number else name).ljust(names), bold=not number)
            click.echo(f"{head}  {line.ljust(width)}")


def _within(text: str, room: int) -> list[str]:
    """A text as lines of at most `room` columns."""
    if len(text) <= room:
        return [text]
    return textwrap.wrap(text, room, break_on_hyphens=False)


def _print_json(content: object) -> None:
    click.echo(json.dumps(content, default=_jsonable, indent=2))


def _print_csv(rows: Sequence[Mapping[str, object]]) -> None:
    writer = csv.DictWriter(sys.stdout, rows[0] if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: plain(value, "") for name, value in row.items()})


def _jsonable(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else plain(value)
