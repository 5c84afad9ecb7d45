"""`polytape scan`: zones of confluence of one symbol, or of many."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from polytape.cli import engine_options, pictures, rates_file, scan_output
from polytape.cli import options as shared
from polytape.cli.answers import JsonObject
from polytape.cli.gateway import connect
from polytape.cli.output import note
from polytape.cli.universe import read_universe
from polytape.engines.registry import SCAN
from polytape.errors import ConfigurationError, ConnectionError

if TYPE_CHECKING:
    from polytape.engines.scan_result import ScanResult

SCANNED_OVER_HTTP = 20
ALL = "all"
READ_STORE = "(a gateway is there; --store DIR reads its store without it)"


@dataclass(frozen=True)
class ScanRequest:
    """What to scan and where: no `symbols` mean all of the store. `store`, `url` and the file of
    `rates` are None where the command does not name them.
    """

    symbols: list[str]
    as_of: str | None
    options: dict[str, Any]
    store: str | None
    url: str | None
    rates: Path | None = None

    def rated(self, results: dict[str, JsonObject]) -> dict[str, JsonObject]:
        """Scans as JSON, with the rates of their levels where a file of them is named.

        Raises: ConfigurationError, ValidationError.
        """
        if self.rates is None:
            return results
        calibrations = rates_file.read(self.rates)
        return {name: rates_file.with_rates(one, calibrations) for name, one in results.items()}


@click.command()
@shared.symbols_argument
@click.option("--universe", help="A file of tickers, one a line; all: every symbol of the store.")
@shared.as_of_option
@shared.format_option
@click.option("--top", type=click.IntRange(min=1), default=8, help="Zones to show of each symbol.")
@click.option(
    "--rates",
    type=click.Path(path_type=Path),
    help="A file of calibrate --save: the hold rates of each level.",
)
@pictures.plot_option
@pictures.dark_option
@click.option("--store", is_eager=True, help="Read this store directly, with no gateway.")
@shared.url_option
def scan(
    symbols: tuple[str, ...],
    universe: str | None,
    as_of: str | None,
    form: str,
    top: int,
    rates: Path | None,
    plot: Path | None,
    dark: bool,
    store: str | None,
    url: str | None,
    **options: object,
) -> None:
    """Zones where levels of several kinds meet, as they could be known at one instant.

    Distances are from the price to the centre of a zone, in dollars and in daily ATRs (+ above the
    price); "inside" where the price lies between its low and high.

    The gateway scans up to 20 symbols; with more, with --store, or where no gateway runs, the store
    is read directly, on all cores. Exit code 1 where a symbol has no scan; the others are printed
    all the same.
    """
    listed = [] if universe == ALL else read_universe(universe)
    request = ScanRequest(
        [*symbols, *listed], as_of, engine_options.given(options), store, url, rates
    )
    if not request.symbols and universe != ALL:
        raise click.BadParameter("name symbols, or a --universe")
    if plot is not None and len(request.symbols) != 1:
        raise click.BadParameter("--plot draws one symbol")
    pictures.check(plot)
    many = universe == ALL or len(request.symbols) > SCANNED_OVER_HTTP
    if plot is not None:
        result = _scan_to_draw(request, form, top)
        # The zones that are printed: more of them would hide the bars.
        pictures.draw(replace(result, zones=result.zones[:top]), plot, dark=dark)
    elif store is not None or many:
        _scan_store(request, form, top)
    else:
        _scan_gateway(request, form, top)


scan.params[2:2] = engine_options.options_of(SCAN.options)


def _scan_gateway(request: ScanRequest, form: str, top: int) -> None:
    """Scan over HTTP, or the store where no gateway answers. A table of each symbol is printed as
    it is there; csv and JSON are whole.
    """
    from polytape.cli import scan_list

    results: dict[str, JsonObject] = {}
    errors: dict[str, str] = {}
    request.rated({})  # so that a wrong file is an error before any scan

    def shown(scan: scan_list.SymbolScan) -> None:
        if scan.result is None:
            errors[scan.symbol] = scan.error
            note(f"{scan.symbol}: {scan.error}")
            return
        one = request.rated({scan.symbol: scan.result})
        results.update(one)
        if form == "table":
            scan_output.show(scan_output.Scans(one, {}), form, top)

    try:
        with connect(request.url) as gateway:
            scan_list.scan_each(gateway, request.symbols, request.as_of, request.options, shown)
    except ConnectionError as error:
        _note_no_gateway(request, error)
        _scan_store(request, form, top)
        return
    if form != "table":
        scan_output.show(scan_output.Scans(results, {}), form, top)
    _fail_for(errors, len(request.symbols))


def _scan_store(request: ScanRequest, form: str, top: int) -> None:
    """Scan the symbols of a store."""
    from polytape.cli import local_scans

    scans = local_scans.of_store(request, drawn=False)
    results = {symbol: scan_output.as_json(result) for symbol, result in scans.results.items()}
    scan_output.show(scan_output.Scans(request.rated(results), scans.errors), form, top)
    _fail_for(scans.errors, len(results) + len(scans.errors))


def _fail_for(errors: Mapping[str, str], symbols: int) -> None:
    """Raises: Exit with code 1 where a symbol has no scan; of several it is said."""
    if errors:
        if symbols > 1:
            has = "has" if len(errors) == 1 else "have"
            note(f"{len(errors)} of {symbols} symbols {has} no scan: exit code 1")
        raise click.exceptions.Exit(1)


def _scan_to_draw(request: ScanRequest, form: str, top: int) -> "ScanResult":
    """A picture needs the bars: the scan is made here, from the gateway's or the store's."""
    from polytape.cli import local_scans

    (symbol,) = request.symbols
    result, errors = None, {}
    if request.store is None:
        try:
            result = local_scans.of_gateway(request)
        except ConnectionError as error:
            _note_no_gateway(request, error)
    if result is None:
        scans = local_scans.of_store(request, drawn=True)
        errors, result = scans.errors, next(iter(scans.results.values()), None)
    if result is not None and request.rates is not None:
        result = result.with_rates(rates_file.read(request.rates))
    scan_output.show(
        scan_output.Scans({} if result is None else {symbol: scan_output.as_json(result)}, errors),
        form,
        top,
    )
    if result is None:
        raise click.exceptions.Exit(1)
    return result


def _note_no_gateway(request: ScanRequest, error: ConnectionError) -> None:
    """Say that the store is read instead.

    Raises: the error, where a gateway was named, or one is there and was too slow or broke off: its
    bars may be other ones than those of the store. ConfigurationError where there is no store.
    """
    from polytape.cli.stores import readable_location

    if request.url is not None:
        raise error
    if error.sent:
        raise ConnectionError(f"{error} {READ_STORE}", url=error.url) from error
    missing = f"no gateway at {error.url.split('/api/')[0]}"
    try:
        location = readable_location(request.store)
    except ConfigurationError as no_store:
        raise ConfigurationError(f"{missing} (polytape serve starts one), and {no_store}") from None
    note(f"{missing}: reading {location}")
