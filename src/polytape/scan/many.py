"""`scan_many`: the scanner on many symbols, from a store, by a pool of processes or by Dask.

The same function runs either way, on so many symbols at a time. A symbol that fails has its error
in the result, and the others go on. Each process opens the store once; nothing is fetched from the
vendor.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

import msgspec

from polytape.engines.flow import run_with
from polytape.engines.options import ScanOptions
from polytape.engines.presets import with_preset
from polytape.engines.rates import Calibration, parse_rates
from polytape.engines.registry import SCAN
from polytape.engines.result import on_basis
from polytape.engines.scan_result import ScanResult, hold_rates
from polytape.engines.validation import is_number
from polytape.errors import (
    ConfigurationError,
    NotFoundError,
    PolygonClientError,
    ValidationError,
)
from polytape.extras import install_command
from polytape.history.stored_bars import StoredBars
from polytape.model.basis import MADE_UP, Basis, union
from polytape.model.counts import counted
from polytape.model.date_words import read_past
from polytape.model.market import Market, xnys
from polytape.model.symbols import parse_symbol
from polytape.model.timestamps import to_us
from polytape.model.zone_warning import warn_of_dates, warn_without_zone
from polytape.net.storage import open_storage
from polytape.settings import long_day_from
from polytape.store.segments import SegmentStore

if TYPE_CHECKING:
    import pandas as pd

Engine: TypeAlias = Literal["processes", "dask"]
Outcome: TypeAlias = ScanResult | PolygonClientError
# Few, so that no worker has much left when the others are done.
SYMBOLS_AT_A_TIME = 8


class DaskClient(Protocol):
    """A `dask.distributed.Client`."""

    def map(self, function: Callable[..., object], *tasks: Iterable[object], pure: bool) -> Any:
        """Run a function on each task of a cluster; the futures."""
        ...

    def close(self) -> object:
        """Leave the cluster."""
        ...


@dataclass(frozen=True, repr=False)
class ScanMany:
    """Results by symbol, and the errors of the symbols that have none."""

    results: dict[str, ScanResult]
    errors: dict[str, str]

    def to_frame(self) -> "pd.DataFrame":
        """A row for each zone of every symbol, the highest score first."""
        import pandas as pd

        frame = pd.DataFrame(
            [row for result in self.results.values() for row in result.frame_rows()]
        )
        if not frame.empty:
            frame = frame.sort_values("score", ascending=False, kind="stable", ignore_index=True)
        return on_basis(frame, self.basis)

    @property
    def basis(self) -> Basis | None:
        """What the bars of all results stand on, without the single series; None without results.
        That of each symbol is in its result.
        """
        bases = [replace(one.basis, inputs=()) for one in self.results.values() if one.basis]
        return union(bases)

    def __repr__(self) -> str:
        incomplete = [symbol for symbol, one in self.results.items() if one.basis_line()]
        lines = [f"ScanMany of {counted(len(self.results), 'symbol')}, errors={self.errors!r}"]
        if self.basis is not None and self.basis.made_up:
            lines.append(f"  {MADE_UP}")
        elif incomplete:
            lines.append(f"  {len(incomplete)} of them on incomplete bars: see `basis` of each")
        return "\n".join(lines)


def scan_many(
    symbols: Iterable[str],
    *,
    store: str | os.PathLike[str],
    as_of: object = None,
    engine: Engine = "processes",
    client: DaskClient | None = None,
    workers: int | None = None,
    on_symbol: Callable[[str], None] = lambda _: None,
    options: ScanOptions | Mapping[str, object] | None = None,
    rates: Iterable[Calibration] = (),
    drawn: bool = False,
) -> ScanMany:
    """Scan symbols as of an instant (UTC where it has no zone; "10:30" is today's in New York; a
    date, or a word such as "yesterday", is where that day begins there, of which a DateWarning is
    given; now by default, not in the future) from the bars of a store: a path, or
    s3://BUCKET/PREFIX.
    `on_symbol` gets each symbol that is done; `options` go to the scanner
    (`ScanOptions(nearest=6)`, or a mapping of the same names), `rates` (calibrations) give zones
    the rate of their level. With `drawn` results include what `plot` draws, which costs more to
    send than to make.

    `engine="dask"` runs on a cluster: that of a given `dask.distributed` client, else a local one.
    Every worker must reach the store.

    Raises: ValidationError, ConfigurationError.
    """
    wanted = _parse_symbols(symbols)
    chosen, calibrations = _parse_options(options or {}), parse_rates(rates)
    for symbol in wanted:
        hold_rates(calibrations, symbol, chosen.levels)  # wrong ones are an error before any scan
    warn_without_zone(as_of=as_of)
    now = to_us(datetime.now(UTC))
    moment = now if as_of is None else read_past(as_of, "as_of", _market(), now)
    warn_of_dates(as_of=as_of)
    _check(workers, engine)
    place = _parse_store(store)
    _open(place)  # so that a wrong place is an error before any process starts
    tasks = [ScanTask(part, place, moment, chosen, drawn) for part in _parts(wanted)]
    on_dask = engine == "dask" or client is not None
    outcomes: dict[str, Outcome] = {}
    for part in _on_dask(tasks, client) if on_dask else _in_processes(tasks, workers):
        outcomes |= part
        for symbol in part:
            on_symbol(symbol)
    return _by_outcome(wanted, outcomes, calibrations)


@dataclass(frozen=True)
class ScanTask:
    """Some symbols to scan: what a worker gets. `as_of`: microseconds UTC."""

    symbols: tuple[str, ...]
    store: str
    as_of: int
    options: ScanOptions
    drawn: bool

    def run(self) -> dict[str, Outcome]:
        """The scans, or the errors in their place."""
        store, market = _open(self.store), _market()
        return {symbol: self._scan(symbol, store, market) for symbol in self.symbols}

    def _scan(self, symbol: str, store: SegmentStore, market: Market) -> Outcome:
        bars = StoredBars(store, symbol, market, to_us(datetime.now(UTC)))
        try:
            flow = SCAN.run(symbol, self.as_of, market, self.options)
            result = cast("ScanResult", run_with(flow, bars.answer))
        except PolygonClientError as error:
            return error
        if result.price is None and not bars.exist():
            return NotFoundError(f"the store has no symbol {symbol}")
        result = result.standing_on(bars.basis())
        return result if self.drawn else replace(result, bars=None, profile=None, swings=())


def _check(workers: int | None, engine: str) -> None:
    if workers is not None and not (is_number(workers, whole=True) and workers >= 1):
        raise ValidationError("workers", workers, "a whole number, 1 or more")
    if engine not in ("processes", "dask"):
        raise ValidationError("engine", engine, "one of processes, dask")


def _parse_store(store: object) -> str:
    """The place of a store, from a path or a URL. Raises: ValidationError."""
    place = os.fspath(store) if isinstance(store, str | os.PathLike) else None
    if not isinstance(place, str) or place in ("", "memory"):
        raise ValidationError("store", store, "a path or s3://BUCKET/PREFIX of a store on disk")
    return place


def _parse_symbols(symbols: Iterable[str]) -> list[str]:
    """Each symbol once. Raises: ValidationError."""
    if isinstance(symbols, str):
        raise ValidationError("symbols", symbols, "several symbols, such as a list of them")
    return list(dict.fromkeys(parse_symbol(symbol, "symbols") for symbol in symbols))


def _parse_options(given: ScanOptions | Mapping[str, object]) -> ScanOptions:
    """Options that a caller wrote, checked: they go to other processes. Raises: ValidationError."""
    if isinstance(given, ScanOptions):
        usual = ScanOptions()
        names = (field.name for field in msgspec.structs.fields(ScanOptions))
        chosen = {name: getattr(given, name) for name in names}
        given = {name: one for name, one in chosen.items() if one != getattr(usual, name)}
    try:
        plain = msgspec.to_builtins(dict(given), enc_hook=_plain)
        return with_preset(msgspec.convert(plain, ScanOptions), given)
    except (msgspec.ValidationError, NotImplementedError) as error:
        raise ValidationError("options", dict(given), str(error)) from error


def _plain(value: object) -> object:
    """Numbers and arrays of NumPy as Python's own."""
    if hasattr(value, "tolist"):
        plain: object = value.tolist()
        return plain
    raise NotImplementedError(f"{type(value).__name__} is no option")


def _parts(symbols: list[str]) -> Iterator[tuple[str, ...]]:
    """In the order of the store: symbols that lie together are read together."""
    ordered = sorted(symbols)
    for at in range(0, len(ordered), SYMBOLS_AT_A_TIME):
        yield tuple(ordered[at : at + SYMBOLS_AT_A_TIME])


@lru_cache(maxsize=4)
def _open(location: str) -> SegmentStore:
    """One open store for each place and process."""
    return SegmentStore.existing(open_storage(location), _market())


def _market() -> Market:
    """New York's, with the hours that the settings of this process name."""
    return xnys(long_day_from=long_day_from())


def _in_processes(tasks: list[ScanTask], workers: int | None) -> Iterator[dict[str, Outcome]]:
    """Workers are forked from a server process that has loaded what they need and no more."""
    kind = "forkserver" if os.name == "posix" else "spawn"
    context = multiprocessing.get_context(kind)
    if kind == "forkserver":
        context.set_forkserver_preload(["polytape.scan.many"])
    count = workers or min(os.cpu_count() or 1, max(1, len(tasks)))
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        futures = [pool.submit(task.run) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def _on_dask(tasks: list[ScanTask], client: DaskClient | None) -> Iterator[dict[str, Outcome]]:
    try:
        distributed = import_module("dask.distributed")
    except ImportError as error:
        raise ConfigurationError(f"engine='dask' needs {install_command('dask')}") from error
    cluster: DaskClient = (
        distributed.Client(processes=True, dashboard_address=None) if client is None else client
    )
    try:
        running = cluster.map(ScanTask.run, tasks, pure=False)
        for _, outcomes in distributed.as_completed(running, with_results=True):
            yield outcomes
    finally:
        if client is None:
            cluster.close()


def _by_outcome(
    symbols: list[str], outcomes: dict[str, Outcome], rates: tuple[Calibration, ...]
) -> ScanMany:
    results: dict[str, ScanResult] = {}
    errors: dict[str, str] = {}
    for symbol in symbols:
        outcome = outcomes[symbol]
        if isinstance(outcome, ScanResult):
            results[symbol] = outcome.with_rates(rates) if rates else outcome
        else:
            errors[symbol] = str(outcome)
    return ScanMany(results, errors)
