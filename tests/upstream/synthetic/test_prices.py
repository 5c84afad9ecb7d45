"""The prices of the made-up market: stocks of every kind, split before they are too dear."""

from datetime import date

import numpy as np
import pytest

from polytape.model.hours import DAY_HOURS
from polytape.upstream.synthetic.listing import FAMOUS, listing
from polytape.upstream.synthetic.prices import (
    CELLS,
    PRE,
    REGULAR,
    REVERSE_BELOW,
    SPLIT_ABOVE,
    Path,
    Sessions,
    character,
    minute_bars,
    walk_days,
)
from tests.conftest import MARKET

SYMBOLS = list(listing())[:300]
MINUTE_US = 60_000_000


@pytest.fixture(scope="module")
def sessions() -> Sessions:
    """About twenty years of them."""
    begin = int(np.searchsorted(MARKET.days, 12_305))  # 2003-09-10
    days, opens, closes = (column[begin : begin + 5_000] for column in (
        MARKET.days, MARKET.opens, MARKET.closes))  # fmt: skip
    return Sessions(days, opens - MARKET.pre_market_us, opens, closes)


def path_of(symbol: str, sessions: Sessions) -> Path:
    return walk_days(symbol, character(symbol, 0), sessions.days)


def test_a_symbol_always_has_the_same_traits_and_another_seed_others() -> None:
    """Famous ones trade more and move less."""
    assert character("AAPL", 0) == character("AAPL", 0)
    assert character("AAPL", 0) != character("AAPL", 1)
    traits = [character(symbol, 0) for symbol in SYMBOLS]
    famous = [one for one, symbol in zip(traits, SYMBOLS, strict=True) if symbol in FAMOUS]
    others = [one for one, symbol in zip(traits, SYMBOLS, strict=True) if symbol not in FAMOUS]
    assert len({int(one.key) for one in traits}) == len(traits)
    assert np.mean([one.shares_a_day for one in famous]) > 5 * np.mean(
        [one.shares_a_day for one in others]
    )
    assert all(0 < one.extended_presence <= 0.9 and 0 < one.regular_presence <= 1 for one in traits)
    assert min(one.regular_presence for one in famous) == 1


def test_no_share_stays_too_dear_or_too_cheap(sessions: Sessions) -> None:
    """The day after it closed so it is split or merged, once."""
    kinds = set()
    for symbol in SYMBOLS:
        path = path_of(symbol, sessions)
        traded = np.exp(path.close) / path.shares
        extreme = np.flatnonzero((traded > SPLIT_ABOVE) | (traded < REVERSE_BELOW))
        changes = np.flatnonzero(np.diff(path.shares))
        assert set(extreme.tolist()) <= {*changes.tolist(), len(traded) - 1}
        assert len(changes) == len(path.splits)
        for at, split in zip(changes, path.splits, strict=True):
            assert path.shares[at + 1] / path.shares[at] == pytest.approx(split.ratio)
            assert split.symbol == symbol
            kinds.add(split.ratio > 1)
    assert kinds == {True, False}


def test_a_days_minutes_begin_at_its_open_and_end_at_its_close(sessions: Sessions) -> None:
    """The walk is bridged: the last regular minute closes about where the auction opens."""
    traits, path = character("SPY", 0), path_of("SPY", sessions)
    at = np.arange(100, 120)
    bars = minute_bars(traits, path, sessions, at)
    days = MARKET.days_of(bars.timestamp)
    for place in at:
        here = bars.take(days == sessions.days[place])
        cells = (here.timestamp - sessions.starts[place]) // MINUTE_US
        assert PRE in cells
        assert cells.max() < CELLS
        auction = here.take(here.timestamp == sessions.closes[place])
        close = np.exp(path.close[place]) / path.shares[place]
        assert auction.open[0] == pytest.approx(close, rel=0.01)
        regular = np.count_nonzero((cells >= PRE) & (cells < PRE + REGULAR))
        assert regular == REGULAR


def test_bars_are_in_cents_and_hold_their_own_prices(sessions: Sessions) -> None:
    """Below a dollar in hundredths of a cent; nothing trades for nothing."""
    for symbol in SYMBOLS[:40]:
        bars = minute_bars(
            character(symbol, 0), path_of(symbol, sessions), sessions, np.arange(4_000, 4_005)
        )
        for prices in (bars.open, bars.high, bars.low, bars.close):
            steps = np.where(prices >= 1, prices * 100, prices * 10_000)
            assert np.allclose(steps, np.round(steps), atol=1e-6)
            assert (prices > 0).all()
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert (bars.volume >= 1).all()
        assert (bars.transactions >= 1).all()
        assert ((bars.low - 1e-4 <= bars.vwap) & (bars.vwap <= bars.high + 1e-4)).all()


def test_an_early_close_ends_four_hours_of_post_market_earlier(sessions: Sessions) -> None:
    """The day after Thanksgiving rings the bell at 13:00."""
    day = (date(2004, 11, 26) - date(1970, 1, 1)).days
    at = int(np.searchsorted(sessions.days, day))
    bars = minute_bars(character("SPY", 0), path_of("SPY", sessions), sessions, np.array([at]))
    last = int(bars.timestamp[-1])
    assert sessions.closes[at] <= last < sessions.closes[at] + DAY_HOURS.post_market_us
    assert MARKET.extended(bars.timestamp).all()
