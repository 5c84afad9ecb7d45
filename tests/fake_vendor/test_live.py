"""The fake vendor's live side over real sockets: sessions, mischief, and a vendor that dies."""

import asyncio
import json
import signal
import socket as sockets
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect as async_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from polytape.fake_vendor.live_mischief import LARGEST_FRAME, LiveMischief
from polytape.fake_vendor.live_session import NO_LIVE
from polytape.fake_vendor.routes import Routes
from polytape.fake_vendor.server import FakeVendor, start
from polytape.model.units import MINUTE_US
from polytape.wire.polygon.events import Trade
from tests.conftest import NOW
from tests.fake_vendor.streets import (
    KEY,
    OTHER_KEY,
    address,
    fake_market,
    hear,
    live_vendor,
    opened,
    paused_clock,
    say,
    statuses,
    subscribed,
)
from tests.fakes.feed import minute

pytestmark = pytest.mark.socket

START = NOW // 1_000
MINUTE_MS = 60_000
QUIET_S = 0.05


@pytest.fixture
def vendor() -> Iterator[FakeVendor]:
    with live_vendor() as one:
        yield one


def rest(vendor: FakeVendor, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {KEY}"}
    request = urllib.request.Request(f"{vendor.routes.host}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def minutes_by_rest(vendor: FakeVendor, start: int) -> list[Any]:
    """The minutes of AAPL from a start on."""
    path = f"/v2/aggs/ticker/AAPL/range/1/minute/{start}/{start + 10 * MINUTE_MS}"
    results: list[Any] = rest(vendor, f"{path}?adjusted=false").get("results", [])
    return results


def closing(socket: ClientConnection) -> tuple[int | None, list[str]]:
    """The code that a connection ends with (None for a cut), and the statuses before it."""
    heard = []
    try:
        while True:
            heard += [one["status"] for one in hear(socket) if one["ev"] == "status"]
    except ConnectionClosed as end:
        return None if end.rcvd is None else end.rcvd.code, heard


def test_what_is_pushed_comes_to_who_is_subscribed(vendor: FakeVendor) -> None:
    """Events of ours or as JSON; the symbol of some stands under `T`."""
    with subscribed(vendor, "AM.AAPL,T.*,LULD.SPY") as socket:
        bands = {"ev": "LULD", "T": "SPY", "h": 2, "l": 1, "t": START * 1_000}
        trade = Trade("BRK.B", 10.0, START)
        sent = vendor.live.push([minute("AAPL", 0), minute("SPY", 0), trade, bands])
        assert [event["ev"] for event in hear(socket)] == ["AM", "T", "LULD"]
        assert sent == 1
        assert vendor.live.push([minute("SPY", 0)]) == 0
    assert vendor.live.report()["frames"] == 1


def test_minutes_come_as_they_end_and_rest_has_them(vendor: FakeVendor) -> None:
    """One clock for both; several minutes at once where it jumps."""
    assert vendor.clock is not None
    with subscribed(vendor, "AM.AAPL,AM.NOSUCH") as socket:
        vendor.clock.step(MINUTE_US)
        first = hear(socket)
        vendor.clock.step(2 * MINUTE_US)
        later = hear(socket)
    starts = [bar["s"] for bar in first + later]
    assert starts == [START + k * MINUTE_MS for k in range(3)]
    rows = minutes_by_rest(vendor, START)
    assert [(row["t"], row["c"]) for row in rows] == [(bar["s"], bar["c"]) for bar in first + later]


def test_what_was_missed_is_not_sent_again(vendor: FakeVendor) -> None:
    """REST has it."""
    assert vendor.clock is not None
    with subscribed(vendor) as socket:
        vendor.clock.step(MINUTE_US)
        hear(socket)
    vendor.live.wait_for(lambda live: not live.connections)
    vendor.clock.step(MINUTE_US)
    time.sleep(QUIET_S * 2)  # the minute passes while nobody listens
    with subscribed(vendor) as socket:
        vendor.clock.step(MINUTE_US)
        assert [bar["s"] for bar in hear(socket)] == [START + 2 * MINUTE_MS]
    assert len(minutes_by_rest(vendor, START)) == 3


def test_a_late_plan_gets_minutes_of_a_quarter_of_an_hour_ago() -> None:
    """With their own stamps."""
    with live_vendor("starter") as vendor, subscribed(vendor) as socket:
        assert vendor.clock is not None
        vendor.clock.step(MINUTE_US)
        (bar,) = hear(socket)
    assert bar["s"] == START - 15 * MINUTE_MS


@pytest.mark.parametrize(
    ("plan", "key", "status"),
    [("basic", KEY, ("auth_failed", NO_LIVE)),
     ("basic", OTHER_KEY, ("auth_failed", "authentication failed")),
     (None, OTHER_KEY, ("auth_failed", "authentication failed")),
     (None, KEY, ("auth_success", "authenticated"))],
)  # fmt: skip
def test_keys_and_plans(plan: str | None, key: str, status: tuple[str, str]) -> None:
    """The same key as for REST."""
    with live_vendor(plan, key=KEY) as vendor, opened(vendor) as socket:
        hear(socket)
        say(socket, "auth", key)
        assert statuses(socket) == [status]


def test_a_newcomer_evicts_the_oldest_of_its_key() -> None:
    """It streams; the other one hears why, and is closed. Other keys are nobody's business."""
    with live_vendor(connections=2) as vendor, subscribed(vendor, key=OTHER_KEY) as other:
        with subscribed(vendor) as oldest, subscribed(vendor) as middle:
            with subscribed(vendor) as newest:
                assert closing(oldest) == (1008, ["max_connections"])
                assert vendor.live.push([minute("AAPL", 0)]) == 3
                for socket in (middle, newest, other):
                    assert hear(socket)[0]["sym"] == "AAPL"


@pytest.mark.parametrize(
    ("kind", "code", "heard"),
    [(LiveMischief.DROP, None, []),
     (LiveMischief.CLOSE_OK, 1000, []),
     (LiveMischief.CLOSE_POLICY, 1008, []),
     (LiveMischief.CLOSE_ERROR, 1011, []),
     (LiveMischief.EVICT, 1008, ["max_connections"]),
     (LiveMischief.FORCE_DISCONNECT, 1000, ["force_disconnect"]),
     (LiveMischief.SLOW_CONSUMER, 1008, ["slow_consumer"])],
)  # fmt: skip
def test_ways_to_end_a_connection(
    vendor: FakeVendor, kind: LiveMischief, code: int | None, heard: list[str]
) -> None:
    """At once, after what was sent before."""
    with subscribed(vendor) as socket:
        vendor.live.push([minute("AAPL", 0)])
        hear(socket)
        vendor.live.order(kind)
        assert closing(socket) == (code, heard)
    vendor.live.wait_for(lambda live: not live.connections)


@pytest.mark.parametrize(
    ("kind", "answers"), [(LiveMischief.MUTE, True), (LiveMischief.DEAF, False)]
)
def test_mute_answers_pings_and_deaf_does_not(
    vendor: FakeVendor, kind: LiveMischief, answers: bool
) -> None:
    """Neither says anything of the market."""
    with opened(vendor, ping_interval=None, close_timeout=0.1) as socket:
        hear(socket)
        say(socket, "auth", KEY)
        hear(socket)
        say(socket, "subscribe", "AM.AAPL")
        hear(socket)
        vendor.live.order(kind)
        vendor.live.push([minute("AAPL", 0)])
        assert socket.ping().wait(5 if answers else QUIET_S) is answers
        with pytest.raises(TimeoutError):
            socket.recv(timeout=QUIET_S)
        vendor.live.cut()


def test_frames_that_are_no_bars_come_at_once(vendor: FakeVendor) -> None:
    """To everybody, and the connection lives."""
    with subscribed(vendor) as socket:
        vendor.live.order(LiveMischief.GARBAGE, LiveMischief.UNKNOWN_STATUS)
        vendor.live.order(LiveMischief.UNKNOWN_KIND)
        vendor.live.push_raw("]")
        with pytest.raises(ValueError):
            hear(socket)
        assert [hear(socket)[0]["ev"] for _ in range(2)] == ["status", "ZZ"]
        assert socket.recv(timeout=5) == "]"
        vendor.live.push([minute("AAPL", 0)])
        assert hear(socket)[0]["ev"] == "AM"


def test_bars_that_come_again_are_the_same_in_rest(vendor: FakeVendor) -> None:
    """The last one counts, there as here."""
    assert vendor.clock is not None
    with subscribed(vendor) as socket:
        vendor.live.order(LiveMischief.REPEAT)
        vendor.clock.step(MINUTE_US)
        (first,), (again,) = hear(socket), hear(socket)
    assert (first["s"], first["v"] + 100) == (again["s"], again["v"])
    (row,) = minutes_by_rest(vendor, START)
    assert (row["c"], row["h"], row["v"]) == (again["c"], again["h"], float(again["dv"]))
    assert row["c"] != first["c"]


def test_minutes_that_are_pushed_can_be_in_rest(vendor: FakeVendor) -> None:
    """Once the clock is past them."""
    assert vendor.clock is not None
    bar = {"ev": "AM", "sym": "AAPL", "o": 1, "h": 1, "l": 1, "c": 1, "v": 7, "s": START}
    vendor.live.push([bar], in_rest=True)
    assert minutes_by_rest(vendor, START) == []
    vendor.clock.step(MINUTE_US)
    assert minutes_by_rest(vendor, START)[0]["c"] == 1.0


@pytest.mark.parametrize(
    ("kind", "order"), [(LiveMischief.DELAY, [0, 1]), (LiveMischief.REORDER, [1, 0])]
)
def test_late_frames_come_before_or_after_the_next(
    vendor: FakeVendor, kind: LiveMischief, order: list[int]
) -> None:
    """Delayed in order, or out of it."""
    with subscribed(vendor) as socket:
        vendor.live.order(kind)
        vendor.live.push([minute("AAPL", 0)])
        vendor.live.push([minute("AAPL", 1)])
        starts = [hear(socket)[0]["s"] for _ in range(2)]
    assert starts == [minute("AAPL", number).start for number in order]


def test_every_batch_late_or_out_of_order(vendor: FakeVendor) -> None:
    """One behind, or in pairs; nothing is lost but what waits at the end."""
    with subscribed(vendor) as socket:
        for kind, order in ((LiveMischief.DELAY, [0, 1, 2]), (LiveMischief.REORDER, [3, 0, 2, 1])):
            vendor.live.every = kind
            for number in range(4):
                vendor.live.push([minute("AAPL", number)])
            starts = [hear(socket)[0]["s"] for _ in order]
            assert starts == [minute("AAPL", number).start for number in order]


def test_a_batch_that_nobody_gets_uses_up_no_mischief(vendor: FakeVendor) -> None:
    """It is kept for one that somebody gets."""
    vendor.live.order(LiveMischief.DUPLICATES)
    vendor.live.push([minute("AAPL", 0)])
    with subscribed(vendor) as socket:
        vendor.live.push([minute("SPY", 0)])
        vendor.live.push([minute("AAPL", 1)])
        assert hear(socket) == hear(socket)


def test_connections_that_come_and_go_leave_nothing(vendor: FakeVendor) -> None:
    """Cut, closed or left, in any order."""
    for number in range(12):
        with subscribed(vendor) as socket:
            vendor.live.push([minute("AAPL", number)])
            hear(socket)
            if number % 3:
                vendor.live.order([LiveMischief.DROP, LiveMischief.CLOSE_ERROR][number % 2])
    vendor.live.wait_for(lambda live: not live.report()["connections"] and not live.topics)


def test_frames_come_twice_in_fragments_or_a_megabyte_long(vendor: FakeVendor) -> None:
    """A client puts fragments together, and takes a megabyte."""
    with subscribed(vendor) as socket:
        vendor.live.order(LiveMischief.DUPLICATES, LiveMischief.FRAGMENTS, LiveMischief.LARGE_FRAME)
        for number in range(3):
            vendor.live.push([minute("AAPL", number)])
        assert [hear(socket)[0]["s"] for _ in range(2)] == [minute("AAPL", 0).start] * 2
        fragments = [str(part) for part in socket.recv_streaming()]
        assert len(fragments) > 1
        assert json.loads("".join(fragments))[0]["s"] == minute("AAPL", 1).start
        assert len(socket.recv(timeout=5)) == LARGEST_FRAME


def test_mischief_every_time(vendor: FakeVendor) -> None:
    """Until it is taken back."""
    vendor.live.every = LiveMischief.DUPLICATES
    with subscribed(vendor) as socket:
        for number in range(2):
            vendor.live.push([minute("AAPL", number)])
            assert hear(socket) == hear(socket)
        vendor.live.every = LiveMischief.DROP
        vendor.live.push([minute("AAPL", 2)])
        assert closing(socket)[0] is None
    vendor.live.every = LiveMischief.AUTH_REFUSED
    with opened(vendor) as socket:
        hear(socket)
        say(socket, "auth", KEY)
        assert statuses(socket)[0][0] == "auth_failed"


def test_a_client_that_does_not_read_is_dropped(vendor: FakeVendor) -> None:
    """Others are not kept waiting."""
    vendor.live.max_buffer = 100_000
    with subscribed(vendor, key=OTHER_KEY) as slow, subscribed(vendor) as quick:
        (of_slow, of_quick) = vendor.live.connections
        assert of_quick.session.key == KEY
        # The kernel and the client's own queue take some megabytes first.
        for _ in range(200):
            of_slow.send(b'["' + b"x" * 100_000 + b'"]') if of_slow.open else None
        vendor.live.push([minute("AAPL", 0)])
        assert hear(quick)[0]["ev"] == "AM"
        assert not of_slow.open
        slow.socket.shutdown(sockets.SHUT_RDWR)


def test_a_vendor_that_dies_and_comes_back(vendor: FakeVendor) -> None:
    """Everybody is cut, nobody is let in, then the same port answers again."""
    with subscribed(vendor) as socket:
        vendor.stop_listening()
        assert closing(socket) == (None, [])
    with pytest.raises(OSError):
        rest(vendor, "/v1/marketstatus/now")
    with pytest.raises(ConnectionRefusedError), opened(vendor):
        pass
    vendor.listen_again()
    with subscribed(vendor) as socket:
        vendor.live.push([minute("AAPL", 0)])
        assert hear(socket)[0]["ev"] == "AM"
    assert rest(vendor, "/v1/marketstatus/now")


def test_orders_over_http(vendor: FakeVendor) -> None:
    """For a vendor that is another process."""
    with subscribed(vendor, "AM.AAPL,T.SPY") as socket:
        bar = {"ev": "AM", "sym": "AAPL", "o": 1, "h": 1, "l": 1, "c": 1, "v": 7, "s": START}
        report = rest(vendor, "/_fake", {"live": ["duplicates"], "push": [bar]})["live"]
        assert hear(socket) == hear(socket)
        assert report["topics"] == ["AM.AAPL", "T.SPY"]
        assert [one["topics"] for one in report["connections"]] == [report["topics"]]
        assert report["frames"] == 2
        rest(vendor, "/_fake", {"live": ["close-1011"], "live_every": "delay"})
        assert closing(socket)[0] == 1011
    assert rest(vendor, "/_fake")["live"]["every"] == "delay"
    assert rest(vendor, "/_fake", {"live_every": None})["live"]["every"] is None


@pytest.mark.parametrize(
    "order", [{"live": ["nonsense"]}, {"live": "drop"}, {"live_every": "nonsense"}, {"push": [{}]}]
)
def test_a_wrong_order_is_refused_with_what_there_is(
    vendor: FakeVendor, order: dict[str, object]
) -> None:
    """In the answer."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        rest(vendor, "/_fake", order)
    with refused.value:
        assert (refused.value.code, b"slow-consumer" in refused.value.read()) == (400, True)


def test_it_runs_in_a_loop_of_the_callers_too() -> None:
    """The same door, from inside; other tasks of the loop are left alone."""

    async def main() -> None:
        clock = paused_clock()
        one = FakeVendor(Routes(fake_market(clock)), clock=clock)
        bystander = asyncio.create_task(asyncio.Event().wait())
        await start(one, "127.0.0.1", 0)
        async with async_connect(address(one), proxy=None) as socket:
            assert "connected" in str(await socket.recv())
            one.stop_listening()
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        one.listen_again()
        async with async_connect(address(one), proxy=None) as socket:
            await socket.recv()
            await one.close()
        assert not bystander.done()
        bystander.cancel()

    asyncio.run(main())


def test_a_failure_of_the_bars_is_not_hidden() -> None:
    """The end of the vendor raises it."""

    class BrokenFeedError(Exception):
        pass

    class Broken:
        async def run(self, _: object) -> None:
            raise BrokenFeedError

    async def main() -> None:
        one = FakeVendor(Routes(fake_market(paused_clock())))
        await start(one, "127.0.0.1", 0)
        one._feed = asyncio.create_task(Broken().run(None))
        await one.close()

    with pytest.raises(BrokenFeedError):
        asyncio.run(main())


@pytest.mark.process
def test_the_command_speaks_it_too() -> None:
    """A clock so many times as fast, a plan, mischief each time."""
    options = "--port 0 --speed 6000 --plan developer --live-mischief unknown-fields --seed 3"
    command = [sys.executable, "-m", "polytape", "fake-vendor", *options.split()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        url = process.stdout.readline().split()[-1]
        with connect(url, proxy=None) as socket:
            hear(socket)
            say(socket, "auth", KEY)
            hear(socket)
            say(socket, "subscribe", "AM.SPY,Q.SPY")
            assert {status for status, _ in statuses(socket) + statuses(socket)} == {
                "error", "success",
            }  # fmt: skip
            bar = hear(socket)[0]
            assert (bar["ev"], bar["sym"], "mood" in bar) == ("AM", "SPY", True)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors


def test_only_the_stocks_are_live(vendor: FakeVendor) -> None:
    """Another path is HTTP, and a plain request of this one is no WebSocket."""
    url = vendor.routes.host.replace("http", "ws")
    with pytest.raises(InvalidStatus), connect(f"{url}/options", proxy=None):
        pass
    with pytest.raises(urllib.error.HTTPError) as refused:
        rest(vendor, "/stocks")
    with refused.value:
        assert refused.value.code == 404


def official_client(vendor: FakeVendor, handle: Callable[[list[Any]], None]) -> Any:
    """The vendor's own client, which runs until `handle` raises."""
    from massive import WebSocketClient

    feed = vendor.routes.host.removeprefix("http://")
    client = WebSocketClient(
        KEY, feed=feed, secure=False, subscriptions=["AM.AAPL", "T.AAPL"], max_reconnects=2
    )
    client.run(handle)


def test_the_vendors_own_client_reads_the_bars(vendor: FakeVendor) -> None:
    """It knows all of their fields; nothing of it is changed but the address."""
    clock = vendor.clock
    assert clock is not None
    messages: list[Any] = []

    class Enough(Exception):  # noqa: N818 - it is no error
        pass

    def handle(some: list[Any]) -> None:
        messages.extend(some)
        raise Enough

    def step_when_subscribed() -> None:
        vendor.live.wait_for(lambda live: live.topics)
        clock.step(MINUTE_US)

    stepper = threading.Thread(target=step_when_subscribed)
    stepper.start()
    with pytest.raises(Enough):
        official_client(vendor, handle)
    stepper.join()
    trade, bar = messages
    (row,) = minutes_by_rest(vendor, START)
    assert (trade.event_type, trade.price, trade.size) == ("T", row["c"], 0)
    assert (bar.event_type, bar.symbol, bar.start_timestamp) == ("AM", "AAPL", START)
    assert (bar.open, bar.high, bar.low, bar.close) == tuple(row[name] for name in "ohlc")
    assert (bar.volume, bar.vwap, bar.end_timestamp) == (row["v"], row["vw"], START + MINUTE_MS)
    assert bar.accumulated_volume >= bar.volume
    assert bar.official_open_price


def test_the_vendors_own_client_hears_a_refusal() -> None:
    """As its own error, in the vendor's words."""
    from massive.exceptions import AuthError

    with live_vendor("basic") as vendor, pytest.raises(AuthError, match="websocket access"):
        official_client(vendor, lambda _: None)
