"""A made-up market, for use without a key. No price in it is real.

Every number is a hash of (seed, symbol, day, minute), so any range in any order gives the same
bars, and nothing is kept but each symbol's daily path. Sessions and early closes are real.

A day is: a gap from the last close, a pre-market walk that ends at the open, a regular-hours walk
bridged to end at the close, the closing auction as the open of the 16:00 minute, a post-market
walk. The daily bar follows from it as the vendor's does: open, high and low of regular hours, the
auction as close, more volume than the minutes have.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from polytape.errors import NotFoundError
from polytape.model.bars import Bars
from polytape.model.market import PRE_MARKET_US, Market
from polytape.model.newyork import day_number, number_day
from polytape.model.resample import days_from_minutes
from polytape.model.securities import SymbolInfo, matches, rank
from polytape.model.spans import Span
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.model.units import DAY_US, MINUTE_US, Bools, Floats, Ints
from polytape.upstream.source import Local, SourceBars
from polytape.upstream.synthetic.listing import FAMOUS, listing

FIRST_DAY = date(2003, 9, 10)
PRE, REGULAR, POST = 330, 390, 240
CELLS = PRE + REGULAR + POST
DAYS_AT_ONCE = 300
DAILY_OVER_MINUTES = 1.2
SPLIT_ABOVE, REVERSE_BELOW = 600.0, 0.8
FORWARD_RATIOS = (2.0, 3.0, 4.0, 5.0, 7.0, 10.0)
REVERSE_RATIO = 0.1

Hashes = npt.NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Character:
    """What kind of stock a symbol is: hash, first price, daily volatility, how much it trades."""

    key: np.uint64
    first_price: float
    daily_vol: float
    shares_a_day: float

    @property
    def regular_presence(self) -> float:
        """The share of regular minutes that have a bar."""
        return min(1.0, self.shares_a_day / 400_000)

    @property
    def extended_presence(self) -> float:
        """The share of extended-hours minutes that have a bar."""
        return min(0.9, 0.02 + self.shares_a_day / 30_000_000)


@dataclass(frozen=True, eq=False)
class Path:
    """One symbol's days: log of the close before splits, and shares that one first share became."""

    close: Floats
    shares: Floats
    splits: tuple[Split, ...]


@dataclass
class Synthetic(Local):
    """The source of `--source synthetic`. `now`, microseconds UTC: no bar is from the future."""

    market: Market
    now: Callable[[], int]
    seed: int = 0
    name: str = "synthetic"
    made_up: bool = True
    _path: Callable[[str], Path] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        begin = int(np.searchsorted(self.market.days, day_number(FIRST_DAY)))
        self._days, self._opens = self.market.days[begin:], self.market.opens[begin:]
        self._closes = self.market.closes[begin:]
        self._path = lru_cache(maxsize=512)(self._walk_days)

    def bars(
        self,
        symbol: str,
        series: Series,
        span: Span,
        *,
        background: bool = False,  # noqa: ARG002
    ) -> SourceBars:
        self._known(symbol)
        span = Span(span.start, max(span.start, min(span.end, self.now())))
        parts = self._chunks(symbol, span, series)
        return SourceBars(Bars.concat(parts).within(span))

    def last_bar(self, symbol: str) -> Bars:
        now = self.now()
        return self.bars(symbol, Series.MINUTE, Span(now - 10 * DAY_US, now)).bars.last(1)

    def splits(self, symbol: str) -> tuple[Split, ...] | None:
        self._known(symbol)
        return self._path(symbol).splits

    def find(self, symbol: str) -> SymbolInfo | None:
        return listing().get(symbol)

    def search(self, query: str, *, active_only: bool) -> list[SymbolInfo]:
        infos = listing().values()
        return rank([i for i in infos if matches(i, query, active_only=active_only)], query)

    def _known(self, symbol: str) -> None:
        if symbol not in listing():
            raise NotFoundError(f"the made-up market has no symbol {symbol}")

    def _chunks(self, symbol: str, span: Span, series: Series) -> Iterator[Bars]:
        """A bounded number of days at a time: 20 years of minutes do not fit a small machine."""
        lo = int(np.searchsorted(self._days * DAY_US, span.start - 2 * DAY_US))
        hi = int(np.searchsorted(self._days * DAY_US, span.end + DAY_US))
        for at in range(lo, hi, DAYS_AT_ONCE):
            days = np.arange(at, min(at + DAYS_AT_ONCE, hi))
            if series is Series.DAY:
                yield self._daily(symbol, days)
            else:
                yield self._minutes(symbol, days)

    def _walk_days(self, symbol: str) -> Path:
        traits = character(symbol, self.seed)
        noise = _normal(_hash(traits.key, self._days.view(np.uint64)))
        tail = _normal(_hash(traits.key + np.uint64(7), self._days.view(np.uint64)))
        steps = traits.daily_vol * (noise + 0.25 * tail**3) + 0.0002
        close = np.log(traits.first_price) + np.cumsum(steps)
        shares, splits = self._split_up(symbol, close, traits.key)
        return Path(close, shares, splits)

    def _split_up(
        self, symbol: str, close: Floats, key: np.uint64
    ) -> tuple[Floats, tuple[Split, ...]]:
        """A share that closed too dear is split before the next day, one too cheap is merged."""
        shares, at = np.ones(len(close)), 0
        splits: list[Split] = []
        price = np.exp(close)
        while True:
            traded = price[at:] / shares[at:]
            extreme = np.flatnonzero((traded > SPLIT_ABOVE) | (traded < REVERSE_BELOW))
            if not len(extreme) or at + extreme[0] + 1 >= len(close):
                return shares, tuple(splits)
            dear = traded[extreme[0]] > SPLIT_ABOVE
            at += int(extreme[0]) + 1
            pick = int(_hash(key, np.array([at], np.uint64))[0] % np.uint64(len(FORWARD_RATIOS)))
            ratio = FORWARD_RATIOS[pick] if dear else REVERSE_RATIO
            shares[at:] *= ratio
            new, old = (ratio, 1.0) if dear else (1.0, round(1 / ratio, 6))
            splits.append(Split(number_day(int(self._days[at])), symbol, old, new))

    def _minutes(self, symbol: str, days: Ints) -> Bars:
        traits, path = character(symbol, self.seed), self._path(symbol)
        numbers = self._days[days].view(np.uint64)
        keys = _hash(traits.key + np.uint64(1), numbers)[:, None]
        cells = np.arange(CELLS)
        bells = PRE + ((self._closes[days] - self._opens[days]) // MINUTE_US)[:, None]
        steps = _normal(_hash(keys, cells.astype(np.uint64)))
        before, close = path.close[np.maximum(days - 1, 0)][:, None], path.close[days][:, None]
        gap = _normal(_hash(traits.key + np.uint64(3), numbers))[:, None]
        first = before + 0.4 * traits.daily_vol * gap
        edges = _walk(before, first, close, bells, 0.8 * traits.daily_vol * steps)
        lanes = _lanes(_hash(keys + np.uint64(2), cells.astype(np.uint64)))
        stamps = (self._opens[days] - PRE_MARKET_US)[:, None] + cells * MINUTE_US
        here = _present(traits, lanes[..., 0], cells, bells) & (stamps + MINUTE_US <= self.now())
        shares = np.broadcast_to(path.shares[days][:, None], here.shape)[here]
        usual = _usual_volume(cells, bells)[here] * traits.shares_a_day
        return _bars(
            stamps[here],
            edges[:, :-1][here],
            edges[:, 1:][here],
            shares,
            usual,
            lanes[here],
            traits,
        )

    def _daily(self, symbol: str, days: Ints) -> Bars:
        made = days_from_minutes(self._minutes(symbol, days), self.market)
        return replace(made, volume=np.round(made.volume * DAILY_OVER_MINUTES))


@lru_cache(maxsize=16_384)
def character(symbol: str, seed: int) -> Character:
    """The traits of a symbol, from its hash."""
    digest = blake2b(f"{seed}/{symbol}".encode(), digest_size=8).digest()
    key = np.uint64(int.from_bytes(digest, "little"))
    price, vol, trade = (float(x) for x in _lanes(_hash(key, np.arange(1, dtype=np.uint64)))[0, :3])
    famous = symbol in FAMOUS
    return Character(
        key=key,
        first_price=(30.0 if famous else 8.0) * 12.0**price,
        daily_vol=(0.010 if famous else 0.014) + 0.012 * vol,
        shares_a_day=(8e6 if famous else 2e4) * 60.0**trade,
    )


def _walk(before: Floats, first: Floats, close: Floats, bells: Ints, steps: Floats) -> Floats:
    """Log prices at the edges of the minutes, one more column than there are minutes.

    Before the open a bridge from the last close to the open, in regular hours one to the close,
    after it a free walk; extended hours move less.
    """
    minute = steps / np.sqrt(REGULAR)
    pre = np.cumsum(0.3 * minute[:, :PRE], axis=1)
    share = np.arange(1, PRE + 1) / PRE
    pre = before + pre + share * (first - before - pre[:, -1:])
    day = np.cumsum(minute[:, PRE:], axis=1)
    at_bell = np.take_along_axis(day, bells - PRE - 1, axis=1)
    place = np.arange(1, REGULAR + POST + 1)
    regular = first + day + place / (bells - PRE) * (close - first - at_bell)
    post = close + 0.3 * (day - at_bell)
    return np.concatenate([before, pre, np.where(place <= bells - PRE, regular, post)], axis=1)


def _present(traits: Character, lane: Floats, cells: Ints, bells: Ints) -> Bools:
    """Which minutes have a bar; the opening minute and the closing auction always do."""
    regular = (cells >= PRE) & (cells < bells)
    chance = np.where(regular, traits.regular_presence, traits.extended_presence)
    certain = (cells == PRE) | (cells == bells)
    here: Bools = ((lane < chance) | certain) & (cells < bells + POST)
    return here


def _usual_volume(cells: Ints, bells: Ints) -> Floats:
    """Each minute's usual part of the day: U-shaped, thin outside, 6 % in the closing auction."""
    place = (cells - PRE) / (bells - PRE)
    regular = (0.4 + 2.4 * (2 * place - 1) ** 2) / (1.2 * REGULAR)
    thin = np.where((place >= 0) & (place < 1), regular, 0.02 / (PRE + POST))
    return np.where(cells == bells, 0.06, thin)


def _bars(
    stamps: Ints,
    start: Floats,
    end: Floats,
    shares: Floats,
    usual: Floats,
    lanes: Floats,
    traits: Character,
) -> Bars:
    """Bars of the minutes that are there, as traded: cents, hundredths of them below a dollar."""
    wick = traits.daily_vol / np.sqrt(REGULAR)
    opening = np.exp(start) / shares
    # Trades bounce between bid and ask, so a minute rarely opens where the last one closed.
    closing = np.exp(end + 0.2 * wick * (lanes[:, 1] - 0.5)) / shares
    high = np.maximum(opening, closing) * (1 + wick * lanes[:, 1])
    low = np.minimum(opening, closing) * (1 - wick * lanes[:, 2])
    opening, high, low, closing = (_tick(price) for price in (opening, high, low, closing))
    volume = np.maximum(1.0, np.round(usual * shares * (0.3 + 1.4 * lanes[:, 3])))
    vwap = np.round((high + low + 2 * closing) / 4, 4)
    trades = np.ceil(volume / (40.0 + 80.0 * lanes[:, 2]))
    return Bars(stamps, opening, high, low, closing, volume, vwap, trades)


def _tick(price: Floats) -> Floats:
    return np.where(price >= 1.0, np.round(price, 2), np.maximum(np.round(price, 4), 0.0001))


def _hash(key: np.uint64 | Hashes, counter: Hashes) -> Hashes:
    """SplitMix64's finalizer (Steele, Lea, Flood 2014): a counter becomes 64 even bits."""
    with np.errstate(over="ignore"):
        z = key + (counter + np.uint64(1)) * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _lanes(hashes: Hashes) -> Floats:
    """Four even numbers in [0, 1) from each hash, on a last axis."""
    parts = np.ascontiguousarray(hashes).view(np.uint16).reshape(*hashes.shape, 4)
    return parts / 65_536.0


def _normal(hashes: Hashes) -> Floats:
    """Nearly normal numbers, mean 0 and variance 1: four even ones summed (Irwin-Hall)."""
    centred: Floats = (_lanes(hashes).sum(axis=-1) - 2.0) * np.sqrt(3.0)
    return centred
