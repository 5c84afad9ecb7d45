"""The tokens that open a gateway, by their hash: a look-up for each request, and nothing more."""

import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from polytape.errors import ConfigurationError
from polytape.gateway.caller import Caller, Usage
from polytape.gateway.roles import Role
from polytape.gateway.tokens import TokenRecord, digest, new_token, read_tokens

log = logging.getLogger(__name__)
audit = logging.getLogger("polytape.audit")

# A file is looked at as often at most.
LOOK_AGAIN_S = 1.0
# A page's token, and the code that it is had for once.
SESSION_S, CODE_S = 12 * 3600.0, 60.0
MOST_SESSIONS, MOST_CODES = 256, 16

# Changes whenever a file is replaced.
Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """A token's hash and whom it lets in, until `expires`, seconds since 1970."""

    digest: bytes
    caller: Caller
    expires: float = float("inf")


class TokenTable:
    """Tokens of three origins: those given at the start, those of a file that may change, and those
    of pages, which end with the process. For one thread.

    `seconds` only grow; `wall` is seconds since 1970.

    Raises: ConfigurationError for a file that cannot be used at the start. Later its last good
    content counts.
    """

    def __init__(
        self,
        file: Path | None,
        *,
        seconds: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._file = file
        self.seconds = seconds
        self.wall = wall
        self._given: dict[bytes, Entry] = {}
        self._sessions: dict[bytes, Entry] = {}
        self._codes: dict[bytes, float] = {}
        self._usage: dict[str, Usage] = {}
        self._filed = [] if file is None else read_tokens(file)
        self._version = self._look()
        self._looked = seconds()
        self._entries: dict[bytes, Entry] = {}
        self._put_together()

    def give(self, token: str, name: str) -> None:
        """Let a token in that may do everything."""
        entry = Entry(digest(token.encode()), Caller(name, Role.ADMINISTER, self.wall))
        self._given[entry.digest] = entry
        self._put_together()

    def find(self, token: bytes) -> Caller | None:
        """Whom a token lets in; None for a wrong one, and one that has expired.

        What is looked up is a hash: how long that takes says nothing of any token.
        """
        if self.seconds() - self._looked >= LOOK_AGAIN_S:
            self.look_again()
        wanted = digest(token)
        entry = self._entries.get(wanted)
        if entry is None or not hmac.compare_digest(entry.digest, wanted):
            return None
        return entry.caller if self.wall() < entry.expires else None

    def has_filed(self) -> bool:
        """Whether the file lets anybody in."""
        now = self.wall()
        return any(self._entry(record).expires > now for record in self._filed)

    def look_again(self) -> None:
        """Read the file anew, where it has changed."""
        self._looked = self.seconds()
        version = self._look()
        if self._file is None or version == self._version:
            return
        self._version = version
        try:
            filed = read_tokens(self._file)
        except ConfigurationError as error:
            log.error("%s; the tokens before count", error)  # noqa: TRY400 - one line is enough
            return
        before, after = ({(one.name, one.sha256) for one in of} for of in (self._filed, filed))
        changes = {"added": _names(after - before), "removed": _names(before - after)}
        audit.info("%s", json.dumps({"what": "the file of tokens", **changes}))
        self._filed = filed
        self._put_together()

    def make_code(self) -> str:
        """A code that opens one session within CODE_S."""
        now = self.wall()
        code = new_token()
        codes = {key: end for key, end in self._codes.items() if end > now}
        codes[digest(code.encode())] = now + CODE_S
        self._codes = dict(list(codes.items())[-MOST_CODES:])
        return code

    def open_session(self, code: str) -> tuple[str, float] | None:
        """A token for a page, and until when it is good, seconds since 1970. A code is good once:
        None for another one.
        """
        now = self.wall()
        end = self._codes.pop(digest(code.encode("utf-8", "replace")), None)
        if end is None or end <= now:
            return None
        token, expires = new_token(), now + SESSION_S
        entry = Entry(digest(token.encode()), Caller("page", Role.ADMINISTER, self.wall), expires)
        alive = {key: one for key, one in self._sessions.items() if one.expires > now}
        alive[entry.digest] = entry
        self._sessions = dict(list(alive.items())[-MOST_SESSIONS:])
        self._put_together()
        return token, expires

    def _look(self) -> Version | None:
        try:
            status = None if self._file is None else self._file.stat()
        except OSError:
            return None
        return None if status is None else (status.st_mtime_ns, status.st_ino, status.st_size)

    def _put_together(self) -> None:
        filed = [self._entry(record) for record in self._filed]
        self._entries = {one.digest: one for one in filed} | self._sessions | self._given

    def _entry(self, record: TokenRecord) -> Entry:
        """What a token has used counts on, though its file was read anew."""
        usage = self._usage.setdefault(record.sha256, Usage())
        caller = Caller(
            record.name,
            record.rights(),
            self.wall,
            record.per_minute,
            record.vendor_per_day,
            usage,
        )
        expires = float("inf") if record.expires_at is None else record.expires_at.timestamp()
        return Entry(bytes.fromhex(record.sha256), caller, expires)


def _names(tokens: set[tuple[str, str]]) -> list[str]:
    return sorted(name for name, _ in tokens)
