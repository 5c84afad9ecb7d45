"""Symbols: whether they exist, their last price in today's shares, a search."""

from datetime import date

import pytest

from polytape.errors import NoPriceError, NotFoundError, ValidationError
from polytape.gateway.gateway import Gateway
from polytape.gateway.symbols import MAX_RESULTS
from polytape.model.splits import Split
from tests.conftest import MARKET, flat_bars
from tests.gateway.conftest import MakeGateway
from tests.gateway.scripted import Scripted


async def test_symbols_are_validated_each_as_it_was_written(synthetic_gateway: Gateway) -> None:
    symbols = synthetic_gateway.symbols
    verdicts = await symbols.validate(["AAPL", "ZZZZZZ", "a/b"], detailed=True)
    assert verdicts["AAPL"].name == "Apple Inc."
    assert (verdicts["ZZZZZZ"].valid, verdicts["a/b"].valid) == (False, False)
    assert "a ticker" in (verdicts["a/b"].reason or "")
    brief = await symbols.validate(["aapl", "a/b"], detailed=False)
    assert [(name, one.valid, one.name, one.reason) for name, one in brief.items()] == [
        ("aapl", True, None, None), ("a/b", False, None, None)
    ]  # fmt: skip
    with pytest.raises(ValidationError, match="at most 1000"):
        await symbols.validate(["X"] * 1_001, detailed=False)


async def test_a_search_needs_some_text_and_gives_the_best(synthetic_gateway: Gateway) -> None:
    symbols = synthetic_gateway.symbols
    with pytest.raises(ValidationError, match="query"):
        await symbols.search(" ", active_only=True)
    answer = await symbols.search("bancorp", active_only=True)
    assert answer.count == len(answer.results) == MAX_RESULTS
    assert (await symbols.search(" aapl ", active_only=True)).results[0].ticker == "AAPL"


async def test_the_latest_price_is_in_todays_shares(make_gateway: MakeGateway) -> None:
    source = Scripted()
    source.last = flat_bars([MARKET.midnight(date(2024, 6, 5))], price=100.0)
    source.table = (Split(date(2024, 6, 7), "X", 1, 4),)
    gateway = make_gateway(source.upstream())
    latest = await gateway.symbols.latest("x")
    assert (latest.symbol, latest.price, latest.source) == ("X", 25.0, "scripted")
    assert latest.timestamp == "2024-06-05T04:00:00Z"
    gateway.close()


async def test_a_symbol_without_a_bar_has_no_price(make_gateway: MakeGateway) -> None:
    """Which is not the same as a symbol that there is not: that is said, with what may be meant."""
    gateway = make_gateway(Scripted().upstream())
    with pytest.raises(NoPriceError, match="scripted has no price for X"):
        await gateway.symbols.latest("X")
    with pytest.raises(NotFoundError, match=r"scripted has no symbol APPL \(did you mean AAPL\?"):
        await gateway.symbols.latest("APPL")
    gateway.close()
