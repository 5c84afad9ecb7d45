"""Live bars over real sockets: history and stream joined, over gateways that come and go."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date

import numpy as np
import pytest

from polytape import AsyncPolygonClient, CamarillaEngine, PolygonClient
from polytape.client.live_bars import LiveBars
from polytape.client.live_series import LiveBar
from polytape.errors import (
    ConfigurationError,
    ConnectionError,
    DataFetchError,
    NotFoundError,
    ValidationError,
)
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.bars import Bars
from polytape.model.market import xnys
from polytape.model.query import series_query
from polytape.model.resample import resample
from polytape.model.spans import Span
from polytape.model.timeframes import Series, Timeframe
from polytape.model.timestamps import to_us
from polytape.model.units import DAY_US
from polytape.upstream.bar_feed import BarFeed
from polytape.upstream.budget.budget import Budget
from polytape.upstream.market_clock import MarketClock
from polytape.upstream.synthetic.listing import listing
from polytape.upstream.synthetic.source import Synthetic
from tests.fakes.feed import ScriptedFeed
from tests.fakes.plain_server import plain_server
from tests.gateway.api.test_streams import gateway_with

pytestmark = pytest.mark.socket

MARKET = xnys()
DAY = date(2024, 7, 2)
OPEN = MARKET.session(DAY).open  # type: ignore[union-attr]
WAIT_S = 20.0


class Scene:
    """A made-up market that runs fast, and gateways of it that one after the other have a port."""

    def __init__(self) -> None:
        self.clock = MarketClock(OPEN, 3_000.0, time.monotonic)
        self.port = 0
        self._gateway = ExitStack()

    def open(self) -> str:
        """A gateway, at the port of the one before."""
        source = Synthetic(MARKET, self.clock.now).upstream()
        feed = BarFeed(source.bars, self.clock, listing)
        gateway = Gateway(
            source, MARKET, self.clock.now, Budget.of(100, 1.0), feed=feed, clock=self.clock
        )
        url = self._gateway.enter_context(running(create_app(gateway), port=self.port))
        self.port = int(url.rsplit(":", 1)[1])
        return url

    def close(self) -> None:
        """The gateway is gone; its clients notice."""
        self._gateway.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.close()


def truth(timeframe: Timeframe) -> Bars:
    """What the made-up market trades on these days."""
    span = Span(OPEN - 7 * DAY_US, OPEN + DAY_US)
    source = Synthetic(MARKET, lambda: span.end)
    minutes = source.bars(series_query("AAPL", Series.MINUTE, span)).bars
    return resample(minutes, timeframe, market=MARKET)


def check(bars: Iterable[LiveBar], timeframe: Timeframe = Timeframe.MIN_5) -> None:
    """Each bar once, in order, none left out, and with its last values."""
    rows = list(bars)
    whole = truth(timeframe)
    whole = whole.within(Span(rows[0].timestamp, rows[-1].timestamp + 1))
    np.testing.assert_array_equal([bar.timestamp for bar in rows], whole.timestamp)
    np.testing.assert_array_equal([bar.close for bar in rows], whole.close)
    np.testing.assert_array_equal([bar.volume for bar in rows], whole.volume)


def until_live(bars: LiveBars, count: int) -> list[LiveBar]:
    """Bars until so many came live."""
    got: list[LiveBar] = []
    deadline = time.monotonic() + WAIT_S
    while sum(bar.live for bar in got) < count:
        assert time.monotonic() < deadline, f"{len(got)} bars came"
        got += bars.get(1.0)
    return got


def test_history_and_stream_are_one_series(scene: Scene) -> None:
    """Two trading days, then what closes; the frame has them all, and the forming one."""
    with PolygonClient(scene.open()) as client, client.live_bars("AAPL", "5min") as bars:
        got = until_live(bars, 5)
        frame, forming = bars.frame, bars.forming
    check(got)
    assert MARKET.date_of(got[0].timestamp) == date(2024, 7, 1)
    assert not any(bar.forming or bar.revision for bar in got)
    assert list(frame.columns)[-1] == "forming"
    assert len(frame) - len(got) in (0, 1)
    assert bool(frame["forming"].iloc[-1]) == (forming is not None)
    assert (frame.attrs["symbol"], frame.attrs["timeframe"]) == ("AAPL", "5min")
    basis = frame.attrs["basis"]  # as that of any other frame
    assert (basis["made_up"], frame.columns.name) == (True, "made-up prices")
    assert [one["series"] for one in basis["inputs"]] == ["1min", "1min"]
    assert not frame.index.has_duplicates


def test_a_gateway_that_is_started_anew_costs_no_bar(scene: Scene) -> None:
    """Its log is another one: the last minutes are fetched again."""
    with PolygonClient(scene.open()) as client, client.live_bars("AAPL", "1min", "1d") as bars:
        got = until_live(bars, 5)
        scene.close()
        time.sleep(0.1)  # five minutes of the market
        scene.open()
        got += until_live(bars, 10)
    check(got, Timeframe.MIN_1)


def test_it_is_the_same_for_asyncio(scene: Scene) -> None:
    """`async with` and `async for`."""
    url = scene.open()

    async def act() -> list[LiveBar]:
        got: list[LiveBar] = []
        async with AsyncPolygonClient(url) as client:
            async with client.live_bars("AAPL", "5min") as bars:
                async for bar in bars:
                    got.append(bar)
                    if sum(one.live for one in got) == 3:
                        break
            assert repr(bars) == f"AsyncLiveBars(AAPL, 5min, {len(bars.frame)} bars)"
        return got

    check(asyncio.run(asyncio.wait_for(act(), WAIT_S)))


def test_a_break_out_of_the_loop_ends_it(scene: Scene) -> None:
    """And `with` closes what is left."""
    with PolygonClient(scene.open()) as client, client.live_bars("AAPL", "60min", "1w") as bars:
        first = next(iter(bars))
    assert not first.live


def test_a_symbol_that_is_not_there_is_named(scene: Scene) -> None:
    """When the history is asked for."""
    with PolygonClient(scene.open()) as client, client.live_bars("NOPE1") as bars:
        with pytest.raises(NotFoundError, match="NOPE1"):
            next(iter(bars))


def test_a_gateway_without_live_bars_says_so() -> None:
    """History still works there."""
    with gateway_with(None) as url, PolygonClient(url) as client, client.live_bars("A") as bars:
        with pytest.raises(ConfigurationError, match="no live bars"):
            next(iter(bars))


def test_without_a_server_the_address_is_named() -> None:
    """As everywhere."""
    with PolygonClient("http://127.0.0.1:9") as client, client.live_bars("A") as bars:
        with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9"):
            next(iter(bars))


def test_wrong_arguments_are_named_at_once() -> None:
    """Before any connection."""
    with PolygonClient("http://127.0.0.1:9") as client:
        with pytest.raises(ValidationError, match="lookback"):
            client.live_bars("A", "5min", "soon")
        with pytest.raises(ValidationError, match=r"^on="):
            client.live_bars("A", on="open")  # type: ignore[arg-type]


def test_a_gateway_without_a_source_of_history_says_so() -> None:
    """The stream alone is no history."""
    with gateway_with(ScriptedFeed()) as url, PolygonClient(url) as client:
        with (
            client.live_bars("AAPL") as bars,
            pytest.raises(DataFetchError, match="neither a source"),
        ):
            next(iter(bars))


def test_engines_know_the_time_of_a_gateway_in_the_past(scene: Scene) -> None:
    """Now is its now: the day that is not over gives no pivots, and what is after it is refused."""
    scene.clock.pause()
    with PolygonClient(scene.open()) as client:
        engine = CamarillaEngine(client)
        run = engine.run("AAPL", periods=("day",))
        assert to_us(run.as_of) == scene.clock.now()
        assert run.pivots["day"] == engine.run("AAPL", "2024-07-02T04:00:00Z").pivots["day"]
        with pytest.raises(ValidationError, match="as_of"):
            engine.run("AAPL", "2024-07-02T21:00:00Z")
        with pytest.raises(ValidationError, match="session_datetime"):
            client.get_session_data("AAPL", "2024-07-02T21:00:00Z")


def test_a_gateway_on_the_walls_time_is_asked_for_it_once() -> None:
    """A server without a clock, too."""
    with plain_server() as server, PolygonClient(server.url) as client:
        before = client._core.connection.now_us()
        for _ in range(2):
            now = client._driver.run(client._core.gateway_now())
            assert before <= now <= client._core.connection.now_us()
        assert sum(path.endswith("/clock") for _, path, _ in server.asked) == 1
