"""`polytape price | search | validate | rate-limit | cache`: one request, printed."""

from decimal import Decimal

import click

from polytape.cli import answers
from polytape.cli import options as shared
from polytape.cli.gateway import connect, warn_if_made_up
from polytape.cli.moments import moment_text, with_moments
from polytape.cli.output import note, note_basis, print_facts, print_records
from polytape.errors import DataFetchError, NotFoundError, PolygonClientError
from polytape.model.symbols import parse_symbol

LONGEST_QUERY = 200


@click.command()
@shared.symbol_argument
@shared.format_option
@shared.url_option
def price(symbol: str, form: str, url: str | None) -> None:
    """The last price."""
    text = parse_symbol(symbol)
    with connect(url) as gateway:
        try:
            latest: answers.LatestAnswer = gateway.get(f"/latest/{text}", answers.LatestAnswer)
        except NotFoundError as error:
            hint = error.detail.partition(" (did you mean")
            mean = f"{hint[1]}{hint[2]}" or gateway.hint(text)
            raise NotFoundError(f"no price for {symbol}{mean}") from error
        value = Decimal(repr(float(latest["price"])))
        invented = {"made_up": True} if latest.get("made_up") else {}
        at = latest.get("timestamp")
        instant = {} if at is None else {"at": moment_text(at) if form == "table" else at}
        print_facts({"symbol": text, "price": value, **instant, **invented}, form)
        note_basis(latest.get("basis"))
        warn_if_made_up(gateway.status)


@click.command()
@click.argument("query")
@click.option("--all", "with_delisted", is_flag=True, help="Delisted ones too.")
@shared.format_option
@shared.url_option
def search(query: str, with_delisted: bool, form: str, url: str | None) -> None:
    """Securities by symbol or name."""
    if len(query) > LONGEST_QUERY:
        raise click.BadParameter(f"a query has at most {LONGEST_QUERY} characters")
    active_only = "false" if with_delisted else "true"
    with connect(url) as gateway:
        answer: answers.SearchAnswer = gateway.get(
            "/search", answers.SearchAnswer, query=query, active_only=active_only
        )
    print_records(answer["results"], form)


@click.command()
@shared.some_symbols_argument
@shared.format_option
@shared.url_option
def validate(symbols: tuple[str, ...], form: str, url: str | None) -> None:
    """Which symbols exist; exit code 1 when one does not."""
    parsed = {symbol: parse_symbol(symbol) for symbol in symbols}
    with connect(url) as gateway:
        body = {"symbols": list(parsed.values()), "detailed": False}
        verdicts: dict[str, answers.Verdict] = gateway.post(
            "/validate", body, dict[str, answers.Verdict]
        )
        if not verdicts.keys() >= set(parsed.values()):
            raise DataFetchError("the answer does not speak of every symbol")
        absent = [text for text in parsed.values() if not verdicts[text]["valid"]]
        hints = {text: gateway.hint(text) for text in absent}
    rows = [{"symbol": s, "valid": verdicts[text]["valid"]} for s, text in parsed.items()]
    print_records(rows, form)
    for text, hint in hints.items():
        note(f"there is no symbol {text}{hint}")
    if absent:
        note(f"{len(absent)} of {len(rows)} do not exist: exit code 1")
        raise click.exceptions.Exit(1)


@click.command("rate-limit")
@shared.format_option
@shared.url_option
def rate_limit(form: str, url: str | None) -> None:
    """The gateway's upstream request budget."""
    with connect(url) as gateway:
        state: answers.JsonObject = gateway.get("/rate-limit", answers.RateLimitAnswer)
    names = ("limit", "remaining", "reset_at", "window_seconds", "used")
    facts = {name: state[name] for name in names}
    print_facts(with_moments(facts, "reset_at") if form == "table" else facts, form)


@click.group()
def cache() -> None:
    """The gateway's memory of answers."""


@cache.command("clear")
@click.argument("symbol", required=False, shell_complete=shared.complete_symbol)
@shared.url_option
def cache_clear(symbol: str | None, url: str | None) -> None:
    """Forget answers kept in memory."""
    query = {} if symbol is None else {"symbol": parse_symbol(symbol)}
    with connect(url) as gateway:
        try:
            gateway.delete("/cache", **query)
        except PolygonClientError as error:
            raise DataFetchError(f"the gateway's cache was not cleared: {error}") from error
    click.echo("cleared")
