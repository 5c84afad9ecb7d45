"""Long work as jobs: which wait, run and have ended, and how far they are. Pure: the time and the
names of jobs are arguments. Instants are microseconds UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil
from typing import Any

from polytape.errors import NotFoundError, RateLimitError
from polytape.model.timeframes import Series
from polytape.model.units import SECOND_US
from polytape.wire.budget import BudgetState

# Open jobs beyond these are refused, and the oldest of those that ended are dropped.
MOST_OPEN = 32
MOST_ENDED = 100
# They share one budget: more at once would end no sooner.
AT_ONCE = 2
MOST_FAILURES = 20
# A pace so many times the budget's own is one that something else sets.
SLOWER = 4


class JobKind(StrEnum):
    """What a job does."""

    BACKFILL = "backfill"
    REPAIR = "repair"
    COMPACT = "compact"


class JobState(StrEnum):
    """Where a job stands; the last four are ends. `PARTIAL`: some of it failed, and not all."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({JobState.WAITING, JobState.RUNNING})


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What is to be done, in full: a gateway that starts again does it by this. `end` None: up to
    whenever it runs.
    """

    kind: JobKind
    symbols: tuple[str, ...] = ()
    series: Series | None = None
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job and how far it is: `done` of `total` units (None: not known yet), of which `failed` had
    an error, the first of them in `failures`; `doing` is the last unit that ended.

    `beyond` says what was left out, since the source does not reach back to it; `without_bars` are
    the first symbols of which a backfill leaves no bar stored.
    `bars` and `requests` are what it brought and spent in all, `restarts` how often a gateway began
    it anew; `done` and `total` count from the last of these on, and so do `started_at` and
    `planned_requests`, those of the budget that all of `total` takes: 0 where nobody counts.
    """

    id: str
    spec: JobSpec
    created_at: int
    state: JobState = JobState.WAITING
    started_at: int | None = None
    ended_at: int | None = None
    unit: str = ""
    total: int | None = None
    done: int = 0
    failed: int = 0
    bars: int = 0
    requests: int = 0
    estimate_s: float | None = None
    doing: str = ""
    failures: tuple[str, ...] = ()
    error: str | None = None
    restarts: int = 0
    beyond: str = ""
    without_bars: tuple[str, ...] = ()
    planned_requests: int = 0

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    def eta_s(self, now: int, budget: BudgetState) -> float | None:
        """Seconds that are left: by how long the requests that are left wait for the budget where
        that sets the pace, else by the pace so far, before that by the plan; None: not known.
        """
        if self.state is not JobState.RUNNING or self.started_at is None or self.total is None:
            return None
        left = self.total - self.done
        wait = budget.wait_s(ceil(self.planned_requests * left / max(1, self.total)))
        if not self.done:
            return None if self.estimate_s is None else max(self.estimate_s, wait)
        pace = (now - self.started_at) / SECOND_US / self.done
        # Through each wait the pace so far grows, and with it what it promises.
        waits = wait > 0 and pace < SLOWER * budget.window_s / max(1, budget.limit)
        return wait if waits else max(0.0, pace * left, wait)


def outcome(tasks: int, failed: int, bars: int) -> JobState:
    """The end of work of which so many tasks failed, and that stored so many bars in all: where
    every task failed, those are of an earlier start.
    """
    if not failed:
        return JobState.DONE
    return JobState.FAILED if failed == tasks and not bars else JobState.PARTIAL


class JobTable:
    """The jobs of one gateway, by id, in the order in which they came. For one thread."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def restore(self, jobs: Iterable[Job]) -> None:
        """Put the jobs that an earlier gateway left before all others; what ran is to run anew."""
        self._jobs = {job.id: _as_left(job) for job in jobs} | self._jobs

    def jobs(self) -> list[Job]:
        """All jobs, the oldest first."""
        return list(self._jobs.values())

    def job(self, identity: str) -> Job:
        """One job. Raises: NotFoundError."""
        job = self._jobs.get(identity)
        if job is None:
            ways = "GET /api/v1/jobs (polytape jobs) lists them"
            raise NotFoundError(f"there is no job {identity[:40]!r}: {ways}")
        return job

    def add(self, spec: JobSpec, identity: str, now: int) -> Job:
        """A new job that waits; an open one that does the same is taken instead, since a caller who
        tries again wants no second one.

        Raises: RateLimitError where too many are open.
        """
        opened = [job for job in self._jobs.values() if job.open]
        for job in opened:
            if job.spec == spec:
                return job
        if len(opened) >= MOST_OPEN:
            raise RateLimitError(
                f"{MOST_OPEN} jobs are open, and more are not taken: wait for one, or cancel one "
                "(DELETE /api/v1/jobs/ID, polytape jobs cancel ID)"
            )
        job = self._jobs[identity] = Job(identity, spec, now)
        self._drop_ended()
        return job

    def start(self, now: int) -> list[Job]:
        """The jobs that begin now, as many as may run at once, the oldest first."""
        states = [job.state for job in self._jobs.values()]
        room = AT_ONCE - states.count(JobState.RUNNING)
        waiting = [job for job in self._jobs.values() if job.state is JobState.WAITING]
        return [
            self.change(job.id, state=JobState.RUNNING, started_at=now) for job in waiting[:room]
        ]

    def change(self, identity: str, **changes: Any) -> Job:
        """A job with other figures. Raises: NotFoundError."""
        job = self._jobs[identity] = replace(self.job(identity), **changes)
        return job

    def advance(
        self, identity: str, doing: str, *, units: int = 1, bars: int = 0, error: str | None = None
    ) -> Job:
        """Something of a job has ended, with so many bars, or with an error: a unit, or (`units` 0)
        a part of one.
        """
        job = self.job(identity)
        failures = job.failures if error is None else (*job.failures, error)[:MOST_FAILURES]
        return self.change(
            identity,
            done=job.done + units,
            failed=job.failed + (error is not None),
            bars=job.bars + bars,
            doing=doing,
            failures=failures,
        )

    def end(self, identity: str, state: JobState, now: int, error: str | None = None) -> Job:
        """A job has ended; one that had ended before stays as it was."""
        job = self.job(identity)
        if not job.open:
            return job
        return self.change(identity, state=state, ended_at=now, error=error)

    def _drop_ended(self) -> None:
        ended = [job.id for job in self._jobs.values() if not job.open]
        for identity in ended[: max(0, len(ended) - MOST_ENDED)]:
            del self._jobs[identity]


def _as_left(job: Job) -> Job:
    """A job as a gateway finds it that starts again: what ran has to be planned anew."""
    if job.state is not JobState.RUNNING:
        return job
    return replace(
        job,
        state=JobState.WAITING,
        started_at=None,
        total=None,
        done=0,
        failed=0,
        failures=(),
        estimate_s=None,
        planned_requests=0,
        restarts=job.restarts + 1,
    )
