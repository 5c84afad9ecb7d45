"""`polytape session | price | search | validate | rate-limit | cache`: one request, printed."""

from datetime import UTC, datetime
from decimal import Decimal

import click

from polytape.cli.answers import (
    JsonObject,
    LatestAnswer,
    RateLimitAnswer,
    SearchAnswer,
    SessionAnswer,
    Verdict,
)
from polytape.cli.gateway import connect, warn_if_made_up
from polytape.cli.options import format_option, symbol_argument, url_option
from polytape.cli.output import note_basis, print_facts, print_records
from polytape.errors import DataFetchError, NotFoundError, PolygonClientError
from polytape.model.symbols import parse_symbol

# The fields of a session that are no prices.
TEXT_FIELDS = ("symbol", "error", "session_datetime")


@click.command()
@symbol_argument
@click.option("--at", help='Instant, such as "2024-01-03 10:30 America/New_York"; default now.')
@format_option
@url_option
def session(symbol: str, at: str | None, form: str, url: str | None) -> None:
    """Prices and ranges of a session as they could be known at one instant."""
    with connect(url) as gateway:
        body = {"symbol": symbol, "as_of": at}
        result: JsonObject = gateway.post("/engines/session", body, SessionAnswer)
        facts = {name: _fact(name, result[name]) for name in result if name != "basis"}
        basis = result.get("basis")
        print_facts(facts | ({"basis": basis} if form == "json" and basis else {}), form)
        note_basis(basis)
        warn_if_made_up(gateway.status)
    if facts["current_price"] is None:
        raise click.exceptions.Exit(1)


@click.command()
@symbol_argument
@format_option
@url_option
def price(symbol: str, form: str, url: str | None) -> None:
    """The last price."""
    text = parse_symbol(symbol)
    with connect(url) as gateway:
        try:
            latest: LatestAnswer = gateway.get(f"/latest/{text}", LatestAnswer)
        except NotFoundError as error:
            raise NotFoundError(f"no price for {symbol}") from error
        value = Decimal(repr(float(latest["price"])))
        invented = {"made_up": True} if latest.get("made_up") else {}
        print_facts({"symbol": symbol.upper(), "price": value, **invented}, form)
        note_basis(latest.get("basis"))
        warn_if_made_up(gateway.status)


@click.command()
@click.argument("query")
@click.option("--all", "with_delisted", is_flag=True, help="Delisted ones too.")
@format_option
@url_option
def search(query: str, with_delisted: bool, form: str, url: str | None) -> None:
    """Securities by symbol or name."""
    active_only = "false" if with_delisted else "true"
    with connect(url) as gateway:
        answer: SearchAnswer = gateway.get(
            "/search", SearchAnswer, query=query, active_only=active_only
        )
    print_records(answer["results"], form)


@click.command()
@click.argument("symbols", nargs=-1, required=True)
@format_option
@url_option
def validate(symbols: tuple[str, ...], form: str, url: str | None) -> None:
    """Which symbols exist; exit code 1 when one does not."""
    parsed = {symbol: parse_symbol(symbol) for symbol in symbols}
    with connect(url) as gateway:
        body = {"symbols": list(parsed.values()), "detailed": False}
        verdicts: dict[str, Verdict] = gateway.post("/validate", body, dict[str, Verdict])
    if not verdicts.keys() >= set(parsed.values()):
        raise DataFetchError("the answer does not speak of every symbol")
    rows = [{"symbol": s, "valid": verdicts[text]["valid"]} for s, text in parsed.items()]
    print_records(rows, form)
    if not all(row["valid"] for row in rows):
        raise click.exceptions.Exit(1)


@click.command("rate-limit")
@format_option
@url_option
def rate_limit(form: str, url: str | None) -> None:
    """The gateway's upstream request budget."""
    with connect(url) as gateway:
        state: JsonObject = gateway.get("/rate-limit", RateLimitAnswer)
    names = ("limit", "remaining", "reset_at", "window_seconds", "used")
    facts = {name: state[name] for name in names}
    facts["reset_at"] = datetime.fromisoformat(state["reset_at"]).astimezone(UTC)
    print_facts(facts, form)


@click.group()
def cache() -> None:
    """The gateway's memory of answers."""


@cache.command("clear")
@click.argument("symbol", required=False)
@url_option
def cache_clear(symbol: str | None, url: str | None) -> None:
    """Forget answers kept in memory."""
    query = {} if symbol is None else {"symbol": parse_symbol(symbol)}
    with connect(url) as gateway:
        try:
            gateway.delete("/cache", **query)
        except PolygonClientError as error:
            raise DataFetchError(f"the gateway's cache was not cleared: {error}") from error
    click.echo("cleared")


def _fact(name: str, value: str | None) -> str | Decimal | None:
    """A field of a session; prices are decimal texts on the wire."""
    return value if name in TEXT_FIELDS or value is None else Decimal(value)
