"""The `polytape` command."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr
from rich.console import Console

import polytape
from polytape import settings as settings_module
from polytape.cli import engines
from polytape.cli.history import history
from polytape.cli.output import (
    MADE_UP,
    BarsFormat,
    Format,
    bars_bytes,
    note,
    print_bars,
    print_facts,
    print_records,
    write_file,
)
from polytape.cli.wiring import client_of, made_up, make_app, make_desk
from polytape.errors import ConnectionError, PolygonClientError, ValidationError
from polytape.settings import PlanOption, SourceName
from polytape.wire import arrow

if TYPE_CHECKING:
    from polytape.client.sync import PolygonClient

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Market data of US stocks: a gateway that asks once, and a client that asks it.",
)
cache = typer.Typer(help="The gateway's memory of answers.")
app.add_typer(cache, name="cache")
app.add_typer(history, name="history")
for _tool in (engines.scan, engines.fractals, engines.hvn, engines.camarilla, engines.zones):
    app.command()(_tool)

Url = Annotated[
    str | None, typer.Option("--url", help="The gateway; default $POLYTAPE_URL or localhost:8200.")
]
Symbol = Annotated[str, typer.Argument(help="A ticker, such as AAPL or BRK.B.")]
Store = Annotated[
    str | None,
    typer.Option(help="Where bars are kept: PATH, s3://BUCKET/PREFIX, none; default: user data."),
]
Form = Annotated[Format, typer.Option("--format", help="How to print the answer.")]


# Click's UsageError under whichever name this typer carries it.
_WrongUsage: type[Exception] = typer.BadParameter.__mro__[1]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0, 1 for an error, 2 for wrong usage."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """The exit code; errors are one line on stderr."""
    try:
        code = app(args=arguments, prog_name="polytape", standalone_mode=False)
        sys.stdout.flush()
    except (PolygonClientError, ModuleNotFoundError) as error:
        return _fail(*_told(error))
    except _WrongUsage as error:
        told = getattr(error, "format_message", error.__str__)()
        return _fail(f"{told} (polytape --help tells more)", 2)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("stopped", 130)
    except OSError as error:  # the reader of a pipe left, or the disk behind stdout is full
        _abandon_stdout()
        return 0 if isinstance(error, BrokenPipeError) else _fail(f"cannot write: {error}", 1)
    return code if isinstance(code, int) else 0


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log to stderr.")] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    if version:
        typer.echo(f"polytape {polytape.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes any.")] = None,
    source: Annotated[SourceName | None, typer.Option(help="Where bars come from.")] = None,
    data: Annotated[
        str | None, typer.Option(help="Flat files: a folder, or s3://flatfiles.")
    ] = None,
    plan: Annotated[
        PlanOption | None, typer.Option(help="The key's plan; default: found out.")
    ] = None,
    redis: Annotated[
        str | None, typer.Option(help="redis://HOST: share the key's budget with other gateways.")
    ] = None,
    vendor_url: Annotated[
        str | None, typer.Option("--vendor", help="Where the vendor's API is.")
    ] = None,
    splits: Annotated[
        Path | None,
        typer.Option(
            help="CSV: ticker,execution_date,split_from,split_to. Default DATA/splits.csv."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another made-up market.")] = None,
    store: Store = None,
) -> None:
    """Run the gateway until ctrl-C.

    Options not given come from the environment (POLYTAPE_HOST, POLYTAPE_PORT, ...). With
    --source auto, the default, the vendor is asked where a key is set.
    """
    given = {
        "host": host,
        "port": port,
        "source": source,
        "data": data,
        "splits": splits,
        "store": store,
        "seed": seed,
        "plan": plan,
        "redis": None if redis is None else SecretStr(redis),
        "vendor_url": vendor_url,
    }
    settings = settings_module.load(**given)
    desk = make_desk(settings)
    gateway = make_app(settings, desk)
    from polytape.gateway.server import address, listen
    from polytape.gateway.server import serve as serve_on

    sockets = listen(settings.host, settings.port)
    url = address(sockets)
    kept = "nothing is kept" if desk.store is None else f"store {desk.store.storage.url}"
    typer.echo(f"polytape gateway on {url} · source {desk.source_name} · {kept} · ctrl-C stops it")
    if desk.made_up:
        note(MADE_UP)
    serve_on(gateway, sockets)
    typer.echo("stopped")


@app.command()
def demo() -> None:
    """Start a gateway on made-up prices, ask it for bars and a session, stop it."""
    from polytape.cli.demo import show

    show(Console())


@app.command("fake-vendor")
def fake_vendor(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any.")] = 8300,
    data: Annotated[
        Path | None, typer.Option(help="Flat files in place of a made-up market.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another made-up market.")] = 0,
    plan: Annotated[PlanOption | None, typer.Option(help="Limits of a plan; default none.")] = None,
    key: Annotated[str | None, typer.Option(help="The only key accepted; default any.")] = None,
    every: Annotated[
        str | None,
        typer.Option("--mischief", help="What to do wrong with each answer."),
    ] = None,
) -> None:
    """Run a stand-in for the vendor's REST API: try a Polygon program without a key.

    POST {"mischief": ["429", "reset"]} to /_fake spoils the next answers; GET /_fake tells what was
    asked. Prices are made up, unless --data names real ones.
    """
    from polytape.cli.fake_vendor import run_fake_vendor

    run_fake_vendor(port, data, seed, plan, key, every)


@app.command()
def bars(
    symbol: Symbol,
    start: Annotated[
        str | None, typer.Option(help="First day or instant; default 30 days ago.")
    ] = None,
    end: Annotated[str | None, typer.Option(help="Last day, or instant (exclusive).")] = None,
    timeframe: Annotated[str, typer.Option(help="1min 5min 15min 60min 1day ...")] = "1day",
    limit: Annotated[int | None, typer.Option(help="Only the latest so many bars.")] = None,
    extended: Annotated[bool, typer.Option(help="Extended hours too.")] = True,
    form: Annotated[BarsFormat | None, typer.Option("--format", help="Default table.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to a file; its ending says how.")] = None,
    url: Url = None,
) -> None:
    """Bars of one symbol; times are shown in New York time, csv and json are UTC."""
    form = form or _form_of(out)
    if form is BarsFormat.PARQUET and out is None:
        raise typer.BadParameter("--format parquet needs --out FILE")
    first, last = _range(start, end)
    with client_of(url) as client:
        table = client.fetch_table(symbol, first, last, timeframe, limit, extended)
    found, metadata = arrow.from_table(table)
    assert metadata is not None
    if out is not None:
        write_file(out, bars_bytes(table, form))
        note(f"{len(found):,} bars written to {out}")
    elif form is BarsFormat.TABLE:
        print_bars(found, metadata, Console())
    else:
        sys.stdout.buffer.write(bars_bytes(table, form))
    for remark in [*metadata.notes, *([MADE_UP] if metadata.made_up else [])]:
        note(remark)


@app.command()
def session(
    symbol: Symbol,
    at: Annotated[
        str | None,
        typer.Option(help='Instant, such as "2024-01-03 10:30 America/New_York"; default now.'),
    ] = None,
    form: Form = Format.TABLE,
    url: Url = None,
) -> None:
    """Prices and ranges of a session as they could be known at one instant."""
    with _asking(url) as client:
        told = client.get_session_data(symbol, datetime.now(UTC) if at is None else at)
        print_facts(told, form, Console())
    if told["current_price"] is None:
        raise typer.Exit(1)


@app.command()
def price(symbol: Symbol, form: Form = Format.TABLE, url: Url = None) -> None:
    """The last price."""
    with _asking(url) as client:
        found = client.get_latest_price(symbol)
        if found is None:
            raise polytape.NotFoundError(f"no price for {symbol}")
        print_facts({"symbol": symbol.upper(), "price": found}, form, Console())


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Part of a symbol or a name.")],
    all_: Annotated[bool, typer.Option("--all", help="Delisted ones too.")] = False,
    form: Form = Format.TABLE,
    url: Url = None,
) -> None:
    """Securities by symbol or name."""
    with client_of(url) as client:
        print_records(client.search_symbols(query, active_only=not all_), form, Console())


@app.command()
def validate(
    symbols: Annotated[list[str], typer.Argument(help="Tickers.")],
    form: Form = Format.TABLE,
    url: Url = None,
) -> None:
    """Which symbols exist; exit code 1 when one does not."""
    with client_of(url) as client:
        told = [{"symbol": s, "valid": client.validate_ticker(s)} for s in symbols]
    print_records(told, form, Console())
    if not all(row["valid"] for row in told):
        raise typer.Exit(1)


@app.command("rate-limit")
def rate_limit(form: Form = Format.TABLE, url: Url = None) -> None:
    """The gateway's upstream request budget."""
    with client_of(url) as client:
        print_facts(asdict(client.rate_limit()), form, Console())


@cache.command("clear")
def cache_clear(
    symbol: Annotated[str | None, typer.Argument(help="Only this ticker's.")] = None,
    url: Url = None,
) -> None:
    """Forget answers kept in memory."""
    with client_of(url) as client:
        if not client.clear_cache(symbol):
            raise polytape.DataFetchError("the gateway's cache was not cleared")
    typer.echo("cleared")


@contextmanager
def _asking(url: str | None) -> Iterator["PolygonClient"]:
    """A client; what it is asked about is told to be made up where it is."""
    with client_of(url) as client:
        yield client
        if made_up(client):
            note(MADE_UP)


def _form_of(out: Path | None) -> BarsFormat:
    endings = {f".{form.value}": form for form in BarsFormat}
    return BarsFormat.TABLE if out is None else endings.get(out.suffix.lower(), BarsFormat.CSV)


def _range(start: str | None, end: str | None) -> tuple[Any, Any]:
    from datetime import timedelta

    from polytape.model.instants import parse_span
    from polytape.model.newyork import NEW_YORK, date_of

    last: Any = datetime.now(UTC).astimezone(NEW_YORK).date() if end is None else end
    if start is not None:
        return start, last
    until = date_of(parse_span("1970-01-01", last).end - 1)
    return until - timedelta(days=30), last


def _told(error: Exception) -> tuple[str, int]:
    """What to say of an error, and the exit code. A missing library is one of an extra's."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed: pip install 'polytape[gateway]'", 1
    if isinstance(error, ConnectionError) and "/api/v1/" in error.url:
        return f"{error} (is a gateway running there? polytape serve starts one)", 1
    return str(error), 2 if isinstance(error, ValidationError) else 1


def _abandon_stdout() -> None:
    """Nothing more can be written there; the interpreter would try once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _fail(text: str, code: int) -> int:
    line = " ".join(text.split())
    typer.echo(f"polytape: {line}", err=True)
    return code
