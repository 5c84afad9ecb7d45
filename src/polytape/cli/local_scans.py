"""Scans made in this process: of a store, and those that are to be drawn."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from polytape.cli import pictures
from polytape.cli.clock import this_market
from polytape.cli.did_you_mean import hint
from polytape.cli.output import MADE_UP, note
from polytape.cli.progress import progress
from polytape.cli.stores import readable_location
from polytape.engines.registry import SCAN
from polytape.history.store_reference import StoreReference
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.scan import many
from polytape.store.segments import SegmentStore

if TYPE_CHECKING:
    from polytape.cli.scan import ScanRequest
    from polytape.engines.scan_result import ScanResult


def of_store(request: "ScanRequest", *, drawn: bool) -> many.ScanMany:
    """Scan symbols of a store, or all of them, on all cores. `drawn` keeps what a picture needs.

    Raises: ConfigurationError where there is no store.
    """
    location = readable_location(request.store)
    store = SegmentStore.existing(open_storage(location), this_market())
    stored = store.symbols(Series.MINUTE)
    symbols = request.symbols or stored
    if StoreReference(store).made_up:
        note(MADE_UP)
    store.close()
    with progress("symbols", len(symbols)) as done:
        scans = many.scan_many(
            symbols,
            store=location,
            as_of=request.as_of,
            options=request.options,
            on_symbol=done,
            drawn=drawn,
        )
    return replace(scans, errors=_with_hints(scans.errors, frozenset(stored)))


def _with_hints(errors: dict[str, str], stored: frozenset[str]) -> dict[str, str]:
    """Errors of symbols, of those that are not stored with the stored ones that may be meant."""
    return {
        symbol: why if symbol in stored else why + hint(symbol, stored)
        for symbol, why in errors.items()
    }


def of_gateway(request: "ScanRequest") -> "ScanResult":
    """A scan of the first symbol with the bars that it was made of, from a gateway's.

    Raises: ConnectionError where none answers, DataFetchError where it has no such bars.
    """
    (symbol,) = request.symbols
    result = pictures.run(SCAN, symbol, request.as_of, request.options, request.url)
    return cast("ScanResult", result)
