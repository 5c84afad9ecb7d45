"""Where the time of a piece of work goes: waiting, reading, the vendor, computing.

A `Work` travels as a context variable from who begins it into the threads that do it. Where there
is none (a scan, a command), a stage costs one look-up.
"""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from polytape.net.tracing import Tracer

# gate: waiting for memory; queue: for a thread; budget: for a request of the vendor's; joined: for
# an equal fetch of somebody else's.
StageName: TypeAlias = Literal[
    "gate",
    "queue",
    "joined",
    "store_read",
    "store_write",
    "fetch",
    "budget",
    "vendor",
    "engine",
    "encode",
    "send",
]
Observe: TypeAlias = Callable[[StageName, float], None]
# Stages that are spans of a trace, too: the others are too many, and too short.
SPANS: frozenset[StageName] = frozenset({"store_read", "store_write", "vendor", "engine"})


class Work:
    """One request, or whatever else is worked on. Usable from many threads. `observe` gets each
    stage and its seconds; what runs at the same time in several threads adds up.
    """

    __slots__ = ("_lock", "_observe", "seconds", "tracer")

    def __init__(self, observe: Observe, tracer: "Tracer | None" = None) -> None:
        self._observe = observe
        self._lock = threading.Lock()
        self.tracer = tracer
        self.seconds: dict[StageName, float] = {}

    def add(self, name: StageName, seconds: float) -> None:
        """A stage took so long."""
        with self._lock:
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self._observe(name, seconds)


WORK: ContextVar[Work | None] = ContextVar("polytape_work", default=None)
_NOTHING: AbstractContextManager[None] = nullcontext()


def stage(name: StageName) -> AbstractContextManager[None]:
    """What is done inside counts as a stage of the work at hand, where there is one."""
    work = WORK.get()
    return _NOTHING if work is None else _Timed(work, name)


def waited(name: StageName, since: float) -> None:
    """The work at hand has waited since an instant of `time.perf_counter`."""
    work = WORK.get()
    if work is not None:
        work.add(name, time.perf_counter() - since)


class _Timed(AbstractContextManager[None]):
    __slots__ = ("_began", "_name", "_span", "_work")

    def __init__(self, work: Work, name: StageName) -> None:
        self._work = work
        self._name = name
        tracer = work.tracer if name in SPANS else None
        self._span = None if tracer is None else tracer.span(f"polytape.{name}")

    def __enter__(self) -> None:
        if self._span is not None:
            self._span.__enter__()
        self._began = time.perf_counter()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._work.add(self._name, time.perf_counter() - self._began)
        if self._span is not None:
            self._span.__exit__(kind, error, trace)  # type: ignore[arg-type]
