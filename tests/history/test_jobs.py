"""Long work as jobs: a table that a clock and names are handed to."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import NotFoundError, RateLimitError
from polytape.history.jobs import (
    AT_ONCE,
    MOST_ENDED,
    MOST_OPEN,
    Job,
    JobKind,
    JobSpec,
    JobState,
    JobTable,
    outcome,
)
from polytape.model.timeframes import Series
from polytape.model.units import SECOND_US
from polytape.wire.budget import BudgetState

FREE = BudgetState(100, 0, 0.0, 1.0)


def spec(symbol: str) -> JobSpec:
    return JobSpec(JobKind.BACKFILL, (symbol,), Series.MINUTE, 0, 5)


def test_so_many_run_and_the_others_wait_their_turn() -> None:
    """The oldest first; the end of one is the beginning of the next."""
    table = JobTable()
    for number in range(AT_ONCE + 2):
        table.add(spec(f"A{number}"), f"j{number}", 0)
    assert [job.id for job in table.start(1)] == ["j0", "j1"]
    assert table.start(2) == []
    table.end("j0", JobState.DONE, 3)
    assert [(job.id, job.started_at) for job in table.start(4)] == [("j2", 4)]


def test_an_open_job_is_joined_by_an_equal_one() -> None:
    """A caller who tries again after a timeout begins no second job; once it ended, it does."""
    table = JobTable()
    assert table.add(spec("A"), "j0", 0) is table.add(spec("A"), "j1", 1)
    table.end("j0", JobState.DONE, 2)
    assert table.add(spec("A"), "j1", 3).id == "j1"


def test_open_jobs_are_bounded_and_so_are_those_that_ended() -> None:
    """The refusal says what to do."""
    table = JobTable()
    for number in range(MOST_OPEN):
        table.add(spec(f"A{number}"), f"j{number}", 0)
    with pytest.raises(RateLimitError, match=r"cancel one .*polytape jobs cancel"):
        table.add(spec("B"), "more", 0)
    for number in range(3 * MOST_ENDED):
        table.end(table.jobs()[-1].id, JobState.DONE, 1)
        table.add(spec(f"B{number}"), f"k{number}", 1)
    assert len(table.jobs()) <= MOST_OPEN + MOST_ENDED


def test_an_end_is_the_last_word() -> None:
    """A job that was cancelled is not done by a thread that comes late."""
    table = JobTable()
    table.add(spec("A"), "j", 0)
    table.start(0)
    table.end("j", JobState.CANCELLED, 1)
    assert table.end("j", JobState.DONE, 2).state is JobState.CANCELLED
    with pytest.raises(NotFoundError, match="there is no job 'k'"):
        table.job("k")


def test_the_time_left_goes_by_the_pace_and_by_the_plan_before_there_is_one() -> None:
    """And is not known of what waits."""
    table = JobTable()
    table.add(spec("A"), "j", 0)
    assert table.job("j").eta_s(0, FREE) is None
    table.start(0)
    assert table.change("j", total=10, estimate_s=60.0).eta_s(SECOND_US, FREE) == 60.0
    table.advance("j", "A", bars=5)
    table.advance("j", "B", error="down")
    job = table.job("j")
    assert job.eta_s(4 * SECOND_US, FREE) == pytest.approx(16.0)
    assert (job.done, job.failed, job.bars, job.failures) == (2, 1, 5, ("down",))


@pytest.mark.parametrize(
    ("state", "planned", "left"),
    [(BudgetState(5, 5, 55.0, 60.0), 12, 115.0), (BudgetState(5, 0, 0.0, 60.0), 12, 60.0),
     (BudgetState(5, 5, 55.0, 60.0), 0, 7.0)],
)  # fmt: skip
def test_the_time_left_counts_the_windows_of_the_budget(
    state: BudgetState, planned: int, left: float
) -> None:
    """Five of twelve requests done in five seconds: it said that seven more take seven, and at five
    a minute the last of them waits for the second window. What asks nobody waits for none.
    """
    job = Job("j", spec("A"), 0, JobState.RUNNING, 0, total=12, done=5, planned_requests=planned)
    assert job.eta_s(5 * SECOND_US, state) == pytest.approx(left)


def test_while_a_job_waits_for_the_budget_the_time_left_falls() -> None:
    """The pace so far grows through each wait: it said more the nearer the end was."""
    job = Job("j", spec("A"), 0, JobState.RUNNING, 0, total=15, done=5, planned_requests=15)
    left = [job.eta_s(at * SECOND_US, BudgetState(5, 5, 60.0 - at, 60.0)) for at in range(5, 60, 5)]
    assert left == [pytest.approx(120.0 - at) for at in range(5, 60, 5)]


def test_what_is_slower_than_the_budget_sets_the_pace() -> None:
    job = Job("j", spec("A"), 0, JobState.RUNNING, 0, total=400, done=100, planned_requests=400)
    assert job.eta_s(100 * SECOND_US, BudgetState(100, 0, 0.0, 1.0)) == pytest.approx(300.0)


@given(st.lists(st.sampled_from(JobState), max_size=8))
def test_what_a_gateway_left_open_runs_anew_and_nothing_else(states: list[JobState]) -> None:
    """Whatever the file held: it is read as it was written, and counts go on."""
    left = [
        Job(f"j{n}", spec(f"A{n}"), n, state, 1, total=4, done=2, bars=7, requests=3)
        for n, state in enumerate(states)
    ]
    table = JobTable()
    table.add(spec("Z"), "new", 9)
    table.restore(msgspec.json.decode(msgspec.json.encode(left), type=list[Job]))
    jobs = table.jobs()
    assert [job.id for job in jobs] == [*(job.id for job in left), "new"]
    for before, after in zip(left, jobs, strict=False):
        if before.state is JobState.RUNNING:
            assert (after.state, after.done, after.total) == (JobState.WAITING, 0, None)
            assert (after.bars, after.requests, after.restarts) == (7, 3, 1)
        else:
            assert after == before


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 9))
def test_nothing_that_failed_in_part_is_done_and_nothing_that_stored_bars_has_failed(
    tasks: int, failed: int, bars: int
) -> None:
    """Done is without a failure, failed is without a bar; all else is partial."""
    failed = min(tasks, failed)
    end = outcome(tasks, failed, bars)
    assert (end is JobState.DONE) == (failed == 0)
    assert (end is JobState.FAILED) == (0 < failed == tasks and bars == 0)
    assert end in {JobState.DONE, JobState.FAILED, JobState.PARTIAL}
