"""The prices of the made-up market: what kind of stock a symbol is, its days, its minutes. Pure.

A day is: a gap from the last close, a pre-market walk that ends at the open, a regular-hours walk
bridged to end at the close, the closing auction as the open of the 16:00 minute, a post-market
walk. Every number is a hash of (seed, symbol, day, minute). Nights are in `nights`.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from polytape.model.arrays import Bools, Floats, Ints
from polytape.model.bars import Bars
from polytape.model.splits import Split
from polytape.model.timestamps import number_day
from polytape.model.units import MINUTE_US
from polytape.upstream.synthetic.listing import FAMOUS
from polytape.upstream.synthetic.noise import hashed, lanes_of, normal

PRE, REGULAR, POST = 330, 390, 240
CELLS = PRE + REGULAR + POST
SPLIT_ABOVE, REVERSE_BELOW = 600.0, 0.8
FORWARD_RATIOS = (2.0, 3.0, 4.0, 5.0, 7.0, 10.0)
REVERSE_RATIO = 0.1


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


@dataclass(frozen=True, eq=False)
class Sessions:
    """Trading days in columns: days since 1970, and the start of the pre-market, the open and the
    close of regular hours in microseconds UTC.
    """

    days: Ints
    starts: Ints
    opens: Ints
    closes: Ints


@lru_cache(maxsize=16_384)
def character(symbol: str, seed: int) -> Character:
    """The traits of a symbol, from its hash."""
    digest = blake2b(f"{seed}/{symbol}".encode(), digest_size=8).digest()
    key = np.uint64(int.from_bytes(digest, "little"))
    price, vol, trade = (
        float(x) for x in lanes_of(hashed(key, np.arange(1, dtype=np.uint64)))[0, :3]
    )
    famous = symbol in FAMOUS
    return Character(
        key=key,
        first_price=(30.0 if famous else 8.0) * 12.0**price,
        daily_vol=(0.010 if famous else 0.014) + 0.012 * vol,
        shares_a_day=(8e6 if famous else 2e4) * 60.0**trade,
    )


def walk_days(symbol: str, traits: Character, days: Ints) -> Path:
    """The path of a symbol over all trading days (days since 1970)."""
    noise = normal(hashed(traits.key, days.view(np.uint64)))
    tail = normal(hashed(traits.key + np.uint64(7), days.view(np.uint64)))
    steps = traits.daily_vol * (noise + 0.25 * tail**3) + 0.0002
    close = np.log(traits.first_price) + np.cumsum(steps)
    shares, splits = _split_up(symbol, traits.key, days, close)
    return Path(close, shares, splits)


def _split_up(
    symbol: str, key: np.uint64, days: Ints, close: Floats
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
        pick = int(hashed(key, np.array([at], np.uint64))[0] % np.uint64(len(FORWARD_RATIOS)))
        ratio = FORWARD_RATIOS[pick] if dear else REVERSE_RATIO
        shares[at:] *= ratio
        new, old = (ratio, 1.0) if dear else (1.0, round(1 / ratio, 6))
        splits.append(Split(number_day(int(days[at])), symbol, old, new))


def minute_bars(traits: Character, path: Path, sessions: Sessions, at: Ints) -> Bars:
    """The minutes of some days, given by their places in `sessions`."""
    numbers = sessions.days[at].view(np.uint64)
    keys = hashed(traits.key + np.uint64(1), numbers)[:, None]
    cells = np.arange(CELLS)
    bells = PRE + ((sessions.closes[at] - sessions.opens[at]) // MINUTE_US)[:, None]
    steps = normal(hashed(keys, cells.astype(np.uint64)))
    before, close = path.close[np.maximum(at - 1, 0)][:, None], path.close[at][:, None]
    gap = normal(hashed(traits.key + np.uint64(3), numbers))[:, None]
    first = before + 0.4 * traits.daily_vol * gap
    edges = _walk(before, first, close, bells, 0.8 * traits.daily_vol * steps)
    lanes = lanes_of(hashed(keys + np.uint64(2), cells.astype(np.uint64)))
    here = _present(traits, lanes[..., 0], cells, bells)
    return as_traded(
        (sessions.starts[at][:, None] + cells * MINUTE_US)[here],
        edges[:, :-1][here],
        edges[:, 1:][here],
        np.broadcast_to(path.shares[at][:, None], here.shape)[here],
        _usual_volume(cells, bells)[here] * traits.shares_a_day,
        lanes[here],
        traits,
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


def as_traded(
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
