"""The places of a budget counted in Redis (or Valkey), for several gateways with one key.

One sorted set per key: a member for each place taken, its score the server's time at which it is
free again. The server's clock decides, so machines need not agree on the time. A mark beside it
says since when the count is whole: a server that was restarted empty, or was emptied, has lost it,
and its window counts as used up.
"""

import logging
import uuid
from typing import NamedTuple, Protocol

from polytape.errors import ConfigurationError, ConnectionError
from polytape.upstream.redis_server import need_redis, shared_name, without_password
from polytape.wire.budget import BudgetState

log = logging.getLogger(__name__)

# A place whose holder died is free again this long after it was taken.
LEASE_S = 120.0

# The mark outlives a quiet month.
MARK_S = 31 * 24 * 3600.0

# Each script returns {milliseconds to wait, places taken, milliseconds until all are free, the
# mark, whether the count was lost}.
# ARGV: member, limit, window in milliseconds, the mark that this process saw last ("" for none).
_COMMON = """
local key, mark = KEYS[1], KEYS[2]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
local window = tonumber(ARGV[3])
local since, lost = redis.call('GET', mark), 0
if not since then
  since = string.format('%.0f', now)
  local info = redis.pcall('INFO', 'server')
  local up = type(info) == 'string' and string.match(info, 'uptime_in_seconds:(%d+)')
  -- Nobody says what a server that is younger than the window has forgotten.
  if ARGV[4] ~= '' or (tonumber(up or 0) - 1) * 1000 < window then lost = 1 end
elseif ARGV[4] ~= '' and ARGV[4] ~= since then
  lost = 1
end
redis.call('SET', mark, since, 'PX', MARK_MS)
if lost == 1 then
  for n = 1, ARGV[2] do redis.call('ZADD', key, since + window, 'unknown-' .. n) end
  redis.call('PEXPIRE', key, window + LEASE_MS)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
end
local function state(wait)
  local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
  local left = last[2] and math.max(0, last[2] - now) or 0
  return {wait, redis.call('ZCARD', key), left, since, lost}
end
""".replace("MARK_MS", str(round(MARK_S * 1_000))).replace("LEASE_MS", str(round(LEASE_S * 1_000)))

# ARGV[5]: places that others are ahead by.
_TAKE = f"""{_COMMON}
local taken = redis.call('ZCARD', key)
local over = taken + ARGV[5] - ARGV[2]
if over < 0 then
  redis.call('ZADD', key, now + window + LEASE_MS, ARGV[1])
  redis.call('PEXPIRE', key, window + LEASE_MS)
  return state(0)
end
local next = math.min(over, taken - 1)
local free = redis.call('ZRANGE', key, next, next, 'WITHSCORES')
if not free[2] then return state(window) end
return state(math.max(1, math.min(free[2] - now, window)))
""".replace("LEASE_MS", str(round(LEASE_S * 1_000)))

# The window begins when the answer is there: by then the vendor has counted the request.
_ANSWERED = f"""{_COMMON}
redis.call('ZADD', key, 'XX', now + window, ARGV[1])
return state(0)
"""

# The request was never sent.
_RELEASED = f"""{_COMMON}
redis.call('ZREM', key, ARGV[1])
return state(0)
"""

_STATE = f"{_COMMON} return state(0)"


class _Counted(NamedTuple):
    """What the server counted last, and when: seconds of a clock that only grows."""

    at: float
    used: int
    reset_s: float


class Script(Protocol):
    """A script on the server; it returns what is listed above."""

    def __call__(
        self, *, keys: list[str], args: list[str | int]
    ) -> tuple[int, int, int, bytes | str, int]:
        """Run it."""
        ...


class ScriptServer(Protocol):
    """What is needed of `redis.Redis`."""

    def register_script(self, script: str) -> Script:
        """The script, sent to the server when it is first run."""
        ...


class SharedWindow:
    """A `Window` in Redis, for one thread at a time. `url` is shown in errors: without a password.

    Raises: ConnectionError naming the server.
    """

    def __init__(
        self, client: ScriptServer, name: str, limit: int, window_s: float, url: str
    ) -> None:
        self.limit = limit
        self.window_s = window_s
        self._name = name
        self._url = url
        self._take, self._answered, self._released, self._state = (
            client.register_script(script) for script in (_TAKE, _ANSWERED, _RELEASED, _STATE)
        )
        self._members: dict[int, str] = {}
        self._number = 0
        self._mark = ""
        self._last = _Counted(at=0.0, used=0, reset_s=0.0)

    def take(self, now: float, ahead: int = 0) -> tuple[int | None, float]:
        """As `MovingWindow.take`."""
        member = uuid.uuid4().hex
        wait = self._run(self._take, member, now, ahead)
        if wait:
            return None, wait / 1_000
        self._number += 1
        self._members[self._number] = member
        return self._number, 0.0

    def answered(self, token: int, now: float) -> None:
        """As `MovingWindow.answered`. Where Redis cannot be reached, the lease ends by itself."""
        self._leave(self._answered, token, now)

    def released(self, token: int, now: float) -> None:
        """As `MovingWindow.released`; the same holds for it."""
        self._leave(self._released, token, now)

    def resize(self, limit: int, window_s: float) -> None:
        """As `MovingWindow.resize`; for this process only, so name the plan where several share."""
        self.limit, self.window_s = limit, window_s

    def state(self, now: float) -> BudgetState:
        """As `MovingWindow.state`: what Redis said last."""
        left = max(0.0, self._last.reset_s - (now - self._last.at))
        return BudgetState(self.limit, self._last.used if left else 0, left, self.window_s)

    def refresh(self, now: float) -> None:
        """Count anew on the server."""
        self._run(self._state, "", now)

    def _leave(self, script: Script, token: int, now: float) -> None:
        try:
            self._run(script, self._members.pop(token), now)
        except ConnectionError as error:
            log.warning("%s", error)

    def _run(self, script: Script, member: str, now: float, ahead: int = 0) -> int:
        import redis

        window_ms = round(self.window_s * 1_000)
        arguments: list[str | int] = [member, self.limit, window_ms, self._mark, ahead]
        try:
            wait, used, reset_ms, mark, lost = script(
                keys=[self._name, f"{self._name}:since"], args=arguments
            )
        except redis.RedisError as error:
            raise ConnectionError(
                f"the shared budget at {self._url} cannot be used: {error}", url=self._url
            ) from error
        self._mark = mark.decode() if isinstance(mark, bytes) else str(mark)
        if int(lost):
            log.warning(
                "the server of the shared budget at %s has lost its count (it was restarted, or "
                "emptied): the budget counts as used up for %g s",
                self._url,
                self.window_s,
            )
        self._last = _Counted(now, int(used), int(reset_ms) / 1_000)
        return int(wait)


def shared_window(url: str, key: str, limit: int, window_s: float) -> SharedWindow:
    """The window of an API key on a Redis server, which gets a hash of the key only.

    Raises: ConfigurationError for what is no URL, or where the library is missing.
    """
    try:
        import redis
    except ImportError as error:
        raise ConfigurationError(need_redis()) from error
    name = shared_name("budget", key)
    try:
        client = redis.Redis.from_url(url, socket_timeout=5.0, socket_connect_timeout=5.0)
        shown = without_password(url)
    except ValueError as error:
        raise ConfigurationError(f"--redis: {error}") from error
    return SharedWindow(client, name, limit, window_s, shown)
