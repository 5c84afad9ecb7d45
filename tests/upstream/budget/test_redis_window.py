"""One budget for several processes, on a real redis-server."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from polytape.errors import ConfigurationError, ConnectionError
from polytape.upstream.budget.budget import Budget
from polytape.upstream.budget.redis_window import shared_window
from polytape.upstream.redis_server import shared_name
from tests.fakes.redis_server import RedisServer
from tests.fakes.vendor import KEY, street
from tests.upstream.polygon.conftest import NOW

pytestmark = [pytest.mark.process, pytest.mark.timeout(60)]

LIMIT, WINDOW_S, PROCESSES, REQUESTS = 6, 0.5, 3, 12


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of our own. Without one these tests fail: a budget that is not shared is no budget."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    try:
        yield server.url
    finally:
        server.kill()


ASKER = """
import sys, json
from polytape.net.http import SyncDriver
from polytape.upstream.budget.budget import Budget
from polytape.upstream.polygon.connection import VendorConnection
from polytape.upstream.budget.redis_window import shared_window
from polytape.wire.flow import Request

url, redis, key, limit, window, count = sys.argv[1:]
budget = Budget(shared_window(redis, key, int(limit), float(window)))
vendor = VendorConnection(SyncDriver(url), budget, key)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(count)):
    vendor.get(Request("GET", "/v1/marketstatus/now"), background=number % 2 == 0)
print(json.dumps(budget.refreshed().used), flush=True)
"""


def test_three_processes_never_ask_more_than_the_budget(redis_url: str) -> None:
    with street(NOW, budget=(LIMIT, WINDOW_S)) as wall:
        wall.vendor.seconds = time.monotonic
        arguments = [wall.url, redis_url, KEY, str(LIMIT), str(WINDOW_S), str(REQUESTS)]
        askers = [
            subprocess.Popen([sys.executable, "-c", ASKER, *arguments], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]  # fmt: skip
        for asker in askers:
            assert asker.stdout is not None
            assert asker.stdout.readline() == "ready\n"
        used = []
        for asker in askers:
            assert asker.stdin is not None
            asker.stdin.write("go\n")
            asker.stdin.flush()
        for asker in askers:
            out, _ = asker.communicate()
            assert asker.returncode == 0
            used.append(json.loads(out))
        assert len(wall.vendor.requests) == PROCESSES * REQUESTS
        assert {one.status for one in wall.vendor.requests} == {200}
        assert wall.vendor.busiest() <= LIMIT
        assert all(one <= LIMIT for one in used)
        first, last = wall.vendor.requests[0].at, wall.vendor.requests[-1].at
        # As fast as the budget allows, and not one window slower than that by much.
        assert last - first >= (PROCESSES * REQUESTS / LIMIT - 1) * WINDOW_S


def test_the_key_is_not_told_to_redis_and_a_dead_holder_frees_its_place(redis_url: str) -> None:
    import redis

    secret = "another-key-that-must-not-show"
    window = shared_window(redis_url, secret, 2, 60.0)
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    client.set(f"{shared_name('budget', secret)}:since", "1")  # it has counted for long
    assert window.take(0.0)[0] is not None
    token, _ = window.take(0.0)
    assert token is not None
    window.answered(token, 0.0)
    nothing, wait = window.take(0.0)
    assert nothing is None
    assert 0 < wait <= 60
    assert (window.state(0.0).used, window.state(1e9).used) == (2, 0)
    names = [str(name) for name in client.keys("*")]
    assert len(names) >= 1
    assert not any(secret in name for name in names)
    assert all(client.pttl(name) > 0 for name in names)
    client.close()


def test_a_redis_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    budget = Budget(shared_window("redis://user:hidden@127.0.0.1:1/0", KEY, 5, 60.0))
    with (
        pytest.raises(ConnectionError, match=r"redis://127\.0\.0\.1:1/0") as caught,
        budget.place(),
    ):
        pass
    assert "hidden" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="--redis"):
        shared_window("http://somewhere", KEY, 5, 60.0)


def test_a_server_that_lost_its_count_gives_no_places_for_a_window(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Emptied while a gateway runs, or so young that it may have been: the vendor has not forgotten
    what was asked of it.
    """
    import redis

    client = redis.Redis.from_url(redis_url, decode_responses=True)
    name = shared_name("budget", "lost")
    client.set(f"{name}:since", "1")
    one, other = (shared_window(redis_url, "lost", 2, 60.0) for _ in range(2))
    assert one.take(0.0)[0] is not None
    assert other.take(0.0)[0] is not None
    client.flushdb()
    young = shared_window(redis_url, "lost", 2, 60.0)  # after the loss, and so it cannot tell
    for window in (one, other, young):
        token, wait = window.take(0.0)
        assert token is None
        assert 50 < wait <= 60
        assert (window.state(0.0).used, window.state(0.0).limit) == (2, 2)
    assert caplog.text.count("has lost its count") == 2
    client.delete(name)  # the window is over
    assert other.take(0.0)[0] is not None
    assert caplog.text.count("has lost its count") == 2
    client.flushdb()
    fresh = shared_window(redis_url, "lost", 2, 60.0)
    assert fresh.take(0.0)[0] is None  # the server was started a moment ago
    client.close()


def test_a_place_that_was_given_back_is_free_for_all(redis_url: str) -> None:
    """A request that never reached the vendor is in nobody's count."""
    # Of a server that is younger than its window the count is used up: this window is soon over.
    one, other = (shared_window(redis_url, "given-back", 2, 0.001) for _ in range(2))
    while one.take(0.0)[0] is None:
        one.refresh(0.0)
    one.released(1, 0.0)
    for _ in range(4):
        token, _ = one.take(0.0)
        assert token is not None
        one.released(token, 0.0)
    assert [other.take(0.0)[0] is None for _ in range(3)] == [False, False, True]
