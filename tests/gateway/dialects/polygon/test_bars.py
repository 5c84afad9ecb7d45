"""The vendor's custom bars, made from a gateway's own source and store."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from polytape.gateway.dialects.polygon.bars import stored_bars, to_aggs
from polytape.gateway.dialects.polygon.days import previous
from polytape.gateway.gateway import Gateway
from polytape.model.bars import Bars
from polytape.model.timeframes import Series
from tests.conftest import MARKET, day_span

DAY = date(2026, 11, 20)
MIDNIGHT = MARKET.midnight(DAY)


async def test_a_symbol_that_is_not_there_has_no_bars(synthetic_gateway: Gateway) -> None:
    read = await stored_bars(synthetic_gateway, "ZZZZZZ", Series.DAY, day_span(DAY), adjusted=True)
    assert (len(read.bars), read.late) == (0, False)
    assert await previous(synthetic_gateway, "ZZZZZZ", adjusted=True) == []


prices = st.floats(0.01, 1e6)
unknown = st.just(float("nan"))


@given(st.lists(st.tuples(prices, prices | unknown, st.integers(0, 10**6).map(float) | unknown)))
def test_rows_leave_out_what_is_unknown(values: list[tuple[float, float, float]]) -> None:
    stamps = [1_000 * number for number in range(len(values))]
    closes, vwaps, counts = ([row[at] for row in values] for at in range(3))
    bars = Bars.of(stamps, closes, closes, closes, closes, closes, vwaps, counts)
    for number, (row, (close, vwap, count)) in enumerate(zip(to_aggs(bars), values, strict=True)):
        assert (row.t, row.o, row.h, row.l, row.c, row.v) == (number, *[close] * 5)
        assert row.vw == (UNSET if vwap != vwap else vwap)  # noqa: PLR0124 - NaN
        assert row.n == (UNSET if count != count else int(count))  # noqa: PLR0124
        assert row.n is UNSET or type(row.n) is int
