"""Threads that keep no process from ending."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_Task: TypeAlias = tuple[Future[Any], Callable[[], Any]]


class DaemonPool(Executor):
    """As `ThreadPoolExecutor`, whose threads the interpreter joins at its end: a call that hangs,
    in a resolver or on a disk, would keep the process for ever. Nothing that is acknowledged is
    lost with such a thread: files are written whole, or not at all.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._most = threads
        self._name = name
        self._lock = threading.Lock()
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread, about."""
        return self._tasks.qsize()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As `Executor.submit`. Raises: RuntimeError once it is shut down."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the threads {self._name} have ended")
            self._tasks.put((future, partial(fn, *args, **kwargs)))
            if not self._idle.acquire(blocking=False) and len(self._threads) < self._most:
                self._begin_thread()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As `Executor.shutdown`."""
        with self._lock:
            self._closed = True
            if cancel_futures:
                self._cancel_waiting()
            for _ in self._threads:
                self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def left_at(self, ends: float) -> int:
        """How many threads still work at an instant of `time.monotonic`; returns when none does."""
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))
        return sum(thread.is_alive() for thread in self._threads)

    def _begin_thread(self) -> None:
        name = f"{self._name}_{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _cancel_waiting(self) -> None:
        while True:
            try:
                task = self._tasks.get_nowait()
            except Empty:
                return
            if task is not None:
                task[0].cancel()

    def _work(self) -> None:
        while True:
            try:
                task = self._tasks.get_nowait()
            except Empty:
                self._idle.release()
                task = self._tasks.get()
            if task is None:
                return
            _run(task)
            del task  # what the result refers to is not kept until the next call


def _run(task: _Task) -> None:
    future, call = task
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
        future.set_exception(error)
    else:
        future.set_result(result)
