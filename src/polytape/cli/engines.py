"""A command for each engine of the registry: runs it on the gateway, and prints its result."""

from pathlib import Path

import click
import msgspec

from polytape.cli import engine_options, engine_tables, options, pictures
from polytape.cli.answers import EngineAnswer, JsonObject
from polytape.cli.gateway import connect, warn_if_made_up
from polytape.cli.output import note, note_basis, print_records
from polytape.cli.scan_output import as_json
from polytape.engines.registry import CLIENT_ENGINES, SCAN, EngineSpec


def engine_command(spec: EngineSpec) -> click.Command:
    """The command of an engine, with the engine's own options."""

    @click.command(spec.name, help=f"{spec.title}.")
    @options.symbol_argument
    @options.as_of_option
    @options.format_option
    @pictures.plot_option
    @pictures.dark_option
    @options.url_option
    def command(
        symbol: str,
        as_of: str | None,
        form: str,
        plot: Path | None,
        dark: bool,
        url: str | None,
        **given: object,
    ) -> None:
        chosen = engine_options.given(given)
        pictures.check(plot)
        if plot is not None:
            result = pictures.run(spec, symbol, as_of, chosen, url)
            _show(spec, as_json(result), form)
            pictures.draw(result, plot, dark=dark)
            return
        body = {"symbol": symbol, "as_of": as_of, "options": chosen}
        with connect(url) as gateway:
            _show(spec, gateway.post(spec.path, body, EngineAnswer), form)
            warn_if_made_up(gateway.status)

    command.params[2:2] = engine_options.options_of(spec.options)
    return command


def _show(spec: EngineSpec, result: JsonObject, form: str) -> None:
    """As JSON the whole result, else its rows; notes go to stderr."""
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(result), indent=2))
    else:
        if form == "table":
            heading = engine_tables.heading(spec.name, result)
            for line in (*heading, *engine_tables.how_lines(result)):
                click.echo(line)
        print_records(engine_tables.rows_of(spec.name, result, form), form)
    for remark in result["notes"]:
        note(remark)
    note_basis(result.get("basis"))


# By name, as the table of commands loads them.
globals().update({s.name: engine_command(s) for s in CLIENT_ENGINES if s is not SCAN})
