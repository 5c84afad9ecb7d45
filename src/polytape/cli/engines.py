"""`polytape scan` and the single tools: zones of confluence, swings, profiles, pivots, zones."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from polytape import settings as settings_module
from polytape.cli.history_output import listed, progress
from polytape.cli.output import MADE_UP, Format, note, print_records
from polytape.cli.wiring import client_of, made_up, store_location
from polytape.engines.confluence import ConfluenceZone
from polytape.engines.scanner import ScanResult
from polytape.errors import (
    ConfigurationError,
    ConnectionError,
    DataFetchError,
    ValidationError,
)
from polytape.model.newyork import NEW_YORK

SCANNED_OVER_HTTP = 20
ALL = "all"
COLORS = {"L5": "bold red", "L4": "bold yellow", "L3": "yellow", "L2": "cyan", "L1": "dim"}

Symbol = Annotated[str, typer.Argument(help="A ticker, such as AAPL or BRK.B.")]
Url = Annotated[
    str | None, typer.Option("--url", help="The gateway; default $POLYTAPE_URL or localhost:8200.")
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help='Such as "2024-01-03 14:30 America/New_York"; default now.'),
]
Form = Annotated[Format, typer.Option("--format", help="How to print the answer.")]
Levels = Annotated[str | None, typer.Option(help="Prices of your own, with commas between.")]


def scan(
    symbols: Annotated[list[str] | None, typer.Argument(help="Tickers.")] = None,
    universe: Annotated[
        str | None, typer.Option(help="A file of tickers, one a line; or all of the store.")
    ] = None,
    as_of: AsOf = None,
    form: Form = Format.TABLE,
    top: Annotated[int, typer.Option(min=1, help="Zones to show of each symbol.")] = 8,
    plot: Annotated[Path | None, typer.Option(help="Draw the first symbol into a file.")] = None,
    weekly: Levels = None,
    daily: Levels = None,
    store: Annotated[
        str | None, typer.Option("--store", help="Read this store directly, with no gateway.")
    ] = None,
    url: Url = None,
) -> None:
    """Zones where levels of several kinds meet, as they could be known at one instant.

    Few symbols are asked of the gateway; with --store, with many symbols, or where no gateway
    answers, the store is read directly, on all cores.
    """
    options = {"weekly_levels": _prices("weekly", weekly), "daily_levels": _prices("daily", daily)}
    wanted = [*(symbols or []), *(listed(Path(universe)) if universe not in (None, ALL) else [])]
    if not wanted and universe != ALL:
        raise typer.BadParameter("name symbols, or a --universe")
    if plot is not None and (len(wanted) != 1):
        raise typer.BadParameter("--plot draws one symbol")
    direct = store is not None or universe == ALL or len(wanted) > SCANNED_OVER_HTTP
    if not direct:
        try:
            _show(*_over_http(wanted, as_of, options, url), form, top, plot)
        except ConnectionError as error:
            if url is not None:
                raise
            note(f"no gateway at {error.url.split('/api/')[0]}: reading {_location(store)}")
        else:
            return
    results, errors = _from_store(wanted, as_of, options, _location(store), drawn=plot is not None)
    _show(results, errors, form, top, plot)
    if errors and not results:
        raise typer.Exit(1)


def fractals(
    symbol: Symbol,
    as_of: AsOf = None,
    timeframe: Annotated[str, typer.Option(help="1min to 240min.")] = "15min",
    length: Annotated[int, typer.Option(help="Bars of a fractal, an odd number.")] = 11,
    form: Form = Format.TABLE,
    url: Url = None,
) -> None:
    """Swing points, and the structure that they make."""
    from polytape.client.engines import FractalEngine

    with client_of(url) as client:
        found = FractalEngine(client).run(symbol, as_of, timeframe=timeframe, fractal_length=length)
        rows = [
            {"at": _shown(s.datetime), "kind": s.kind, "price": round(s.price, 4),
             "atr": round(s.atr, 4), "known": _shown(s.confirmed_at), "settled": s.settled}
            for s in found.fractals.swings
        ]  # fmt: skip
        if form is Format.TABLE:
            typer.echo(f"{found.symbol} {found.timeframe} {found.fractals.structure}")
        _tell(found, rows, form, client)


def hvn(
    symbol: Symbol,
    as_of: AsOf = None,
    windows: Annotated[str, typer.Option(help="Days back, with commas between.")] = "7,14,30",
    form: Form = Format.TABLE,
    url: Url = None,
) -> None:
    """Volume by price: point of control, value area, high-volume nodes."""
    from polytape.client.engines import HVNEngine

    days = _days("windows", windows)
    with client_of(url) as client:
        found = HVNEngine(client).run(symbol, as_of, windows=days)
        rows = []
        for window, made in found.profiles.items():
            facts = {"poc": made.poc, "value area low": made.value_area_low,
                     "value area high": made.value_area_high}  # fmt: skip
            named = [(name, price) for name, price in facts.items() if price is not None]
            named += [(f"HVN {node.rank}", node.price) for node in made.hvns]
            rows += [{"days": window, "what": n, "price": round(p, 4)} for n, p in named]
        _tell(found, rows, form, client)


def camarilla(
    symbol: Symbol,
    as_of: AsOf = None,
    variant: Annotated[
        str, typer.Option(help="pivot_boss or range: how R6 is made.")
    ] = "pivot_boss",
    form: Form = Format.TABLE,
    url: Url = None,
) -> None:
    """Camarilla pivots of the last completed day, week and month."""
    from polytape.client.engines import CamarillaEngine

    with client_of(url) as client:
        found = CamarillaEngine(client).run(symbol, as_of, variant=variant)  # type: ignore[arg-type]
        names = [f"R{n}" for n in range(6, 0, -1)] + ["PP"] + [f"S{n}" for n in range(1, 7)]
        rows = [
            {"level": name} | {p: round(made.levels[name], 4) for p, made in found.pivots.items()}
            for name in names
        ]
        _tell(found, rows, form, client)


def zones(
    symbol: Symbol,
    as_of: AsOf = None,
    weekly: Levels = None,
    daily: Levels = None,
    form: Form = Format.TABLE,
    url: Url = None,
) -> None:
    """Weekly, daily, ATR and structure zones round the price."""
    from polytape.client.engines import ZoneCalculator

    with client_of(url) as client:
        found = ZoneCalculator(client).run(
            symbol, as_of, _prices("weekly", weekly), _prices("daily", daily)
        )
        rows = [
            {"zone": z.name, "type": z.type, "low": round(z.low, 4), "level": round(z.level, 4),
             "high": round(z.high, 4), "side": z.side}
            for z in sorted(found.zones, key=lambda zone: -zone.level)
        ]  # fmt: skip
        if form is Format.TABLE and found.price is not None:
            typer.echo(f"{found.symbol} {found.price:.2f}")
        _tell(found, rows, form, client)


def _tell(found: Any, rows: list[dict[str, Any]], form: Format, client: Any) -> None:
    """As JSON the whole result, else its rows; notes go to stderr."""
    if form is Format.JSON:
        _json(found.to_dict())
    else:
        print_records(rows, form, Console())
    for remark in found.notes:
        note(remark)
    if made_up(client):
        note(MADE_UP)


def _over_http(
    symbols: list[str], as_of: str | None, options: dict[str, Any], url: str | None
) -> tuple[dict[str, ScanResult], dict[str, str]]:
    """Results, and the errors of the symbols that have none, as long as one has."""
    from polytape.client.engines import ConfluenceScanner

    found: dict[str, ScanResult] = {}
    errors: dict[str, str] = {}
    with client_of(url) as client:
        scanner = ConfluenceScanner(client)
        for symbol in symbols:
            try:
                result = scanner.scan(symbol, as_of, **options)
            except DataFetchError as error:
                if len(symbols) == 1:
                    raise
                errors[symbol] = str(error)
            else:
                found[result.symbol] = result
        if made_up(client):
            note(MADE_UP)
    return found, errors


def _from_store(
    symbols: list[str], as_of: str | None, options: dict[str, Any], location: str, *, drawn: bool
) -> tuple[dict[str, ScanResult], dict[str, str]]:
    from polytape.model.timeframes import Series
    from polytape.net.storage import open_storage
    from polytape.scan.many import scan_many
    from polytape.store.segments import SegmentStore

    held = SegmentStore.existing(open_storage(location))
    wanted = symbols or held.symbols(Series.MINUTE)
    if held.source.startswith("synthetic"):
        note(MADE_UP)
    held.close()
    with progress("symbols", len(wanted)) as done:
        told = scan_many(
            wanted, store=location, as_of=as_of, options=options, told=done, drawn=drawn
        )
    return told.results, told.errors


def _show(
    results: dict[str, ScanResult], errors: dict[str, str], form: Format, top: int,
    plot: Path | None,
) -> None:  # fmt: skip
    for symbol, why in errors.items():
        note(f"{symbol}: {why}")
    if form is Format.JSON:
        _json([found.to_dict() for found in results.values()])
    elif form is Format.CSV:
        rows = [row for found in results.values() for row in list(found.rows())[:top]]
        print_records(rows, form, Console())
    else:
        for found in results.values():
            print_scan(found, top, Console())
    if plot is not None and results:
        (first,) = results.values()
        try:
            first.plot(str(plot))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{plot} cannot be drawn: {error}") from error
        note(f"drawn into {plot}")


def print_scan(found: ScanResult, top: int, console: Console) -> None:
    """Zones as a table, and what is missing for them."""
    price = "no price" if found.price is None else f"{found.price:.2f}"
    at = f"{found.as_of.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M} New York"
    ranges = ", ".join(
        f"ATR {name} {value:.2f}"
        for name, value in (("5min", found.atr_5min), ("15min", found.atr_15min),
                            ("1day", found.atr_day)) if value is not None
    )  # fmt: skip
    console.print(Text(f"{found.symbol} {price} · {at} · {found.structure} · {ranges}", "bold"))
    for zone in found.zones[:top]:
        line = Text.assemble(
            (f"  {zone.level}", COLORS[zone.level]),
            f"  {zone.low:.2f}-{zone.high:.2f}  {zone.kind}  score {zone.score:.1f}  "
            f"{zone.distance:+.2f} ({zone.distance_atr:+.1f} ATR)",
        )
        console.print(line)
        console.print(Padding(Text(_parts(zone), "dim"), (0, 0, 0, 6)))
    if not found.zones:
        console.print("  no zones")
    for name, why in found.errors.items():
        console.print(Text(f"{name}: {why}", "yellow"))
    for remark in found.notes:
        console.print(Text(remark, "yellow"))


def _parts(zone: ConfluenceZone) -> str:
    """The kinds that voted, each with its items: `fractal 168.03 168.08`."""
    by_type: dict[str, list[str]] = {}
    for part in zone.parts:
        name = part.name.removeprefix(f"{part.type} ") if part.family != "fractal" else ""
        shown = f"{name if part.family != 'hvn' else ''} {part.level:.2f}".strip()
        by_type.setdefault(part.type, []).append(shown)
    return ", ".join(f"{kind} {'/'.join(shown)}" for kind, shown in sorted(by_type.items()))


def _json(told: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")


def _shown(moment: Any) -> str:
    return f"{moment.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M}"


def _location(store: str | None) -> str:
    location = store_location(settings_module.load(store=store))
    if location == "none":
        raise ConfigurationError("--store none keeps nothing: name a store")
    return location


def _prices(name: str, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in _filled(text.split(","))]
    except ValueError as error:
        raise ValidationError(name, text, "prices with commas between, such as 101.5,99") from error


def _days(name: str, text: str) -> list[int]:
    try:
        return [int(part) for part in _filled(text.split(","))]
    except ValueError as error:
        raise ValidationError(name, text, "days with commas between, such as 7,14,30") from error


def _filled(parts: Iterable[str]) -> list[str]:
    return [part for part in parts if part.strip()]
