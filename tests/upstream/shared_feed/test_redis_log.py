"""The scripts on a real redis-server, and the plain twin beside them: the same promises."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis

from polytape.errors import ConfigurationError, ConnectionError
from polytape.upstream.shared_feed.entries import Entry, NewEntry, Position
from polytape.upstream.shared_feed.redis_log import redis_log
from polytape.upstream.shared_feed.shared_log import COMPETE, WATCH, Beat, SharedLog
from polytape.wire.polygon.topics import Topic
from tests.fakes.redis_server import RedisServer
from tests.upstream.shared_feed.memory_log import MemoryLog, Server

pytestmark = [pytest.mark.process, pytest.mark.timeout(60)]

LEASE_S = 0.3
NOTHING: frozenset[Topic] = frozenset()
A, B = frozenset([Topic("AM", "A")]), frozenset([Topic("AM", "B"), Topic("T", "*")])


@pytest.fixture(params=["redis", "memory"])
async def shared(
    request: pytest.FixtureRequest, redis_server: RedisServer
) -> AsyncIterator[SharedLog]:
    log: SharedLog = MemoryLog(Server(time.monotonic, LEASE_S, max_entries=1_000))
    if request.param == "redis":
        log = redis_log(redis_server.url, uuid.uuid4().hex, lease_s=LEASE_S, max_entries=1_000)
    yield log
    await log.close()


async def lease_of(shared: SharedLog, gateway: str, topics: frozenset[Topic] = NOTHING) -> Beat:
    """Compete until it is this gateway's."""
    while not (beat := await shared.beat(gateway, COMPETE, topics)).mine:
        await asyncio.sleep(beat.left_s + 0.005)
    return beat


def position(beat: Beat) -> Position:
    return Position(beat.epoch, beat.fence, beat.number)


async def test_one_has_the_lease_until_it_has_run_out(shared: SharedLog) -> None:
    """Renewed it lasts; who lost it does not get it back by renewing; the numbers only grow."""
    first = await shared.beat("a", COMPETE, NOTHING)
    assert (first.mine, first.taken, first.known) == (False, False, False)
    assert 0 < first.left_s <= LEASE_S + 1e-6  # a difference of two clock readings
    mine = await lease_of(shared, "a")
    for _ in range(3):
        await asyncio.sleep(LEASE_S / 2)
        assert (await shared.beat("a", mine.fence, NOTHING, "connected")).mine
        other = await shared.beat("b", COMPETE, NOTHING)
        assert (other.mine, other.taken, other.status) == (False, True, "connected")
        assert other.left_s > 0
    await asyncio.sleep(LEASE_S + 0.01)
    assert not (await shared.beat("b", WATCH, NOTHING)).taken
    assert not (await shared.beat("a", mine.fence, NOTHING)).mine
    theirs = await shared.beat("b", COMPETE, NOTHING)
    assert theirs.mine
    assert theirs.fence == mine.fence + 1
    assert theirs.epoch == mine.epoch == first.epoch
    await shared.release("a")
    assert (await shared.beat("b", theirs.fence, NOTHING)).mine
    await shared.release("b")
    assert (await shared.beat("a", COMPETE, NOTHING)).fence == theirs.fence + 1


async def test_entries_are_read_as_they_were_written_from_any_position(shared: SharedLog) -> None:
    """Numbered on across leases; whoever's lease is over writes nothing."""
    mine = await lease_of(shared, "a")
    start = position(mine)
    new = [NewEntry("live", 17, b"[1]"), NewEntry("notice", 18, b"\xff\x00{}")]
    assert await shared.append("a", start, new, 18)
    # The answer was lost: the same again is no second time.
    assert await shared.append("a", start, new, 18)
    expected = [Entry(mine.epoch, mine.fence, n, *e) for n, e in enumerate(new, 1)]
    assert await shared.read(start) == expected
    assert not await shared.append("b", start._replace(number=2), new, 19)
    assert not await shared.append("a", start._replace(number=9), new, 19)
    assert not await shared.append("a", start._replace(number=2, epoch="other"), new, 19)
    await shared.release("a")
    assert not await shared.append("a", start._replace(number=2), new, 19)
    theirs = await lease_of(shared, "b")
    assert (theirs.number, theirs.through) == (2, 18)
    assert not await shared.append("a", start._replace(number=2), new, 19)
    assert await shared.append("b", position(theirs), new[:1], 20)
    rest = await shared.read(start._replace(number=1))
    assert [(one.fence, one.number) for one in rest] == [(mine.fence, 2), (theirs.fence, 3)]
    assert (await shared.beat("c", COMPETE, NOTHING)).through == 20
    assert await shared.read(Position(mine.epoch, theirs.fence, 3)) == []


async def test_old_entries_are_cut_off(shared: SharedLog) -> None:
    """The log stays bounded, and a reader sees by the numbers that some are gone."""
    mine = await lease_of(shared, "a")
    at = position(mine)
    for _ in range(30):
        assert await shared.append("a", at, [NewEntry("live", 1, b"[]")] * 100, 1)
        at = at._replace(number=at.number + 100)
    (first, *_) = await shared.read(position(mine))
    assert 1_500 < first.number <= 2_001


async def test_wishes_are_united_and_go_with_their_gateway(shared: SharedLog) -> None:
    """Their version changes with them, and only then."""
    one = await shared.beat("a", WATCH, A)
    two = await shared.beat("b", WATCH, B)
    assert await shared.wishes() == A | B
    again = await shared.beat("a", WATCH, A)
    assert (again.known, again.wishes) == (True, two.wishes)
    assert two.wishes > one.wishes
    assert (await shared.beat("a", WATCH, NOTHING)).wishes > two.wishes
    await shared.release("b", leave=True)
    assert await shared.wishes() == NOTHING
    assert not (await shared.beat("b", WATCH, B)).known


async def test_a_new_epoch_begins_without_memory(redis_server: RedisServer) -> None:
    """Nobody has the lease in the first of its seconds, the old holder writes nothing, and its
    fencing numbers are higher all the same. So it is after a restart.
    """
    shared = redis_log(redis_server.url, "forgetful", lease_s=LEASE_S)
    before = await lease_of(shared, "a")
    assert await shared.append("a", position(before), [NewEntry("live", 1, b"[]")], 1)
    for forget in (flush, restart):
        forget(redis_server)
        if forget is restart:
            await asyncio.sleep(0)
            await once_back(shared)
        assert not await shared.append("a", position(before), [NewEntry("live", 1, b"[]")], 1)
        beat = await shared.beat("b", COMPETE, NOTHING)
        assert not beat.mine
        assert beat.epoch != before.epoch
        assert (beat.number, beat.taken, beat.known) == (0, False, False)
        assert not (await shared.beat("a", before.fence, NOTHING)).mine
        began = time.monotonic()
        after = await lease_of(shared, "b")
        assert time.monotonic() - began > LEASE_S / 2
        assert after.fence > before.fence
        assert await shared.append("b", position(after), [NewEntry("live", 1, b"[]")], 1)
        (entry,) = await shared.read(Position(after.epoch, 0, 0))
        assert entry.number == 1
        before = after
        await shared.release("b")
        before = await lease_of(shared, "a")
    await shared.close()


def flush(server: RedisServer) -> None:
    with redis.Redis(port=server.port) as client:
        client.flushall()


def restart(server: RedisServer) -> None:
    server.kill()
    server.start()


async def once_back(shared: SharedLog) -> None:
    """The first call after a restart may meet a connection that is gone."""
    try:
        await shared.wishes()
    except ConnectionError:
        await shared.wishes()


async def test_topics_outlive_a_server_that_was_away(redis_server: RedisServer) -> None:
    """Where no gateway could say that it is there, none is given up."""
    shared = redis_log(redis_server.url, "away", lease_s=LEASE_S)
    await shared.beat("a", WATCH, A)
    await shared.beat("b", WATCH, B)
    with redis.Redis(port=redis_server.port, decode_responses=True) as client:
        (expiry,) = client.keys("polytape:feed:*:expiry")[:1]
        for name in client.keys("polytape:feed:*:expiry"):
            for member in client.zrange(name, 0, -1):
                client.zadd(name, {member: 1})
        assert (await shared.beat("a", WATCH, A)).known
        assert await shared.wishes() == A | B
        for name in client.keys("polytape:feed:*:expiry"):
            client.zadd(name, {"b": 1}, xx=True)
        await shared.beat("a", WATCH, A)
        assert await shared.wishes() == A
        assert expiry
    await shared.close()


async def test_the_server_gets_no_key_and_keeps_nothing_for_ever(redis_server: RedisServer) -> None:
    """Names are hashes, and everything goes away once nobody uses it."""
    secret = "a-key-that-must-not-show"
    shared = redis_log(redis_server.url, secret, lease_s=LEASE_S)
    mine = await lease_of(shared, "a", A)
    await shared.append("a", position(mine), [NewEntry("live", 1, b"[]")], 1)
    await shared.beat("a", mine.fence, A)
    with redis.Redis(port=redis_server.port, decode_responses=True) as client:
        names = client.keys("polytape:feed:*")
        assert len(names) >= 4
        assert not any(secret in name for name in names)
        assert all(client.pttl(name) > 0 for name in names)
    await shared.close()


async def test_what_cannot_be_used_is_named_without_its_password(tmp_path: Path) -> None:
    """An error of our own, with the server's address."""
    shared = redis_log("redis://user:hidden@127.0.0.1:1/0", "key")
    for call in (shared.beat("a", WATCH, A), shared.wishes(), shared.read(Position("", 0, 0))):
        with pytest.raises(ConnectionError, match=r"redis://127\.0\.0\.1:1/0") as caught:
            await call
        assert "hidden" not in str(caught.value)
    await shared.close()
    with pytest.raises(ConfigurationError, match="--redis"):
        redis_log("http://somewhere", "key")
