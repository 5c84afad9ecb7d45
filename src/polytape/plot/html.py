"""A result as HTML for notebooks: no script, every text escaped, readable on light and dark."""

from html import escape

from polytape.engines.result import Shown
from polytape.model.basis import MADE_UP
from polytape.plot.tables import Cell, Chip, Table, table_of

# Borders and chips are half-transparent: they suit whatever ground a notebook has.
CELL = "padding:2px 8px;text-align:left;border-bottom:1px solid rgba(127,127,127,.25)"
CHIP = "display:inline-block;margin:1px;padding:0 6px;border-radius:8px;font-size:85%;"
QUIET = "background:rgba(127,127,127,.18)"
WARNING = "background:#b45309;color:#fff"


def html(result: Shown) -> str:
    """The symbol, as of when and on what, a table, and what a reader must be told."""
    table = table_of(result)
    symbol: str = getattr(result, "symbol")  # noqa: B009 - a field of every run
    facts = "".join(
        _chip(Chip(fact), WARNING if fact == MADE_UP else QUIET) for fact in result.facts()
    )
    remarks = "".join(f"<div><small>{escape(one)}</small></div>" for one in result.remarks())
    return (
        f"<div><div><b>{escape(symbol)}</b> {escape(table.heading)}</div><div>{facts}</div>"
        f"{_rows(table)}{remarks}</div>"
    )


def _rows(table: Table) -> str:
    if not table.rows:
        return "<div><i>nothing</i></div>"
    head = "".join(f'<th style="{CELL}">{escape(name)}</th>' for name in table.columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    more = f"<div><small>and {table.more:,} more: .to_frame()</small></div>" if table.more else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(cell: Cell) -> str:
    inner = escape(cell) if isinstance(cell, str) else "".join(_chip(one, QUIET) for one in cell)
    return f'<td style="{CELL}">{inner}</td>'


def _chip(chip: Chip, look: str) -> str:
    title = f' title="{escape(chip.title)}"' if chip.title else ""
    return f'<span style="{CHIP}{look}"{title}>{escape(chip.text)}</span>'
