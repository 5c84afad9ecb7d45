"""The shared log on a Redis (or Valkey) server: a hash for the lease, a stream for the entries.

The server's clock decides. An entry's id is FENCE-NUMBER: ids only grow, so the server itself takes
nothing from a lower fencing number behind a higher one. A fencing number begins at the server's
milliseconds, so that it grows on even when the server has forgotten the ones before.
"""

import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from polytape.errors import ConfigurationError, ConnectionError, ValidationError
from polytape.upstream.redis_server import need_redis, shared_name, without_password
from polytape.upstream.shared_feed.entries import Entry, NewEntry, Position
from polytape.upstream.shared_feed.shared_log import LEASE_S, NOT_YET, Beat
from polytape.upstream.shared_feed.tasks import heeding_cancel
from polytape.wire.polygon.topics import Topic, parse_topic

# What a gateway wants is forgotten so long after it was last heard of.
WISH_S = 15.0
# What nobody uses any more goes away.
KEEP_S = 86_400.0
# The stream is cut to about so many entries: seconds at full rate, hours at a usual one.
MAX_ENTRIES = 10_000
ENTRIES_A_READ = 100
BLOCK_S, TIMEOUT_S = 0.25, 1.0

_COMMON = """
local state, stream, expiry, wishes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local me = ARGV[1]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local function get(name) return redis.call('HGET', state, name) end
"""

# A server that was started anew may have read back an older state: that is another epoch, too.
# Where every wish has run out, it is the server that was away, and all of them go on.
# ARGV: gateway, fencing number; milliseconds of a lease, a wish, the keys; topics, status, epoch,
# version of the wishes that the source has.
_BEAT = f"""{_COMMON}
local claim, lease = tonumber(ARGV[2]), tonumber(ARGV[3])
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if get('run') ~= run then
  redis.call('DEL', stream)
  redis.call('HSET', state, 'run', run, 'epoch', ARGV[8], 'born', text(now), 'number', 0,
    'ends', 0, 'holder', '', 'status', '', 'united', -1,
    'fence', text(math.max(now, tonumber(get('fence') or 0))))
end
local known = redis.call('HGET', wishes, me)
local heard = redis.call('ZREVRANGE', expiry, 0, 0, 'WITHSCORES')
if heard[2] and tonumber(heard[2]) < now then
  for _, other in ipairs(redis.call('ZRANGE', expiry, 0, -1)) do
    redis.call('ZADD', expiry, text(now + ARGV[4]), other)
  end
end
redis.call('ZADD', expiry, text(now + ARGV[4]), me)
if known ~= ARGV[6] then
  redis.call('HSET', wishes, me, ARGV[6])
  redis.call('HINCRBY', state, 'wishes', 1)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', text(now))) do
  redis.call('HDEL', wishes, gone)
  redis.call('ZREM', expiry, gone)
  redis.call('HINCRBY', state, 'wishes', 1)
end
local ends, free = tonumber(get('ends')), get('born') + lease
local mine = claim > 0 and get('holder') == me and get('fence') == ARGV[2] and now < ends
if claim == 0 and now >= math.max(ends, free) then
  redis.call('HINCRBY', state, 'fence', 1)
  mine = true
end
if mine then
  ends = now + lease
  redis.call('HSET', state, 'holder', me, 'ends', text(ends), 'status', ARGV[7], 'united', ARGV[9])
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[5]) end
return {{get('epoch'), get('fence'), get('number'), mine and 1 or 0, now < ends and 1 or 0,
  text(math.max(0, math.max(ends, free) - now)), get('wishes') or 0, get('united'),
  known and 1 or 0, get('through') or '', get('status')}}
"""

# ARGV: gateway, fencing number, epoch, number of the entry before, length of the stream, through;
# then kind, instant and data of each entry. If an answer was lost, they are there already.
_APPEND = f"""{_COMMON}
if get('holder') ~= me or get('fence') ~= ARGV[2] or get('epoch') ~= ARGV[3]
  or now >= tonumber(get('ends')) then return 0 end
local number, before, count = tonumber(get('number')), tonumber(ARGV[4]), (#ARGV - 6) / 3
if number == before + count then return 1 end
if number ~= before then return 0 end
for at = 7, #ARGV, 3 do
  number = number + 1
  redis.call('XADD', stream, 'MAXLEN', '~', ARGV[5], ARGV[2] .. '-' .. text(number),
    'e', ARGV[3], 'k', ARGV[at], 't', ARGV[at + 1], 'd', ARGV[at + 2])
end
redis.call('HSET', state, 'number', text(number), 'through', ARGV[6])
return 1
"""

# ARGV: gateway, whether its wish goes, too.
_RELEASE = f"""{_COMMON}
if get('holder') == me then redis.call('HSET', state, 'holder', '', 'ends', 0) end
if ARGV[2] == '1' and redis.call('ZREM', expiry, me) == 1 then
  redis.call('HDEL', wishes, me)
  redis.call('HINCRBY', state, 'wishes', 1)
end
return 1
"""


class Script(Protocol):
    """A script on the server."""

    def __call__(self, *, keys: list[str], args: list[Any]) -> Awaitable[Any]:
        """Run it."""
        ...


class StreamServer(Protocol):
    """What is needed of `redis.asyncio.Redis`."""

    def register_script(self, script: str) -> Script:
        """The script, sent to the server when it is first run."""
        ...

    def hvals(self, name: str) -> Awaitable[Any]:
        """The values of a hash."""
        ...

    def xread(self, streams: Any, count: int, block: int) -> Awaitable[Any]:
        """Entries behind an id."""
        ...

    def aclose(self) -> Awaitable[None]:
        """Close the connections."""
        ...


class RedisLog:
    """A `SharedLog`, for one event loop. `url` is shown in errors: without a password."""

    def __init__(
        self,
        client: StreamServer,
        name: str,
        url: str,
        *,
        lease_s: float = LEASE_S,
        max_entries: int = MAX_ENTRIES,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self.url = url
        self._client = client
        self._keys = [f"{name}:{part}" for part in ("state", "stream", "expiry", "wishes")]
        self._stream, self._wishes = self._keys[1], self._keys[3]
        self._lives = [round(seconds * 1_000) for seconds in (lease_s, WISH_S, KEEP_S)]
        self._max_entries = max_entries
        self._new_id = new_id
        self._beat, self._append, self._release = (
            client.register_script(script) for script in (_BEAT, _APPEND, _RELEASE)
        )

    async def beat(
        self,
        gateway: str,
        fence: int,
        topics: frozenset[Topic],
        status: str = "",
        united: int = NOT_YET,
    ) -> Beat:
        """As `SharedLog.beat`."""
        wish = ",".join(map(str, sorted(topics)))
        arguments = [gateway, fence, *self._lives, wish, status, self._new_id(), united]
        with self._translated():
            answer = await self._beat(keys=self._keys, args=arguments)
        epoch, last, number, mine, taken, left_ms, wishes, in_force, known, through, said = answer
        return Beat(
            epoch.decode(), int(last), int(number), bool(mine), bool(taken), int(left_ms) / 1_000,
            int(wishes), int(in_force), bool(known), int(through) if through else None,
            said.decode(),
        )  # fmt: skip

    async def wishes(self) -> frozenset[Topic]:
        """As `SharedLog.wishes`."""
        with self._translated():
            values = await self._client.hvals(self._wishes)
        return frozenset(topic for value in values for topic in _topics(value.decode()))

    async def append(
        self, gateway: str, lease: Position, entries: Sequence[NewEntry], through: int
    ) -> bool:
        """As `SharedLog.append`."""
        arguments: list[Any] = [gateway, lease.fence, lease.epoch, lease.number]
        arguments += [self._max_entries, through]
        for entry in entries:
            arguments += entry
        with self._translated():
            return bool(await self._append(keys=self._keys, args=arguments))

    async def read(self, position: Position) -> list[Entry]:
        """As `SharedLog.read`."""
        after = {self._stream: f"{position.fence}-{position.number}"}
        with self._translated():
            answer = await self._client.xread(after, ENTRIES_A_READ, round(BLOCK_S * 1_000))
        return [_entry(*pair) for _, pairs in answer or () for pair in pairs]

    async def release(self, gateway: str, *, leave: bool = False) -> None:
        """As `SharedLog.release`."""
        with self._translated():
            await self._release(keys=self._keys, args=[gateway, int(leave)])

    async def close(self) -> None:
        """As `SharedLog.close`."""
        with self._translated():
            await self._client.aclose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import redis

        try:
            with heeding_cancel():
                yield
        except (redis.RedisError, OSError) as error:
            raise ConnectionError(
                f"the shared feed at {self.url} cannot be used: {error}", url=self.url
            ) from error


def redis_log(
    url: str, key: str, *, lease_s: float = LEASE_S, max_entries: int = MAX_ENTRIES
) -> RedisLog:
    """The log of an API key on a Redis server, which gets a hash of the key only.

    Raises: ConfigurationError for what is no URL, or where the library is missing.
    """
    try:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError as error:
        raise ConfigurationError(need_redis()) from error
    try:
        # No retries of the library's own: an answer that is late is worth nothing to a lease.
        client = Redis.from_url(
            url, protocol=2, retry=Retry(NoBackoff(), 0),
            socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S,
        )  # fmt: skip
        shown = without_password(url)
    except ValueError as error:
        raise ConfigurationError(f"--redis: {error}") from error
    name = shared_name("feed", key)
    return RedisLog(client, name, shown, lease_s=lease_s, max_entries=max_entries)


def _entry(key: bytes, fields: dict[bytes, bytes]) -> Entry:
    fence, _, number = key.decode().partition("-")
    epoch, kind = fields[b"e"].decode(), fields[b"k"].decode()
    return Entry(epoch, int(fence), int(number), kind, int(fields[b"t"]), fields[b"d"])


def _topics(wish: str) -> Iterator[Topic]:
    """A wish of a newer gateway may have a topic that this one does not know."""
    for text in filter(None, wish.split(",")):
        try:
            yield parse_topic(text)
        except ValidationError:
            continue
