"""Jobs outlive their caller and a restart, and end when they are told to."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from polytape.errors import ConfigurationError, DataFetchError
from polytape.gateway.gateway import Gateway
from polytape.history.jobs import Job, JobKind, JobSpec, JobState
from polytape.model.bars import Bars
from polytape.model.market import xnys
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Series
from polytape.net.storage import Storage, open_storage
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from polytape.upstream.source import SourceBars, Upstream
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.budget import MovingWindow
from tests.conftest import MARKET, NOW, day_span
from tests.history.scene import JULY

pytestmark = pytest.mark.timeout(20)
WEEK = day_span(JULY[0], JULY[4])


class Metered:
    """A made-up market whose every request takes a place of a budget, as the vendor's do, and that
    answers for the symbol NOBARS with none, as the vendor does for what it does not know.
    """

    def __init__(self, budget: Budget, symbols_down: tuple[str, ...] = ()) -> None:
        self.inner = Synthetic(MARKET, lambda: NOW)
        self.budget = budget
        self.down = symbols_down
        self.waits = threading.Event()
        self.served: list[str] = []

    def upstream(self) -> Upstream:
        return Upstream("synthetic", self, self.inner, made_up=True, close=self.budget.end)

    def earliest(self) -> int:
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        if self.budget.state().remaining == 0:
            self.waits.set()
        with self.budget.place(background=query.background):
            if query.symbol in self.down:
                raise DataFetchError("the vendor is down")
            self.served.append(query.symbol)
            if query.symbol == "NOBARS":
                return SourceBars(Bars.empty())
            return self.inner.bars(query)

    def last_bar(self, symbol: str) -> Bars:
        return self.inner.last_bar(symbol)


def budget_of(limit: int) -> Budget:
    """So many requests, and then a wait of an hour that looks up often."""
    window = MovingWindow(limit, 3600.0)
    return Budget(window, pause=lambda changed, _: changed.wait(0.005))


def gateway_over(storage: Storage, limit: int = 100, down: tuple[str, ...] = ()) -> tuple[Gateway, Metered]:  # fmt: skip
    source = Metered(budget_of(limit), down)
    store = SegmentStore(storage, "synthetic/0", MARKET)
    return Gateway(source.upstream(), xnys(), lambda: NOW, source.budget, store), source


def backfill_of(*symbols: str) -> JobSpec:
    return JobSpec(JobKind.BACKFILL, symbols, Series.MINUTE, WEEK.start, WEEK.end)


async def until(gateway: Gateway, identity: str, holds: Callable[[Job], bool]) -> Job:
    """Yield to the loop until something holds of a job."""
    while not holds(gateway.jobs.job(identity)):
        await asyncio.sleep(0)
    return gateway.jobs.job(identity)


async def test_a_job_goes_on_when_its_caller_leaves_and_says_what_it_spent() -> None:
    """A waiting caller is cancelled; the job ends with every bar, and the figures of it."""
    gateway, _ = gateway_over(open_storage("memory"), down=("B",))
    job = gateway.jobs.submit(backfill_of("AAPL", "MSFT", "B"))
    caller = asyncio.ensure_future(gateway.jobs.ended(job.id))
    await asyncio.sleep(0)
    caller.cancel()
    ended = await until(gateway, job.id, lambda one: not one.open)
    assert (ended.state, ended.done, ended.total, ended.failed) == (JobState.PARTIAL, 3, 3, 1)
    assert ended.requests == 3
    assert ended.failures == ("B 2024-07-01 to 2024-07-05: the vendor is down; "
                              "missing: [2024-07-01T04:00:00Z, 2024-07-06T04:00:00Z)",)  # fmt: skip
    stored = gateway.history.must_store()
    bars = sum(len(stored.read(s, Series.MINUTE, WEEK)) for s in ("AAPL", "MSFT"))
    assert ended.bars == bars > 1_000
    gateway.close()


async def test_a_backfill_names_the_symbols_that_it_leaves_without_a_bar() -> None:
    """A slip of the keyboard is answered, with nothing: also when it is not asked for again."""
    gateway, source = gateway_over(open_storage("memory"))
    for _ in range(2):
        ended, _ = await gateway.jobs.ended(gateway.jobs.submit(backfill_of("AAPL", "NOBARS")).id)
        assert (ended.state, ended.without_bars) == (JobState.DONE, ("NOBARS",))
    assert sorted(source.served) == ["AAPL", "NOBARS"]
    gateway.close()


async def test_a_job_of_which_every_question_failed_has_failed_and_so_has_its_caller() -> None:
    """Nothing came of it: the first error is the caller's, and the job says how many there were;
    one question alone is named without a count.
    """
    gateway, _ = gateway_over(open_storage("memory"), down=("B", "C"))
    job = gateway.jobs.submit(backfill_of("B", "C"))
    with pytest.raises(DataFetchError, match="the vendor is down"):
        await gateway.jobs.ended(job.id)
    ended = gateway.jobs.job(job.id)
    assert (ended.state, ended.done, ended.failed, ended.bars) == (JobState.FAILED, 2, 2, 0)
    assert ended.error is not None
    assert ended.error.startswith("all 2 questions failed, the first: B 2024-07-01 to 2024-07-05: ")
    alone = gateway.jobs.submit(backfill_of("C"))
    with pytest.raises(DataFetchError):
        await gateway.jobs.ended(alone.id)
    assert str(gateway.jobs.job(alone.id).error).startswith(
        "C 2024-07-01 to 2024-07-05: the vendor"
    )
    gateway.close()


async def test_a_cancelled_job_leaves_the_line_for_the_budget_at_once() -> None:
    """Nothing is fetched for it afterwards, though its threads waited for an hour's budget; what it
    had fetched is stored, and whoever waits for the next job has the threads.
    """
    gateway, source = gateway_over(open_storage("memory"), limit=2)
    symbols = [f"A{chr(65 + n)}" for n in range(8)]
    job = gateway.jobs.submit(backfill_of("AAPL", "MSFT", *symbols))
    await until(gateway, job.id, lambda one: one.done == 2)
    await asyncio.to_thread(source.waits.wait)
    waiter = asyncio.ensure_future(gateway.jobs.ended(job.id))
    await asyncio.sleep(0)
    cancelled = gateway.jobs.cancel(job.id)
    assert (cancelled.state, cancelled.requests) == (JobState.CANCELLED, 2)
    assert (await waiter)[0].state is JobState.CANCELLED
    while source.budget.waiting():
        await asyncio.sleep(0.001)
    assert len(source.served) == 2
    assert gateway.jobs.cancel(job.id) == cancelled
    left = await gateway.history.plan(["AAPL", "MSFT", *symbols], Series.MINUTE, WEEK)
    assert len(left.tasks) == 8
    await gateway.workers.background(lambda: None)
    gateway.close()


async def test_a_job_is_done_by_the_gateway_that_starts_again_from_where_it_stopped() -> None:
    """The list lies beside the store; what was stored is not fetched again, and what ended stays
    ended.
    """
    storage = open_storage("memory")
    gateway, source = gateway_over(storage, limit=3)
    small = gateway.jobs.submit(backfill_of("SPY"))
    await until(gateway, small.id, lambda one: not one.open)
    job = gateway.jobs.submit(backfill_of("AAPL", "MSFT", "NVDA", "TSLA"))
    await until(gateway, job.id, lambda one: one.done == 2)
    await gateway.jobs.stop()
    gateway.close()
    again, source = gateway_over(storage)
    await again.jobs.resume()
    ended = await until(again, job.id, lambda one: not one.open)
    assert (ended.state, ended.done, ended.restarts) == (JobState.DONE, 2, 1)
    assert len(source.served) == 2
    assert {s: again.jobs.job(s).state for s in (small.id,)} == {small.id: JobState.DONE}
    assert ended.bars > gateway.jobs.job(job.id).bars
    again.close()


async def test_a_list_that_cannot_be_read_or_written_stops_no_job(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged, and the gateway starts and works."""
    storage = open_storage("memory")
    storage.put("jobs/gateway.json", lambda sink: sink.write(b"[{"))
    gateway, _ = gateway_over(storage)
    await gateway.jobs.resume()
    assert "jobs/gateway.json is damaged" in caplog.text
    job = gateway.jobs.submit(backfill_of("AAPL"))
    assert (await gateway.jobs.ended(job.id))[0].state is JobState.DONE
    await gateway.jobs.stop()
    again, _ = gateway_over(storage)
    await again.jobs.resume()
    assert [one.id for one in again.jobs.jobs()] == [job.id]
    gateway.close()
    again.close()


async def test_a_repair_can_be_cancelled_between_symbols_and_a_compaction_between_folders() -> None:
    """900,000 symbols kept a core busy once: nobody could end it."""
    gateway, _ = gateway_over(open_storage("memory"))
    job = gateway.jobs.submit(JobSpec(JobKind.REPAIR, tuple(f"S{n}" for n in range(900_000))))
    await until(gateway, job.id, lambda one: one.done >= 1)
    assert gateway.jobs.cancel(job.id).done < 900_000
    tidy = gateway.jobs.submit(JobSpec(JobKind.COMPACT))
    ended, run = await gateway.jobs.ended(tidy.id)
    assert (ended.state, run.compactions) == (JobState.DONE, [])
    gateway.close()


async def test_what_a_job_fails_with_is_the_callers_error_and_the_next_job_runs() -> None:
    """A plan that cannot be made; without a store there are no jobs."""
    storage = open_storage("memory")
    gateway, _ = gateway_over(storage)
    job = gateway.jobs.submit(JobSpec(JobKind.BACKFILL, ("AAPL",), None))  # no series: a bug
    with pytest.raises(AssertionError):
        await gateway.jobs.ended(job.id)
    assert gateway.jobs.job(job.id).state is JobState.FAILED
    good = gateway.jobs.submit(backfill_of("AAPL"))
    assert (await gateway.jobs.ended(good.id))[0].state is JobState.DONE
    gateway.close()
    bare = Gateway(None, xnys(), lambda: NOW, Budget.of(1, 1.0))
    with pytest.raises(ConfigurationError, match="keeps nothing"):
        bare.jobs.submit(JobSpec(JobKind.COMPACT))
    await bare.jobs.resume()
    bare.close()
