"""Engines on a client: the bars that they want, in one request where that can be."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import pytest

from polytape import ATREngine, DateWarning, NotFoundError, PolygonClient, ValidationError
from polytape.client.aio import AsyncPolygonClient
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.market import Market
from polytape.model.query import BarsQuery, series_query
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import to_datetime
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, day_span
from tests.fakes.plain_server import PlainServer

pytestmark = pytest.mark.socket
WEEK = day_span(date(2024, 7, 1), date(2024, 7, 5))
DAYS = BarsQuery("AAPL", Timeframe.DAY, WEEK)
MINUTES = BarsQuery("AAPL", Timeframe.MIN_15, WEEK)


@dataclass(frozen=True)
class ToyResult:
    """What a toy engine was sent, round by round."""

    rounds: tuple[tuple[Bars, ...], ...]
    notes: tuple[str, ...] = ()
    basis: Basis | None = None

    def standing_on(self, basis: Basis) -> "ToyResult":
        return replace(self, basis=basis)

    def to_dict(self) -> Mapping[str, object]:
        return {"rounds": self.rounds}


Toy = Generator[tuple[BarsQuery, ...], tuple[Bars, ...], ToyResult]


def toy(*rounds: tuple[BarsQuery, ...]) -> Toy:
    """An engine that wants these bars."""
    answers: tuple[tuple[Bars, ...], ...] = ()
    for queries in rounds:
        bars = yield queries
        answers = (*answers, bars)
    return ToyResult(answers)


@pytest.fixture
def client(gateway: str, make_client: Callable[..., PolygonClient]) -> PolygonClient:
    return make_client(gateway)


def test_what_an_engine_wants_together_comes_in_one_request(
    client: PolygonClient, synthetic: Synthetic
) -> None:
    result = client.run(toy((DAYS, MINUTES, replace(DAYS, symbol="SPY"))))
    assert client.stats().requests == 1
    ((days, minutes, spy),) = result.rounds
    assert (len(days), len(minutes) > 200, len(spy)) == (4, True, 4)
    query = series_query("SPY", Series.DAY, WEEK)
    assert spy.close.tolist() == synthetic.bars(query).bars.close.tolist()
    assert result.basis is not None
    assert result.basis.made_up
    assert [one.series for one in result.basis.inputs] == ["1day", "1min"]


def test_a_second_round_is_a_second_request_and_what_is_cached_is_none(
    client: PolygonClient,
) -> None:
    client.run(toy((DAYS, MINUTES), (replace(DAYS, symbol="SPY"),)))
    assert client.stats().requests == 2
    again = client.run(toy((MINUTES, DAYS), (replace(DAYS, symbol="SPY"),)))
    assert client.stats().requests == 2
    fresh = client.run(toy((MINUTES, replace(DAYS, symbol="MSFT"))))
    assert client.stats().requests == 3
    assert again.rounds[0][0].same(fresh.rounds[0][0])


def test_limits_and_regular_hours_are_cut_as_in_every_call(
    client: PolygonClient, make_client: Callable[..., PolygonClient], gateway: str
) -> None:
    queries = (
        replace(MINUTES, limit=3),
        replace(MINUTES, include_extended=False),
        replace(MINUTES, timeframe=Timeframe.MIN_60, include_extended=False),
    )
    (bars,) = client.run(toy(queries)).rounds
    other = make_client(gateway, enable_caching=False)
    for query, answer in zip(queries, bars, strict=True):
        frame = other.fetch_bars(
            "AAPL", "2024-07-01", "2024-07-05", query.timeframe, query.limit, query.include_extended
        )
        assert answer.close.tolist() == frame["close"].tolist()
    assert len(bars[0]) == 3


def test_a_symbol_that_is_not_there_is_the_engines_business(client: PolygonClient) -> None:
    missing = replace(DAYS, symbol="ZZZZZZ")

    def lenient() -> Toy:
        try:
            yield (DAYS, missing)
        except NotFoundError as error:
            return ToyResult((), (str(error),))
        raise AssertionError

    (note,) = client.run(lenient()).notes
    assert "ZZZZZZ" in note
    with pytest.raises(NotFoundError, match="ZZZZZZ"):
        client.run(toy((DAYS, missing)))


def test_a_server_that_knows_no_such_request_is_asked_one_by_one(
    plain: PlainServer, make_client: Callable[..., PolygonClient]
) -> None:
    client = make_client(plain.url)
    day = day_span(date(2024, 7, 2))
    queries = (replace(MINUTES, span=day), replace(MINUTES, symbol="SPY", span=day))
    (bars,) = client.run(toy(queries)).rounds
    assert [len(one) for one in bars] == [64, 64]
    assert [path for _, path, _ in plain.asked] == [
        "/api/v1/bars/batch", "/api/v1/bars", "/api/v1/bars"
    ]  # fmt: skip


async def test_the_async_client_runs_the_same_engine(gateway: str, client: PolygonClient) -> None:
    async with AsyncPolygonClient(gateway) as other:
        result = await other.run(toy((DAYS, MINUTES)))
        assert other.stats().requests == 1
    for mine, theirs in zip(
        result.rounds[0], client.run(toy((DAYS, MINUTES))).rounds[0], strict=True
    ):
        assert mine.same(theirs)


def test_a_client_says_whose_days_it_counts(client: PolygonClient, market: Market) -> None:
    assert client.market is market is MARKET


def test_a_session_names_the_parameter_that_is_wrong(client: PolygonClient) -> None:
    with pytest.raises(ValidationError, match="session_datetime"):
        client.get_session_data("AAPL", "soon")
    assert client.stats().requests == 0
    with pytest.raises(ValidationError, match="session_datetime"):
        client.get_session_data("AAPL", "2199-01-04")
    assert client.stats().requests == 1  # what time it is the gateway knows


def test_words_are_instants_by_the_gateways_time(client: PolygonClient) -> None:
    """As at the command line: where that day begins; never remembered by their text."""
    market, now = client.market, client._driver.run(client._core.gateway_now())
    for word, day in (("today", market.date_of(now)), ("yesterday", market.session_before(market.date_of(now)).day)):  # type: ignore[union-attr] # fmt: skip
        begin = to_datetime(market.day_start(day))
        with pytest.warns(DateWarning, match="^session_datetime is a date here"):
            assert client.session("AAPL", word).session_datetime == begin
        with pytest.warns(DateWarning, match="^as_of is a date here"):
            assert ATREngine(client).run("AAPL", word).as_of == begin
    day = market.session_before(market.date_of(now)).day  # type: ignore[union-attr]
    moment = to_datetime(market.midnight(day) + 630 * 60_000_000)
    for written in ("yesterday 10:30 ET", "yesterday 10:30 am ET"):
        assert client.session("AAPL", written).session_datetime == moment
        assert ATREngine(client).run("AAPL", written).as_of == moment
