"""Scans made in this process: of a store, and those that are to be drawn."""

from typing import TYPE_CHECKING, cast

from polytape.cli import pictures
from polytape.cli.clock import this_market
from polytape.cli.output import MADE_UP, note
from polytape.cli.progress import progress
from polytape.cli.stores import location_of
from polytape.engines.registry import SCAN
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
    location = location_of(request.store)
    store = SegmentStore.existing(open_storage(location), this_market())
    symbols = request.symbols or store.symbols(Series.MINUTE)
    if store.source.startswith("synthetic"):
        note(MADE_UP)
    store.close()
    with progress("symbols", len(symbols)) as done:
        return many.scan_many(
            symbols,
            store=location,
            as_of=request.as_of,
            options=request.options,
            on_symbol=done,
            drawn=drawn,
        )


def of_gateway(request: "ScanRequest") -> "ScanResult":
    """A scan of the first symbol with the bars that it was made of, from a gateway's.

    Raises: ConnectionError where none answers, DataFetchError where it has no such bars.
    """
    (symbol,) = request.symbols
    result = pictures.run(SCAN, symbol, request.as_of, request.options, request.url)
    return cast("ScanResult", result)
