"""`polytape session`."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click

from polytape.cli import answers, pictures
from polytape.cli.error_texts import in_new_york
from polytape.cli.gateway import GatewayConnection, connect, warn_if_made_up
from polytape.cli.moments import AS_OF, moment_text
from polytape.cli.options import format_option, symbol_argument, url_option
from polytape.cli.output import note, note_basis, print_facts

# The fields of a session that are no prices.
TEXT_FIELDS = ("symbol", "error", "session_datetime")


@click.command()
@symbol_argument
@click.option(
    "--at",
    "--as-of",
    "at",
    type=AS_OF,
    help='Such as "2024-01-03 10:30" or 10:30, New York time without a zone; default now.',
)
@format_option
@pictures.plot_option
@pictures.dark_option
@url_option
def session(
    symbol: str, at: str | None, form: str, plot: Path | None, dark: bool, url: str | None
) -> None:
    """Prices and ranges of a session as they could be known at one instant."""
    pictures.check(plot)
    with connect(url) as gateway:
        body = {"symbol": symbol, "as_of": at}
        result: answers.JsonObject = gateway.post("/engines/session", body, answers.SessionAnswer)
        facts = {name: _fact(name, result[name]) for name in result if name != "basis"}
        if form == "table":
            facts |= _in_new_york(result)
        basis = result.get("basis")
        print_facts(facts | ({"basis": basis} if form == "json" and basis else {}), form)
        note_basis(basis)
        warn_if_made_up(gateway.status)
        hint = _hint(gateway, result)
    if plot is not None:
        moment = datetime.fromisoformat(result["session_datetime"])
        pictures.draw(pictures.session_at(symbol, moment, url), plot, dark=dark)
    if facts["current_price"] is None:
        note(f"no price of {symbol} at that instant{hint}: exit code 1")
        raise click.exceptions.Exit(1)


def _in_new_york(result: answers.JsonObject) -> dict[str, str | None]:
    """The fields with instants as a table shows them."""
    why = result["error"]
    at = moment_text(result["session_datetime"])
    return {"session_datetime": at, "error": None if why is None else in_new_york(why)}


def _hint(gateway: GatewayConnection, result: answers.JsonObject) -> str:
    """Which symbol may be meant, where there is none of that name."""
    return gateway.hint(result["symbol"]) if "no symbol" in (result["error"] or "") else ""


def _fact(name: str, value: str | None) -> str | Decimal | None:
    """A field of a session; prices are decimal texts on the wire."""
    return value if name in TEXT_FIELDS or value is None else Decimal(value)
