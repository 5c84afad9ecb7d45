"""`polytape doctor`: what is wrong with this installation, and which command mends it."""

import textwrap

import click

from polytape.cli.options import format_option
from polytape.cli.output import print_records, screen_width

COLOURS = {"ok": "green", "warning": "yellow", "trouble": "red"}
# A verdict, a check's name, and the blanks between them.
INDENT = 22


@click.command()
@click.option("--online", is_flag=True, help="Send the vendor one request, to try key and clock.")
@format_option
def doctor(online: bool, form: str) -> None:
    """Look at key, plan, clock, gateway, store, versions: what is wrong, and what mends it.

    Nothing is changed, and without --online nobody outside this machine is asked. Exit code 1 where
    there is trouble.
    """
    from polytape.cli.checkup import check_up

    findings = check_up(online=online)
    if form == "table":
        for finding in findings:
            for line in _lines(*finding):
                click.echo(line)
    else:
        print_records([finding._asdict() for finding in findings], form)
    if any(finding.verdict == "trouble" for finding in findings):
        raise click.exceptions.Exit(1)


def _lines(check: str, verdict: str, what: str, cure: str) -> list[str]:
    """A check's lines: what is so, and below it what mends it."""
    width = max(40, screen_width() - INDENT)
    text = textwrap.wrap(what, width, break_on_hyphens=False)
    text += textwrap.wrap(f"-> {cure}", width, break_on_hyphens=False) if cure else []
    coloured = click.style(f"{verdict:<9}", fg=COLOURS[verdict])
    head = f"{coloured} {check:<11} {text[0]}"
    return [head, *(" " * INDENT + line for line in text[1:])]
