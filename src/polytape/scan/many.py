"""`scan_many`: the scanner on many symbols, from a store, by a pool of processes or by Dask.

The same function runs either way, on so many symbols at a time. A symbol that fails keeps its error
and the others go on. Each process opens the store once; nothing is asked of the vendor.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from polytape.engines.options import ScanOptions, given
from polytape.engines.result import run_with
from polytape.engines.scanner import ScanResult, scan_run
from polytape.errors import (
    ConfigurationError,
    NotFoundError,
    PolygonClientError,
    ValidationError,
)
from polytape.history.days_from_minutes import days_of_minutes, from_minutes
from polytape.history.plan import missing_of
from polytape.history.splits import held_splits
from polytape.model.bars import Bars
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.newyork import date_of, to_us
from polytape.model.query import BarsQuery
from polytape.model.spans import Span, SpanSet
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore

if TYPE_CHECKING:
    import pandas as pd

Engine: TypeAlias = Literal["processes", "dask"]
SYMBOLS_AT_A_TIME = 16


@dataclass(frozen=True)
class ScanMany:
    """Results by symbol, and the errors of the symbols that have none."""

    results: dict[str, ScanResult] = field(repr=False)
    errors: dict[str, str]

    def to_frame(self) -> "pd.DataFrame":
        """A row for each zone of every symbol, the highest score first."""
        import pandas as pd

        frame = pd.DataFrame([row for found in self.results.values() for row in found.rows()])
        if frame.empty:
            return frame
        return frame.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def scan_many(
    symbols: Iterable[str],
    *,
    store: str,
    as_of: object = None,
    engine: Engine = "processes",
    client: Any = None,
    workers: int | None = None,
    told: Callable[[str], None] = lambda _: None,
    options: Mapping[str, Any] | None = None,
    drawn: bool = False,
) -> ScanMany:
    """Scan symbols as of an instant (now by default) from the bars of a store: a path, or
    s3://BUCKET/PREFIX. `told` is called with each symbol done; `options` go to the scanner. With
    `drawn` results keep what `plot` draws, which costs more to send than to make.

    `engine="dask"` runs on a cluster: that of a given `dask.distributed` client, else a local one.
    Every worker must reach the store. Raises ValidationError, ConfigurationError.
    """
    if isinstance(symbols, str):
        raise ValidationError("symbols", symbols, "several symbols, such as a list of them")
    if workers is not None and workers < 1:
        raise ValidationError("workers", workers, "1 or more")
    asked = given(ScanOptions, options or {})
    named = list(dict.fromkeys(parse_symbol(symbol, "symbols") for symbol in symbols))
    moment = to_us(datetime.now(UTC)) if as_of is None else parse_instant(as_of, "as_of")
    if engine not in ("processes", "dask"):
        raise ValidationError("engine", engine, "one of processes, dask")
    if store == "memory":
        raise ValidationError("store", store, "a store that other processes reach")
    _store(store)  # a wrong place is told at once
    step = SYMBOLS_AT_A_TIME
    # In the order of the store: symbols that lie together are read together.
    ordered = sorted(named)
    tasks = [tuple(ordered[at : at + step]) for at in range(0, len(ordered), step)]
    how = asked | {"drawn": drawn}
    if engine == "dask" or client is not None:
        done = _on_dask(tasks, store, moment, how, client)
    else:
        done = _in_processes(tasks, store, moment, how, workers)
    found: dict[str, ScanResult | PolygonClientError] = {}
    for outcomes in done:
        found |= outcomes
        for symbol in outcomes:
            told(symbol)
    return _sorted_out(named, found)


def scan_part(
    symbols: Sequence[str], store: str, as_of: int, options: Mapping[str, Any]
) -> dict[str, ScanResult | PolygonClientError]:
    """The scans of some symbols: what a worker does."""
    return {symbol: _scanned(symbol, store, as_of, options) for symbol in symbols}


def _scanned(
    symbol: str, location: str, as_of: int, options: Mapping[str, Any]
) -> ScanResult | PolygonClientError:
    store, reference = _store(location)
    today = date_of(to_us(datetime.now(UTC)))

    splits = held_splits(store, reference, symbol)
    notes = list(splits.notes)
    missing: dict[Series, list[Span]] = {}

    def answer(query: BarsQuery) -> Bars:
        series = query.timeframe.series
        known = SpanSet.of(p.span for p in store.coverage(symbol, series, query.series_span))
        if query.series_span not in known:
            missing.setdefault(series, []).extend(missing_of(query.series_span, known, xnys()))
        base = store.read(query.symbol, series, query.series_span)
        if series is Series.DAY:
            made = days_of_minutes(store, symbol, query.series_span, base, market=xnys())
            base = Bars.concat([base, made]).tidy() if len(made) else base
            notes.extend(from_minutes(made))
        return query.answer(base, splits.used or (), market=xnys(), today=today)

    asked = {name: value for name, value in options.items() if name != "drawn"}
    try:
        found = run_with(scan_run(symbol, as_of, market=xnys(), **asked), answer)
    except PolygonClientError as error:
        return error
    if found.price is None and not any(store.coverage(symbol, series) for series in Series):
        return NotFoundError(f"the store has no symbol {symbol}")
    for note in dict.fromkeys(notes):
        found = found.noting(note)
    for series, gaps in missing.items():
        if gaps:
            days = f"{date_of(gaps[0].start)} to {date_of(gaps[-1].end - 1)}"
            found = found.noting(f"{series.value} bars are not held in full: {days}")
    return found if options.get("drawn") else replace(found, bars=None, profile=None, swings=())


@lru_cache(maxsize=4)
def _store(location: str) -> tuple[SegmentStore, Reference]:
    """One open store for each place and process."""
    place = open_storage(location)
    return SegmentStore.existing(place), Reference(place)


def _in_processes(
    tasks: list[tuple[str, ...]], store: str, as_of: int, options: dict[str, Any],
    workers: int | None,
) -> Iterator[dict[str, ScanResult | PolygonClientError]]:  # fmt: skip
    """Workers are forked from a server process that has loaded what they need and no more."""
    kind = "forkserver" if os.name == "posix" else "spawn"
    context = multiprocessing.get_context(kind)
    if kind == "forkserver":
        context.set_forkserver_preload(["polytape.scan.many"])
    count = workers or min(os.cpu_count() or 1, max(1, len(tasks)))
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        futures = [pool.submit(scan_part, task, store, as_of, options) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def _on_dask(
    tasks: list[tuple[str, ...]], store: str, as_of: int, options: dict[str, Any], client: Any
) -> Iterator[dict[str, ScanResult | PolygonClientError]]:
    try:
        distributed: Any = import_module("dask.distributed")
    except ImportError as error:
        raise ConfigurationError("engine='dask' needs pip install 'polytape[dask]'") from error
    own = None if client is not None else distributed.Client(processes=True, dashboard_address=None)
    cluster = client if own is None else own
    try:
        running = cluster.map(
            scan_part, tasks, store=store, as_of=as_of, options=options, pure=False
        )
        for _, outcomes in distributed.as_completed(running, with_results=True):
            yield outcomes
    finally:
        if own is not None:
            own.close()


def _sorted_out(
    symbols: list[str], found: dict[str, ScanResult | PolygonClientError]
) -> ScanMany:  # fmt: skip
    results: dict[str, ScanResult] = {}
    errors: dict[str, str] = {}
    for symbol in symbols:
        outcome = found[symbol]
        if isinstance(outcome, ScanResult):
            results[symbol] = outcome
        else:
            errors[symbol] = str(outcome)
    return ScanMany(results, errors)
