"""Live events on the clients, over real sockets."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from polytape import AsyncPolygonClient, PolygonClient
from polytape.client.stream_session import StreamEvent, StreamNotice
from polytape.client.streams import AsyncStream, Stream, parse_channels
from polytape.errors import AuthenticationError, ConnectionError, ValidationError
from polytape.net.owner_token import make_owner_token
from polytape.wire.polygon.events import MinuteAggregate
from polytape.wire.polygon.topics import Topic
from tests.conftest import OWNER_TOKEN
from tests.fakes.feed import ScriptedFeed, minute
from tests.gateway.api.test_streams import gateway_with

pytestmark = pytest.mark.socket
WAIT_S = 5.0


@pytest.fixture
def feed() -> ScriptedFeed:
    return ScriptedFeed()


@pytest.fixture
def url(feed: ScriptedFeed) -> Iterator[str]:
    with gateway_with(feed) as address:
        yield address


def until(stream: Stream, kind: str) -> StreamNotice:
    """The next notice of a kind."""
    while True:
        event = stream.get(WAIT_S)
        assert event is not None, f"no {kind}"
        if isinstance(event, StreamNotice) and event.kind == kind:
            return event


def bars(stream: Stream, count: int) -> list[MinuteAggregate]:
    """The next bars, without what else is said."""
    got: list[MinuteAggregate] = []
    while len(got) < count:
        event = stream.get(WAIT_S)
        assert event is not None, f"{len(got)} of {count} bars came"
        if isinstance(event, MinuteAggregate):
            got.append(event)
    return got


def test_a_stream_gives_typed_events(feed: ScriptedFeed, url: str) -> None:
    """Of the symbols that are wanted, as they come."""
    with PolygonClient(url) as client, client.stream(["AAPL", "SPY"]) as stream:
        assert repr(stream) == "Stream(AM.AAPL, AM.SPY)"
        until(stream, "subscribed")
        feed.send([minute("AAPL", 0), minute("MSFT", 0), minute("SPY", 0)])
        feed.send([minute("AAPL", 1)])
        wanted = [minute("AAPL", 0), minute("SPY", 0), minute("AAPL", 1)]
        assert bars(stream, 3) == wanted


def test_the_owners_token_opens_a_stream(
    feed: ScriptedFeed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the gateway asks for a token and the owner's is the one."""
    monkeypatch.setenv("POLYTAPE_ACCESS_FOLDER", str(tmp_path))
    make_owner_token(tmp_path, OWNER_TOKEN)
    with gateway_with(feed, OWNER_TOKEN) as url:
        with PolygonClient(url) as client, client.stream("AAPL") as stream:
            until(stream, "subscribed")
    with gateway_with(feed, "another") as url:
        with PolygonClient(url) as client, client.stream("AAPL") as stream:
            with pytest.raises(AuthenticationError):
                stream.get(WAIT_S)


def test_symbols_come_and_go_while_it_runs(feed: ScriptedFeed, url: str) -> None:
    """The connection stays the same."""
    with PolygonClient(url) as client, client.stream("AAPL") as stream:
        until(stream, "subscribed")
        stream.add("SPY")
        until(stream, "subscribed")
        assert feed.topics == {Topic("AM", "AAPL"), Topic("AM", "SPY")}
        stream.remove("AAPL")
        until(stream, "unsubscribed")
        feed.send([minute("AAPL", 0), minute("SPY", 0)])
        assert bars(stream, 1) == [minute("SPY", 0)]


def test_closing_ends_the_iteration(feed: ScriptedFeed, url: str) -> None:
    """It never hangs, whoever waits, and may be done twice."""
    with PolygonClient(url) as client:
        stream = client.stream("AAPL")
        until(stream, "subscribed")
        stream.close()
        stream.close()
        assert all(isinstance(event, StreamNotice) for event in stream)


async def test_an_async_stream_inside_a_running_loop(feed: ScriptedFeed, url: str) -> None:
    """The same events for `async for`; the blocking one works in a running loop, too."""
    got: list[StreamEvent] = []
    async with AsyncPolygonClient(url) as client, client.stream("AAPL") as stream:
        assert repr(stream) == "AsyncStream(AM.AAPL)"
        async for event in stream:
            if isinstance(event, StreamNotice) and event.kind == "subscribed":
                feed.send([minute("AAPL", 0)])
            if isinstance(event, MinuteAggregate):
                got.append(event)
                break
    assert got == [minute("AAPL", 0)]
    assert stream.closed
    with PolygonClient(url) as blocking, blocking.stream("AAPL") as other:
        await asyncio.to_thread(until, other, "subscribed")


async def test_a_lost_line_is_opened_again_and_nothing_is_missed(
    feed: ScriptedFeed, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came meanwhile is in the gateway's log."""
    got: list[int] = []
    kinds: list[str] = []

    async def while_away(_: float) -> None:
        monkeypatch.undo()
        feed.send([minute("AAPL", 1)])

    async with AsyncPolygonClient(url) as client:
        topics = parse_channels("AAPL", "AM")
        stream = AsyncStream(client._core.connection, topics, sleep=while_away)
        async for event in stream:
            if isinstance(event, StreamNotice):
                kinds.append(event.kind)
                if kinds.count("subscribed") == 1 and event.kind == "subscribed":
                    feed.send([minute("AAPL", 0)])
                if kinds.count("subscribed") == 2 and event.kind == "subscribed":
                    feed.send([minute("AAPL", 2)])
            elif isinstance(event, MinuteAggregate):
                got.append(event.start)
                if len(got) == 1:
                    # The silence of a line that is dead is over at once.
                    monkeypatch.setattr("polytape.client.streams.SILENCE_S", 0.0)
                if len(got) == 3:
                    stream.close()
    assert got == [minute("AAPL", number).start for number in range(3)]
    assert "disconnected" in kinds


def test_no_gateway_is_an_error_that_names_its_address(feed: ScriptedFeed) -> None:
    """At the start; later on it is tried again."""
    with PolygonClient("http://127.0.0.1:9") as client, client.stream("AAPL") as stream:
        with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9"):
            next(iter(stream))


def test_a_refused_token_is_an_error(feed: ScriptedFeed) -> None:
    """Trying again changes nothing."""
    with gateway_with(feed, "s3cret") as url:
        with PolygonClient(url) as client, client.stream("AAPL") as stream:
            with pytest.raises(AuthenticationError, match="api_key= or POLYTAPE_TOKEN"):
                next(iter(stream))
        with PolygonClient(url, api_key="s3cret") as client, client.stream("AAPL") as stream:
            until(stream, "subscribed")


@pytest.mark.parametrize(
    ("symbols", "channels", "wrong"),
    [("A!", "AM", "symbols='A!'"), ("AAPL", "XX", "channels='XX'"), ("", "AM", "symbols=''")],
)
def test_wrong_input_is_refused_before_anybody_is_asked(
    symbols: str, channels: str, wrong: str
) -> None:
    """Naming what is wrong."""
    with PolygonClient("http://127.0.0.1:9") as client:
        with pytest.raises(ValidationError, match=wrong):
            client.stream(symbols, channels)


def test_breaking_out_of_a_stream_closes_it_without_a_word(
    feed: ScriptedFeed, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where the loop ends at once; what was begun anew goes on from there."""
    unraisable: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", unraisable.append)

    async def leave() -> None:
        async with AsyncPolygonClient(url) as client:
            stream = client.stream("AAPL")
            async for _ in stream:
                break
            async for event in stream:
                assert isinstance(event, StreamNotice)
                break

    asyncio.run(leave())
    gc.collect()
    assert unraisable == []
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []
