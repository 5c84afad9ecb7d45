"""Streams over real sockets: our own protocol, the older tools', the vendor's."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.market import Market
from polytape.upstream.budget.budget import Budget
from polytape.wire.polygon.topics import Topic
from tests.conftest import MARKET, NOW
from tests.fakes.feed import ScriptedFeed, minute

pytestmark = pytest.mark.socket
WAIT_S = 5.0
TOKEN = "s3cret"


@contextmanager
def gateway_with(
    feed: ScriptedFeed | None, token: str | None = None, market: Market = MARKET
) -> Iterator[str]:
    """The URL of a gateway with this feed and no source."""
    gateway = Gateway(None, market, lambda: NOW, Budget.of(100, 1.0), feed=feed)
    with running(create_app(gateway, token=token)) as url:
        yield url


@pytest.fixture
def feed() -> ScriptedFeed:
    return ScriptedFeed()


@pytest.fixture
def url(feed: ScriptedFeed) -> Iterator[str]:
    with gateway_with(feed) as address:
        yield address


def opened(url: str, path: str, **options: Any) -> ClientConnection:
    """A WebSocket to a gateway."""
    socket: ClientConnection = connect(url.replace("http", "ws") + path, proxy=None, **options)
    return socket


def say(socket: ClientConnection, **message: object) -> None:
    socket.send(json.dumps(message))


def hear(socket: ClientConnection) -> Any:
    """The next message that is no sign of life."""
    while True:
        message = json.loads(socket.recv(timeout=WAIT_S))
        if not (isinstance(message, dict) and message.get("type") == "heartbeat"):
            return message


def test_our_own_stream_says_positions(feed: ScriptedFeed, url: str) -> None:
    """A subscription begins at a position; what comes is counted from there."""
    with opened(url, "/api/v1/stream") as socket:
        hello = hear(socket)
        assert hello.pop("log")
        assert hello.pop("at").endswith("Z")
        assert hello == {"type": "connected", "position": 0, "channels": ["AM", "T"]}
        say(socket, action="subscribe", topics=["AM.AAPL", "AM.BRK.B"])
        reply = {"type": "subscribed", "topics": ["AM.AAPL", "AM.BRK.B"], "position": 0}
        assert hear(socket) == reply
        feed.send([minute("AAPL", 0), minute("BRK.B", 0), minute("MSFT", 0)])
        feed.send([minute("AAPL", 1)])
        first, second = hear(socket), hear(socket)
    assert (first["next"], second["next"]) == (3, 4)
    assert (first["position"], [e["sym"] for e in first["events"]]) == (0, ["AAPL", "BRK.B"])
    assert (second["position"], second["events"][0]["s"]) == (3, minute("AAPL", 1).start)


def test_nothing_comes_twice_of_a_batch_of_many_symbols(feed: ScriptedFeed, url: str) -> None:
    """Where a client stands is counted in the log, not in what it was sent."""
    with opened(url, "/api/v1/stream") as socket:
        log = hear(socket)["log"]
        say(socket, action="subscribe", topics=["AM.AAPL"])
        hear(socket)
        feed.send([minute("AAPL", 0), minute("MSFT", 0), minute("AAPL", 1)])
        end = hear(socket)["next"]
    with opened(url, "/api/v1/stream") as socket:
        hear(socket)
        say(socket, action="subscribe", topics=["AM.AAPL"], since=end, log=log)
        hear(socket)
        feed.send([minute("AAPL", 2)])
        assert [event["s"] for event in hear(socket)["events"]] == [minute("AAPL", 2).start]


def test_positions_of_another_run_are_a_gap(url: str) -> None:
    """A gateway that was started anew knows nothing of what came meanwhile, and says so."""
    with opened(url, "/api/v1/stream") as socket:
        hear(socket)
        say(socket, action="subscribe", topics=["AM.AAPL"], since=7, log="another")
        hear(socket)
        assert hear(socket)["type"] == "gap"


def test_who_comes_back_gets_what_it_missed(feed: ScriptedFeed, url: str) -> None:
    """`since` names the position up to which a client has everything."""
    with opened(url, "/api/v1/stream") as socket:
        hear(socket)
        say(socket, action="subscribe", topics=["AM.AAPL"])
        hear(socket)
        feed.send([minute("AAPL", 0)])
        assert hear(socket)["position"] == 0
    feed.send([minute("AAPL", 1)])
    with opened(url, "/api/v1/stream") as socket:
        assert hear(socket)["position"] == 2
        say(socket, action="subscribe", topics=["AM.AAPL"], since=1)
        assert hear(socket)["position"] == 2
        missed = hear(socket)
        feed.send([minute("AAPL", 2)])
        live = hear(socket)
    assert (missed["position"], len(missed["events"])) == (1, 1)
    assert live["position"] == 2


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("no JSON", "message"), ("[]", "message"), ("{}", "action"),
        ('{"action": "dance"}', "dance"),
        ('{"action": "subscribe", "topics": ["AM"]}', "CHANNEL.SYMBOL"),
        ('{"action": "subscribe", "topics": ["XX.AAPL"]}', "XX.AAPL"),
        ('{"action": "subscribe", "topics": ["AM.A!"]}', "A!"),
        ('{"action": "subscribe", "topics": ["Q.AAPL"]}', "one of AM, T"),
    ],
)  # fmt: skip
def test_a_wrong_message_is_named_and_the_connection_lives(
    url: str, message: str, names: str
) -> None:
    """Whatever a client sends."""
    with opened(url, "/api/v1/stream") as socket:
        hear(socket)
        socket.send(message)
        reply = hear(socket)
        assert (reply["type"], names in reply["message"]) == ("error", True), reply
        say(socket, action="ping")
        assert hear(socket) == {"type": "pong", "position": 0}


def test_the_older_tools_protocol_is_as_it_was(feed: ScriptedFeed, url: str) -> None:
    """Greeting, answers and market data in their shapes."""
    with opened(url, "/ws/scanner-1") as socket:
        hello = hear(socket)
        assert hello.keys() == {"type", "message", "client_id", "timestamp"}
        assert (hello["type"], hello["client_id"]) == ("connected", "scanner-1")
        say(socket, action="subscribe", symbols=["AAPL"], channels=["AM"])
        reply = hear(socket)
        assert reply.pop("subscription_id")
        assert reply == {"type": "subscribed", "symbols": ["AAPL"], "channels": ["AM"]}
        feed.send([minute("AAPL", 0)])
        data = hear(socket)
        assert (data["type"], data["data"]["event_type"]) == ("market_data", "aggregate")
        assert data["data"]["symbol"] == "AAPL"
        status = httpx2.get(f"{url}/ws/status").json()
        assert (status["active_clients"], status["client_ids"]) == (1, ["scanner-1"])
        say(socket, action="unsubscribe", symbols=["AAPL"])
        assert hear(socket) == {"type": "unsubscribed", "symbols": ["AAPL"]}
        assert feed.topics == frozenset()
        say(socket, action="ping")
        assert hear(socket).keys() == {"type", "timestamp"}


def test_upstream_wants_a_topic_once_and_as_long_as_anybody_does(
    feed: ScriptedFeed, url: str
) -> None:
    """Subscriptions are counted."""
    with opened(url, "/api/v1/stream") as one:
        hear(one)
        say(one, action="subscribe", topics=["AM.AAPL"])
        hear(one)
        with opened(url, "/api/v1/stream") as other:
            hear(other)
            say(other, action="subscribe", topics=["AM.AAPL", "T.SPY"])
            hear(other)
            assert feed.topics == {Topic("AM", "AAPL"), Topic("T", "SPY")}
        wanted = {Topic("AM", "AAPL")}
        for _ in range(100):
            if feed.topics == wanted:
                break
            say(one, action="ping")
            hear(one)
        assert feed.topics == wanted


def test_a_source_without_live_bars_says_so(url: str) -> None:
    """At once, in plain words."""
    with gateway_with(None) as quiet, opened(quiet, "/api/v1/stream") as socket:
        assert "history still works" in hear(socket)["message"]
        with pytest.raises(ConnectionClosed):
            hear(socket)
    with gateway_with(None) as quiet, opened(quiet, "/stocks") as socket:
        (status,) = hear(socket)
        assert (status["status"], "history still works" in status["message"]) == (
            "auth_failed", True,
        )  # fmt: skip


@pytest.mark.parametrize("path", ["/api/v1/stream", "/ws/x"])
def test_a_stream_needs_the_token_too(feed: ScriptedFeed, path: str) -> None:
    """A WebSocket is a request like any other."""
    with gateway_with(feed, TOKEN) as url:
        with pytest.raises(Exception, match="403"):
            opened(url, path)
        headers = {"authorization": f"Bearer {TOKEN}"}
        with opened(url, path, additional_headers=headers) as socket:
            assert hear(socket)["type"] == "connected"


@pytest.mark.parametrize("path", ["/api/v1/stream", "/ws/x", "/stocks"])
def test_a_page_of_another_site_gets_no_stream(url: str, path: str) -> None:
    """A browser says whose page it is; nothing stops a page from trying."""
    with pytest.raises(Exception, match="403"):
        opened(url, path, origin="https://elsewhere.example")
    with opened(url, path, origin=url):
        pass


def test_the_vendors_protocol_has_the_key_in_its_first_message(feed: ScriptedFeed) -> None:
    """Wrong keys, wrong topics and channels that are not there get a status."""
    with gateway_with(feed, TOKEN) as url, opened(url, "/stocks") as socket:
        assert hear(socket)[0]["status"] == "connected"
        say(socket, action="subscribe", params="AM.AAPL")
        assert hear(socket)[0]["status"] == "auth_required"
        say(socket, action="auth", params="wrong")
        assert hear(socket)[0]["status"] == "auth_failed"
        say(socket, action="auth", params=TOKEN)
        assert hear(socket)[0]["status"] == "auth_success"
        say(socket, action="subscribe", params="Q.AAPL")
        assert "one of AM, T" in hear(socket)[0]["message"]
        say(socket, action="subscribe", params="AM.AAPL")
        assert hear(socket) == [
            {"ev": "status", "status": "success", "message": "subscribed to: AM.AAPL"}
        ]
        feed.send([minute("AAPL", 0)])
        (bar,) = hear(socket)
        assert (bar["ev"], bar["sym"], bar["c"]) == ("AM", "AAPL", 10.0)


def test_the_vendors_own_client_works_unchanged(feed: ScriptedFeed, url: str) -> None:
    """Only its address is another."""
    from massive import WebSocketClient

    bars: list[Any] = []

    class Enough(Exception):  # noqa: N818 - it is no error
        pass

    def handle(messages: list[Any]) -> None:
        bars.extend(messages)
        raise Enough

    client = WebSocketClient(
        "any", feed=url.removeprefix("http://"), secure=False, subscriptions=["AM.AAPL"]
    )

    def send_when_wanted() -> None:
        for _ in range(200):
            if feed.topics:
                feed.send([minute("AAPL", 0, close=11.5)])
                return
            ready.wait(0.02)

    ready = threading.Event()
    sender = threading.Thread(target=send_when_wanted)
    sender.start()
    with pytest.raises(Enough):
        client.run(handle)
    sender.join()
    assert [(bar.symbol, bar.close) for bar in bars] == [("AAPL", 11.5)]


def _holes(bars: dict[int, float]) -> int:
    """Minutes that are missing between the first and the last bar."""
    return (max(bars) - min(bars)) // 60_000 + 1 - len(bars)


def test_the_vendors_own_client_and_ours_get_the_same_bars(feed: ScriptedFeed, url: str) -> None:
    """At the same time, each from its first bar on without a hole."""
    from massive import WebSocketClient

    from polytape import PolygonClient
    from polytape.wire.polygon.events import MinuteAggregate

    theirs: dict[int, float] = {}
    ours: dict[int, float] = {}
    enough = threading.Event()

    class Enough(Exception):  # noqa: N818 - it is no error
        pass

    def handle(messages: list[Any]) -> None:
        theirs.update({bar.start_timestamp: bar.close for bar in messages})
        if len(theirs) >= 20 and len(ours) >= 20:
            enough.set()
            raise Enough

    def trade() -> None:
        number = 0
        while not enough.wait(0.01) and number < 2_000:
            feed.send([minute("AAPL", number, close=10.0 + number)])
            number += 1

    def listen() -> None:
        with PolygonClient(url) as client, client.stream("AAPL") as stream:
            while not enough.is_set():
                event = stream.get(0.1)
                if isinstance(event, MinuteAggregate):
                    ours[event.start] = event.close

    client = WebSocketClient(
        "any", feed=url.removeprefix("http://"), secure=False, subscriptions=["AM.AAPL"]
    )
    threads = [threading.Thread(target=trade), threading.Thread(target=listen)]
    for thread in threads:
        thread.start()
    with pytest.raises(Enough):
        client.run(handle)
    for thread in threads:
        thread.join()
    assert [_holes(theirs), _holes(ours)] == [0, 0]
    both = theirs.keys() & ours.keys()
    assert len(both) >= 10
    assert {start: theirs[start] for start in both} == {start: ours[start] for start in both}


def test_a_client_that_stops_reading_slows_nobody(feed: ScriptedFeed, url: str) -> None:
    """Its bars are conflated in its own queue; once it reads again, the newest come last."""
    small = {"max_queue": 1, "ping_interval": None}
    with opened(url, "/api/v1/stream", **small) as slow, opened(url, "/api/v1/stream") as quick:
        for socket in (slow, quick):
            hear(socket)
            say(socket, action="subscribe", topics=["AM.*"])
            hear(socket)
        batches = 6_000
        for number in range(batches):
            feed.send([minute(f"S{at}", number) for at in range(20)])
        newest = 0
        while newest < batches * 20:
            newest = hear(quick)["next"]
        messages = 0
        newest = 0
        while newest < batches * 20:
            newest, messages = hear(slow)["next"], messages + 1
        assert messages <= batches + 20


def test_no_frame_is_compressed(url: str) -> None:
    """Frames are the same bytes for everybody, whatever a client offers."""
    with opened(url, "/api/v1/stream", compression="deflate") as socket:
        assert socket.protocol.extensions == []
