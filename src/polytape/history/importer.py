"""Bars brought in from files: the vendor's flat files, CSV, Parquet. One file at a time in memory.

Nothing is guessed: a wrong header, a stamp without a zone where none was named, NaN, high below low
and a symbol's second bar with one start are refused, skipped or reported, as asked.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from polytape.errors import DataFetchError, ValidationError
from polytape.model.bars import PRICES, Bars
from polytape.model.market import Market
from polytape.model.market_bars import MarketBars
from polytape.model.newyork import days_of, iso, midnight, number_day
from polytape.model.spans import Span, SpanSet, day_span
from polytape.model.symbols import parse_symbol
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, Bools, Ints
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from polytape.upstream.flatfiles.listing import FOLDERS
from polytape.upstream.flatfiles.parsing import day_of_file, read_file

OnError: TypeAlias = Literal["fail", "skip", "report"]
Format: TypeAlias = Literal["flatfiles", "csv", "parquet"]
ENDINGS = {"flatfiles": ".csv.gz", "csv": ".csv", "parquet": ".parquet"}
NEEDED = ("timestamp", *PRICES, "volume")
# No closure of the exchange since 1990 lasted longer than six days.
LONG_SETTLED_US = 14 * DAY_US
_SPENT: Future[MarketBars] = Future()
KNOWN = ("symbol", *NEEDED, "vwap", "transactions")


@dataclass(frozen=True)
class Mapping:
    """How the columns of foreign files are to be read. `columns`: our name to the file's; `zone`:
    of stamps that carry none; `symbol`: where no column names it.
    """

    series: Series = Series.MINUTE
    columns: dict[str, str] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """One file: bars kept, and what was wrong with the rows that were not."""

    path: Path
    bars: int
    refused: tuple[str, ...]


@dataclass
class Importer:
    """Writes files into a store. `now` in microseconds UTC decides what is final; `market` takes
    a second to come and is asked for only where it decides.
    """

    store: SegmentStore
    market: Callable[[], Market]
    now: Callable[[], int]
    on_error: OnError = "fail"

    def run(self, paths: list[Path], form: Format, mapping: Mapping) -> Iterator[Imported]:
        """Import files, and those in folders below. Each file is kept before the next is read."""
        files = files_of(paths, form)
        if form != "flatfiles":
            yield from (self._table(path, mapping) for path in files)
            return
        named = [(path, *flat_file_of(path)) for path in files]
        # The next file is unpacked while this one is written.
        with ThreadPoolExecutor(1, thread_name_prefix="polytape-import") as reader:
            coming = [reader.submit(read_file, path) for path in files[:2]]
            for number, (path, day, series) in enumerate(named):
                market = coming[number].result()
                coming[number] = _SPENT
                if number + 2 < len(files):
                    coming.append(reader.submit(read_file, files[number + 2]))
                yield self._flat_file(path, day, series, market)

    def _flat_file(self, path: Path, day: date, series: Series, market: MarketBars) -> Imported:
        if series is Series.DAY:
            # The file's name says the day, whatever the stamps in it.
            stamps = np.full(len(market), midnight(day), np.int64)
            columns = market.bars.columns() | {"timestamp": stamps}
            market = MarketBars(Bars(**columns), market.places)
        span = day_span(day)
        outside = (market.bars.timestamp < span.start) | (market.bars.timestamp >= span.end)
        sound, refused = self._sound(path, market, {f"is not of {day}": outside})
        self._keep(series, sound, [self._cover(None, span)])
        return Imported(path, len(sound), refused)

    def _table(self, path: Path, mapping: Mapping) -> Imported:
        market, doubled = _read_table(path, mapping)
        sound, refused = self._sound(path, market, {"has a start that came before": doubled})
        covers = [
            self._cover(symbol, span)
            for symbol, place in sound.places.items()
            for span in _days_of(sound.bars.timestamp[place])
        ]
        self._keep(mapping.series, sound, covers)
        return Imported(path, len(sound), refused)

    def _sound(
        self, path: Path, market: MarketBars, more: dict[str, Bools]
    ) -> tuple[MarketBars, tuple[str, ...]]:
        """The rows that are bars. Raises DataFetchError for the first other one on `fail`."""
        if _all_sound(market.bars) and not any(mask.any() for mask in more.values()):
            return market, ()
        wrong = _wrong(market.bars) | more
        bad = np.zeros(len(market), np.bool_)
        for mask in wrong.values():
            bad |= mask
        told = tuple(_rows(market, wrong))
        if self.on_error == "fail":
            raise DataFetchError(f"{path}: {told[0]} ({int(bad.sum())} such rows; --on-error skip)")
        parts = {s: market.bars.take(p).take(~bad[p]) for s, p in market.places.items()}
        return MarketBars.of(parts), told

    def _cover(self, symbol: str | None, span: Span) -> Coverage:
        asked = self.now()
        settled = asked - span.end > LONG_SETTLED_US or (
            span.end <= self.market().final_before(asked)
        )
        return Coverage(symbol, span, asked, settled)

    def _keep(self, series: Series, market: MarketBars, covers: list[Coverage]) -> None:
        self.store.write(series, market, covers)


def files_of(paths: list[Path], form: Format) -> list[Path]:
    """The files named and those below the folders named, in order of their names.

    Raises ValidationError for a path that is not there or holds nothing of the kind.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob(f"*{ENDINGS[form]}"), key=lambda p: p.name)
            if not inside:
                raise ValidationError("PATHS", str(path), f"a folder with *{ENDINGS[form]} files")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise ValidationError("PATHS", str(path), "a file or a folder that is there")
    return found


def flat_file_of(path: Path) -> tuple[date, Series]:
    """The day and series of a flat file, from its name and folder. Raises ValidationError."""
    day = day_of_file(path.name)
    for series, folder in FOLDERS.items():
        if day is not None and folder in path.parts:
            return day, series
    allowed = f".../{'|'.join(FOLDERS.values())}/YYYY/MM/YYYY-MM-DD.csv.gz"
    raise ValidationError("PATHS", str(path), allowed)


def _read_table(path: Path, mapping: Mapping) -> tuple[MarketBars, Bools]:
    """A CSV or Parquet file as bars, and which of them repeat a start (the first one stays)."""
    import pandas as pd

    try:
        parquet = path.suffix == ".parquet"
        frame = (
            pd.read_parquet(path)
            if parquet
            else pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=str)
        )
    except (OSError, ValueError) as error:
        raise DataFetchError(f"{path} cannot be read: {error}") from error
    names = {ours: mapping.columns.get(ours, ours) for ours in KNOWN}
    needed = [*NEEDED] if mapping.symbol else ["symbol", *NEEDED]
    if missing := [names[n] for n in needed if names[n] not in frame.columns]:
        raise DataFetchError(f"{path} has no column {', '.join(missing)} (--column OURS=THEIRS)")
    symbols = (
        [parse_symbol(mapping.symbol)] * len(frame)
        if mapping.symbol
        else [parse_symbol(s) for s in frame[names["symbol"]]]
    )
    stamps = _stamps(path, frame[names["timestamp"]], mapping.zone)
    # What is no number becomes NaN here, and a row that is refused.
    columns: dict[str, Any] = {
        n: pd.to_numeric(frame[names[n]], errors="coerce").to_numpy(np.float64)
        for n in (*PRICES, "volume")
    }
    for n in ("vwap", "transactions"):
        columns[n] = _numbers(path, frame, names[n]) if names[n] in frame.columns else None
    if mapping.series is Series.DAY:
        stamps = np.array([midnight(number_day(int(d))) for d in days_of(stamps)], np.int64)
    listed, codes = np.unique(np.array(symbols, object), return_inverse=True)
    return _ordered([str(s) for s in listed], codes.astype(np.int64), Bars.of(stamps, **columns))


def _ordered(symbols: list[str], codes: Ints, bars: Bars) -> tuple[MarketBars, Bools]:
    order = np.lexsort((bars.timestamp, codes))
    codes, bars = codes[order], bars.take(order)
    doubled = np.append([False], (np.diff(codes) == 0) & (np.diff(bars.timestamp) == 0))
    edges = np.searchsorted(codes, np.arange(len(symbols) + 1))
    places = {s: slice(int(edges[n]), int(edges[n + 1])) for n, s in enumerate(symbols)}
    return MarketBars(bars, places), doubled[: len(bars)]


def _stamps(path: Path, column: Any, zone: ZoneInfo | None) -> Ints:
    """Instants of a column: aware stamps, or naive ones of a named zone, never both."""
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").to_numpy("datetime64[us]").astype(np.int64)  # type: ignore[no-any-return]
    texts = column.astype(str).str.strip()
    zoned = texts.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", case=False, regex=True)
    if zoned.any() and not zoned.all():
        raise DataFetchError(f"{path}: some stamps carry a zone and some do not")
    if not zoned.all() and zone is None and len(texts):
        raise DataFetchError(f"{path}: stamps carry no zone: name it with --zone America/New_York")
    try:
        if zoned.all():
            moments = pd.DatetimeIndex(pd.to_datetime(texts, utc=True, format="ISO8601"))
        else:
            naive = pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601"))
            moments = naive.tz_localize(zone, ambiguous="raise", nonexistent="raise")
    except ValueError as error:
        raise DataFetchError(f"{path}: a stamp cannot be read: {error}") from error
    stamps: Ints = moments.tz_convert("UTC").tz_localize(None).to_numpy("M8[us]").astype(np.int64)
    return stamps


def _numbers(path: Path, frame: Any, name: str) -> Any:
    import pandas as pd

    try:
        return pd.to_numeric(frame[name]).to_numpy(np.float64)
    except (ValueError, TypeError) as error:
        raise DataFetchError(f"{path}, column {name}: {error}") from error


def _all_sound(bars: Bars) -> bool:
    """Whether `_wrong` would find nothing, at a tenth of its cost. NaN fails every comparison."""
    prices = all(
        bool((column > 0).all() and (column < np.inf).all())
        for column in (getattr(bars, name) for name in PRICES)
    )
    volume = bool((bars.volume >= 0).all() and (bars.volume < np.inf).all())
    return prices and volume and bool((bars.high >= bars.low).all())


def _wrong(bars: Bars) -> dict[str, Bools]:
    prices = np.vstack([getattr(bars, name) for name in PRICES])
    return {
        "has a price that is no number": ~np.isfinite(prices).all(axis=0),
        "has a volume that is no number or negative": ~(bars.volume >= 0)
        | ~np.isfinite(bars.volume),
        "has a price not above 0": (prices <= 0).any(axis=0),
        "has its high below its low": bars.high < bars.low,
    }


def _rows(market: MarketBars, wrong: dict[str, Bools]) -> Iterator[str]:
    starts = list(market.places.items())
    for what, mask in wrong.items():
        for at in np.flatnonzero(mask):
            symbol = next(s for s, place in starts if place.start <= at < place.stop)
            yield f"{symbol} {iso(int(market.bars.timestamp[at]))} {what}"


def _days_of(stamps: Ints) -> SpanSet:
    """A day that has a bar is taken to be whole."""
    return SpanSet.of(day_span(number_day(int(day))) for day in np.unique(days_of(stamps)))
