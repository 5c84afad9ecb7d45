"""`/jobs`: backfills, repairs and compactions under way: look, and cancel."""

from http import HTTPStatus
from typing import Any

from litestar import Response, delete, get
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.openapi import ResponseSpec
from litestar.params import FromPath

from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.gateway.jobs import JobRun
from polytape.history.jobs import Job, JobState
from polytape.model.timestamps import iso
from polytape.wire.api.job_messages import JobList, JobMessage
from polytape.wire.api.media import API, PROBLEM_JSON
from polytape.wire.api.problems import Problem

# What a route that begins a job may answer, too.
JOB_RESPONSES = PROBLEMS | {
    int(HTTPStatus.ACCEPTED): ResponseSpec(
        JobMessage, description="The job, for a caller who does not wait", generate_examples=False
    ),
    int(HTTPStatus.CONFLICT): ResponseSpec(
        Problem, description="The job was cancelled", media_type=PROBLEM_JSON,
        generate_examples=False,
    ),
}  # fmt: skip
# So many of a job's symbols are named; how many there are is said beside it.
SHOWN_SYMBOLS = 20


@get("/jobs", responses=PROBLEMS)
async def get_jobs(gateway: NamedDependency[Gateway]) -> JobList:
    """All jobs, the newest first; of those that ended the last hundred."""
    return JobList([job_message(job, gateway) for job in gateway.jobs.jobs()])


@get("/jobs/{job_id:str}", responses=PROBLEMS)
async def get_job(job_id: FromPath[str], gateway: NamedDependency[Gateway]) -> JobMessage:
    """One job, and how far it is."""
    return job_message(gateway.jobs.job(job_id), gateway)


@delete("/jobs/{job_id:str}", status_code=HTTPStatus.OK, responses=PROBLEMS)
async def delete_job(job_id: FromPath[str], gateway: NamedDependency[Gateway]) -> JobMessage:
    """Cancel a job: what it has stored stays. One that has ended stays as it is."""
    return job_message(gateway.jobs.cancel(job_id), gateway)


JOB_ROUTES = [get_jobs, get_job, delete_job]


def accepted(gateway: Gateway, job: Job) -> Response[Any]:
    """The answer to a caller who does not wait."""
    location = {"Location": f"{API}/jobs/{job.id}"}
    body = job_message(job, gateway)
    return Response(body, status_code=HTTPStatus.ACCEPTED, headers=location)


async def must_end(gateway: Gateway, job: Job) -> tuple[Job, JobRun]:
    """The end of a job, for a caller who waits.

    Raises: what it failed with; HTTPException, 409, where somebody cancelled it.
    """
    ended, run = await gateway.jobs.ended(job.id)
    if ended.state is JobState.CANCELLED:
        detail = (
            f"job {job.id} was cancelled after {ended.done:,} {ended.unit or 'steps'}: what it "
            "brought is stored, and the same request goes on where it stopped"
        )
        raise HTTPException(detail, status_code=HTTPStatus.CONFLICT)
    return ended, run


def job_message(job: Job, gateway: Gateway) -> JobMessage:
    """A job as the API says it."""
    spec, eta = job.spec, job.eta_s(gateway.jobs.now(), gateway.budget_state())
    return JobMessage(
        id=job.id,
        kind=spec.kind.value,
        state=job.state.value,
        symbols=list(spec.symbols[:SHOWN_SYMBOLS]),
        symbol_count=len(spec.symbols),
        timeframe=None if spec.series is None else spec.series.value,
        start=None if not spec.symbols else iso(spec.start),
        end=None if spec.end is None else iso(spec.end),
        unit=job.unit,
        total=job.total,
        done=job.done,
        failed=job.failed,
        bars=job.bars,
        requests=job.requests,
        eta_seconds=None if eta is None else round(eta, 1),
        doing=job.doing,
        failures=list(job.failures),
        error=job.error,
        created_at=iso(job.created_at),
        started_at=_iso(job.started_at),
        ended_at=_iso(job.ended_at),
        restarts=job.restarts,
        beyond=job.beyond,
        without_bars=list(job.without_bars),
    )


def _iso(instant: int | None) -> str | None:
    return None if instant is None else iso(instant)
