"""Jobs done: backfills, repairs and compactions that outlive their caller, and a restart."""

import asyncio
import logging
import threading
import uuid
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from itertools import count as counter

import msgspec

from polytape.errors import DataFetchError, PolygonClientError
from polytape.gateway.workers import ThreadWorkers
from polytape.history import backfill as filling
from polytape.history import jobs as states
from polytape.history.service import HistoryService
from polytape.model.market import Market
from polytape.model.spans import Span
from polytape.model.units import SECOND_US
from polytape.net.storage import Storage
from polytape.store.compact import Compaction
from polytape.upstream.background_work import BackgroundWork, begin_work

log = logging.getLogger(__name__)

# So often progress is written; what is lost by a crash is a figure, never a bar.
SAVE_EVERY_US = 5 * SECOND_US


@dataclass
class JobRun:
    """A job under way, and what it has to show for it. `ended` is set to the job as it ended, or to
    its error; `context` is that of whoever began it.
    """

    ended: "asyncio.Future[states.Job]"
    context: Context = field(default_factory=copy_context)
    task: "asyncio.Task[None] | None" = None
    work: BackgroundWork | None = None
    cancelled: bool = False
    spent_before: int = 0
    plan: filling.BackfillPlan | None = None
    count: filling.BackfillCount = field(default_factory=filling.BackfillCount)
    compactions: list[Compaction] = field(default_factory=list)


class JobService:
    """The jobs of a gateway that has a store; its list is the file `jobs/NAME.json` there, and is
    read by `resume`. For one event loop. `now` gives microseconds UTC.
    """

    def __init__(
        self,
        history: HistoryService,
        storage: Storage | None,
        market: Market,
        now: Callable[[], int],
        workers: ThreadWorkers,
        *,
        name: str = "gateway",
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex[:8],
    ) -> None:
        self._history = history
        self._market = market
        self._now = now
        self._new_id = new_id
        self._file = None if storage is None else _JobFile(storage, f"jobs/{name}.json", workers)
        self._table = states.JobTable()
        self._runs: dict[str, JobRun] = {}
        self._saved_at = 0
        self._stopping = False

    def jobs(self) -> list[states.Job]:
        """All jobs, the newest first."""
        return self._table.jobs()[::-1]

    def job(self, identity: str) -> states.Job:
        """One job with what it has spent so far. Raises: NotFoundError."""
        return self._table.job(identity)

    def now(self) -> int:
        """The gateway's time, microseconds UTC."""
        return self._now()

    async def resume(self) -> None:
        """Go on with what an earlier gateway of this name left open. A list that cannot be read is
        logged, and left.
        """
        self._stopping = False
        if self._file is None:
            return
        try:
            left = await self._file.read()
        except DataFetchError as error:
            log.warning("the list of jobs cannot be read: %s", error)
            return
        self._table.restore(left)
        self._start()

    def submit(self, spec: states.JobSpec) -> states.Job:
        """Begin a job, or queue it; the open one where there is an equal one.

        Raises: RateLimitError where too many are open; ConfigurationError without a store.
        """
        self._history.must_store()
        job = self._table.add(spec, self._new_id(), self._now())
        self._run_of(job.id)
        self._start()
        self._save()
        return self._table.job(job.id)

    async def ended(self, identity: str) -> tuple[states.Job, JobRun]:
        """Wait for a job's end; whoever stops waiting does not stop the job.

        Raises: NotFoundError; what the job failed with.
        """
        self._table.job(identity)
        run = self._run_of(identity)
        return await asyncio.shield(run.ended), run

    def cancel(self, identity: str) -> states.Job:
        """Cancel a job: nothing more is fetched for it, also by those of its threads that wait for
        the budget. What it has stored stays. One that has ended stays as it is.

        Raises: NotFoundError.
        """
        job = self._table.job(identity)
        if not job.open:
            return job
        run = self._run_of(identity)
        run.cancelled = True
        self._count(identity, run)
        if run.work is not None:
            run.work.stopped = True
        if run.task is not None:
            run.task.cancel()
        return self._end(identity, run, states.JobState.CANCELLED)

    async def stop(self) -> None:
        """Stop all jobs, to go on when a gateway starts again."""
        self._stopping = True
        running = [run for run in self._runs.values() if run.task is not None]
        for run in running:
            if run.work is not None:
                run.work.stopped = True
            if run.task is not None:
                run.task.cancel()
        await asyncio.gather(*(run.task for run in running if run.task), return_exceptions=True)
        for run in self._runs.values():
            run.ended.cancel()
        self._runs.clear()
        if self._file is not None:
            await self._file.write(self._table.jobs())

    def _run_of(self, identity: str) -> JobRun:
        run = self._runs.get(identity)
        if run is None:
            run = self._runs[identity] = JobRun(asyncio.get_running_loop().create_future())
        return run

    def _start(self) -> None:
        """Begin what there is room for."""
        if self._stopping:
            return
        for job in self._table.start(self._now()):
            run = self._run_of(job.id)
            run.spent_before = job.requests
            run.task = asyncio.create_task(self._do(job, run), context=run.context)
            run.task.add_done_callback(partial(self._task_ended, job.id, run))

    async def _do(self, job: states.Job, run: JobRun) -> None:
        run.work = begin_work()
        match job.spec.kind:
            case states.JobKind.BACKFILL:
                await self._backfill(job, run)
            case states.JobKind.REPAIR:
                await self._repair(job, run)
            case states.JobKind.COMPACT:
                await self._compact(job, run)

    async def _backfill(self, job: states.Job, run: JobRun) -> None:
        spec = job.spec
        assert spec.series is not None
        run.plan = await self._history.plan(spec.symbols, spec.series, self._span(spec))
        total, estimate = len(run.plan.tasks), round(run.plan.seconds, 1)
        self._table.change(
            job.id,
            unit="questions",
            total=total,
            estimate_s=estimate,
            beyond=run.plan.beyond,
            planned_requests=run.plan.requests,
        )
        on_result = partial(self._on_result, job.id, run, 1)
        run.count = await self._history.run(run.plan.tasks, on_result)
        absent = await self._history.without_bars(spec.symbols, spec.series)
        self._table.change(job.id, without_bars=tuple(absent[: states.MOST_FAILURES]))

    async def _repair(self, job: states.Job, run: JobRun) -> None:
        """Symbol by symbol: of many, the first are mended before the last are looked at."""
        span = self._span(job.spec)
        self._table.change(job.id, unit="symbols", total=len(job.spec.symbols))
        for symbol in job.spec.symbols:
            tasks = await self._history.repairs([symbol], span)
            await self._history.run(tasks, partial(self._on_result, job.id, run, 0))
            self._table.advance(job.id, symbol)
            self._after_progress(job.id, run)

    async def _compact(self, job: states.Job, run: JobRun) -> None:
        folders = await self._history.folders()
        self._table.change(job.id, unit="folders", total=len(folders))
        for folder in folders:
            compaction = await self._history.compact_folder(folder)
            if compaction is not None:
                run.compactions.append(compaction)
            self._table.advance(job.id, folder)
            self._after_progress(job.id, run)

    def _on_result(
        self, identity: str, run: JobRun, units: int, result: filling.TaskResult
    ) -> None:
        """A task of a backfill (a unit), or one of those that mend a symbol, has ended."""
        run.count = run.count.plus(result)
        text, error = filling.describe(result.task, self._market), result.error
        failure = None if error is None else f"{text}: {error}"
        self._table.advance(identity, text, units=units, bars=result.bars, error=failure)
        self._after_progress(identity, run)

    def _after_progress(self, identity: str, run: JobRun) -> None:
        self._count(identity, run)
        if self._now() - self._saved_at >= SAVE_EVERY_US:
            self._save()

    def _count(self, identity: str, run: JobRun) -> None:
        spent = 0 if run.work is None else run.work.requests
        self._table.change(identity, requests=run.spent_before + spent)

    def _task_ended(self, identity: str, run: JobRun, task: "asyncio.Task[None]") -> None:
        if self._stopping or run.cancelled:
            return
        self._count(identity, run)
        error = None if task.cancelled() else task.exception()
        if error is None:
            self._end_by_count(identity, run)
            return
        if not isinstance(error, PolygonClientError):
            log.error("job %s failed", identity, exc_info=error)
        self._end(identity, run, states.JobState.FAILED, error)

    def _end_by_count(self, identity: str, run: JobRun) -> None:
        """End a job whose tasks have all ended: where each of them failed it has failed, too, with
        the error of the first.
        """
        failed, tasks = run.count.failed, run.count.tasks
        state = states.outcome(tasks, len(failed), self._table.job(identity).bars)
        if state is not states.JobState.FAILED:
            self._end(identity, run, state)
            return
        first = f"{filling.describe(failed[0].task, self._market)}: {failed[0].error}"
        text = first if tasks == 1 else f"all {tasks:,} questions failed, the first: {first}"
        self._end(identity, run, state, failed[0].error, text)

    def _end(
        self,
        identity: str,
        run: JobRun,
        state: states.JobState,
        error: BaseException | None = None,
        text: str | None = None,
    ) -> states.Job:
        """Note an end, tell those who wait for it, and begin what waited for its place. `text` says
        what `error` alone does not.
        """
        if error is not None:
            text = text or str(error) or type(error).__name__
        job = self._table.end(identity, state, self._now(), text)
        if not run.ended.done():
            if error is None:
                run.ended.set_result(job)
            else:
                run.ended.set_exception(error)
                run.ended.exception()  # retrieved: it may be that nobody waits
        self._runs.pop(identity, None)
        self._start()
        self._save()
        return job

    def _span(self, spec: states.JobSpec) -> Span:
        end = self._now() if spec.end is None else spec.end
        return Span(min(spec.start, end), end)

    def _save(self) -> None:
        if self._file is not None:
            self._saved_at = self._now()
            self._file.write_soon(self._table.jobs())


class _JobFile:
    """The list of jobs in a storage, written whole; of two versions the later one stays."""

    def __init__(self, storage: Storage, name: str, workers: ThreadWorkers) -> None:
        self._storage = storage
        self._name = name
        self._workers = workers
        self._numbers = counter(1)
        self._written = 0
        self._lock = threading.Lock()

    async def read(self) -> list[states.Job]:
        """The list; empty where there is none. Raises: DataFetchError."""
        try:
            content = await self._workers.work(partial(self._storage.read, self._name))
            return msgspec.json.decode(content, type=list[states.Job])
        except FileNotFoundError:
            return []
        except msgspec.DecodeError as error:
            detail = f"{self._storage.url}/{self._name} is damaged: {error}"
            raise DataFetchError(detail) from error

    def write_soon(self, jobs: list[states.Job]) -> None:
        """Write the list in a thread."""
        self._workers.submit(partial(self._write, next(self._numbers), msgspec.json.encode(jobs)))

    async def write(self, jobs: list[states.Job]) -> None:
        """Write the list, and wait for it."""
        content = msgspec.json.encode(jobs)
        await self._workers.work(partial(self._write, next(self._numbers), content))

    def _write(self, number: int, content: bytes) -> None:
        """A list that cannot be written costs the progress after a restart; the jobs go on."""
        with self._lock:
            if number < self._written:
                return
            try:
                self._storage.put(self._name, lambda sink: sink.write(content))
            except DataFetchError as error:
                log.warning("the list of jobs cannot be written: %s", error)
            self._written = number
