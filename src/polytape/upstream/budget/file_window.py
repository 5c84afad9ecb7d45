"""The places of a budget counted in a file, for all programs of one machine with one key: the count
outlives a restart.

The file names each place and the time at which it is free again, by the wall clock. It is locked
for each count. What cannot be read is taken for a window that is used up.
"""

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from polytape.net.shared_file import SharedFile, turn_at
from polytape.wire.budget import BudgetState, MovingWindow

log = logging.getLogger(__name__)

# A place whose holder died is free again this long after it was taken, and the window's length.
LEASE_S = 120.0
# What the vendor's refusals taught is believed for so long.
LEARNED_S = 24 * 3600.0
# Another program has its turn at the file: come back.
BUSY_S = 0.01


class Learned(msgspec.Struct):
    """A smaller budget than was thought, believed until a time in seconds since 1970."""

    limit: int
    window_s: float
    until: float


class WindowFile(msgspec.Struct):
    """The file: when each place is free again, seconds since 1970."""

    places: dict[str, float]
    learned: Learned | None = None


def window_path(folder: Path, key: str) -> Path:
    """The file of an API key: named by a hash, so that the key is nowhere on the disk."""
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


class FileWindow:
    """A `Window` in a file, for one thread at a time. `learns`: what other programs learned of the
    key's plan holds here, too.

    Where the file cannot be written, this process counts its own requests alone, and says so.
    """

    def __init__(
        self,
        path: Path,
        limit: int,
        window_s: float,
        *,
        learns: bool = False,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limit = limit
        self.window_s = window_s
        self._path = path
        # What this process took, by a clock that nobody sets.
        self._own = MovingWindow(limit, window_s)
        self._learns = learns
        self._wall = wall
        self._sleep = sleep
        self._members: dict[int, str] = {}
        # Places that were answered while another program had its turn.
        self._answered: dict[str, float] = {}
        self._seen: tuple[float, ...] = ()
        self._broken = False
        if path.exists():
            self.refresh(0.0)

    def take(self, now: float, ahead: int = 0) -> tuple[int | None, float]:
        """As `MovingWindow.take`."""
        token, seconds = None, BUSY_S
        try:
            with self._turn() as window:
                if window is None:
                    return None, BUSY_S
                seconds = self._wait(sorted(window.places.values()), ahead)
                if not seconds:
                    token, seconds = self._own.take(now, ahead)
                if token is not None:
                    member = self._members[token] = uuid.uuid4().hex
                    window.places[member] = self._wall() + self.window_s + LEASE_S
        except OSError as error:
            self._note(error)
            return (token, 0.0) if token is not None else self._own.take(now, ahead)
        return token, seconds

    def answered(self, token: int, now: float) -> None:
        """As `MovingWindow.answered`."""
        self._own.answered(token, now)
        member = self._members.pop(token, None)
        if member is not None:
            self._answered[member] = self._wall() + self.window_s
            self.refresh(now)

    def released(self, token: int, now: float) -> None:
        """As `MovingWindow.released`."""
        self._own.released(token, now)
        member = self._members.pop(token, None)
        if member is not None:
            self._answered[member] = self._wall()  # free from now on
            self.refresh(now)

    def resize(self, limit: int, window_s: float) -> None:
        """As `MovingWindow.resize`; the other programs learn it, too."""
        longer = max(0.0, window_s - self.window_s)
        self._adopt(limit, window_s)
        try:
            with self._turn() as window:
                if window is not None:
                    until = self._wall() + LEARNED_S
                    window.learned = Learned(limit, window_s, until)
                    window.places = {name: at + longer for name, at in window.places.items()}
        except OSError as error:
            self._note(error)

    def state(self, now: float) -> BudgetState:
        """As `MovingWindow.state`: by what the file said last."""
        own, wall = self._own.state(now), self._wall()
        taken = [] if self._broken else [at - wall for at in self._seen if at > wall]
        # How long a request under way will take is not known: its lease is not a promise.
        reset = max([own.reset_s, *(min(left, self.window_s) for left in taken)])
        return BudgetState(self.limit, max(own.used, len(taken)), reset, self.window_s)

    def refresh(self, now: float) -> None:  # noqa: ARG002 - the file is by the wall clock
        """Count anew, and write what was answered meanwhile."""
        try:
            with self._turn():
                pass
        except OSError as error:
            self._note(error)

    def _wait(self, free_at: list[float], ahead: int) -> float:
        """Seconds until more than `ahead` places are free; 0.0 where they are."""
        over = len(free_at) + ahead - self.limit
        if over < 0:
            return 0.0
        free = free_at[min(over, len(free_at) - 1)] if free_at else self._wall() + self.window_s
        return min(max(free - self._wall(), 0.001), self.window_s)

    @contextmanager
    def _turn(self) -> Iterator[WindowFile | None]:
        """The window in the file while this process has its turn, written if it was changed; None
        where another program has it.

        Raises: OSError.
        """
        with turn_at(self._path, self._sleep) as file:
            if file is None:
                yield None
                return
            window = self._read(file)
            self._learn(window)
            yield window
            content = msgspec.json.encode(window)
            if content != file.content:
                file.replace(content)
            self._seen = tuple(window.places.values())
            self._answered.clear()
        if self._broken:
            log.warning("the request budget is counted in %s again", self._path)
            self._broken = False

    def _read(self, file: SharedFile) -> WindowFile:
        """What the file says, without what is free by now."""
        wall = self._wall()
        try:
            window = WindowFile({}) if file.made else _decoded(file.content)
        except msgspec.DecodeError as error:
            log.warning("%s is damaged (%s): the request budget counts as used up for %g s",
                        self._path, error, self.window_s)  # fmt: skip
            window = WindowFile({f"unknown-{n}": wall + self.window_s for n in range(self.limit)})
        # A clock that was set back would leave places taken for as long.
        latest = wall + self.window_s + LEASE_S
        places = {name: min(at, latest) for name, at in window.places.items()}
        places |= {name: at for name, at in self._answered.items() if name in places}
        window.places = {name: at for name, at in places.items() if at > wall}
        return window

    def _learn(self, window: WindowFile) -> None:
        """Believe another program that the plan is smaller than thought."""
        learned = window.learned
        if learned is not None and learned.until <= self._wall():
            window.learned = None
        elif learned is not None and self._learns and learned.window_s > self.window_s:
            log.info("the key's budget, as learned before: %d in %g s", learned.limit,
                     learned.window_s)  # fmt: skip
            self._adopt(learned.limit, learned.window_s)

    def _adopt(self, limit: int, window_s: float) -> None:
        self._own.resize(limit, window_s)
        self.limit, self.window_s = limit, window_s

    def _note(self, error: OSError) -> None:
        if not self._broken:
            log.warning("the request budget cannot be counted in %s (%s): this program counts its "
                        "own requests alone", self._path, error)  # fmt: skip
        self._broken = True


def _decoded(content: bytes) -> WindowFile:
    """Raises: msgspec.DecodeError for what is no such file, or one with impossible numbers."""
    window = msgspec.json.decode(content, type=WindowFile)
    if window.learned is not None and not (window.learned.limit > 0 < window.learned.window_s):
        raise msgspec.DecodeError("a budget of nothing")
    return window
