"""`polytape jobs`: what the gateway does in the background."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import click

from polytape.cli.answers import JobAnswer, JobsAnswer
from polytape.cli.gateway import connect
from polytape.cli.moments import SHOWN_IN, with_moments
from polytape.cli.options import format_option, url_option
from polytape.cli.output import print_facts, print_records
from polytape.model.counts import counted

SHOWN_SYMBOLS = 2
INSTANTS = ("start", "end", "created_at", "started_at", "ended_at")


@click.group(invoke_without_command=True)
@format_option
@url_option
@click.pass_context
def jobs(context: click.Context, form: str, url: str | None) -> None:
    """The gateway's backfills, repairs and compactions; jobs cancel ID ends one.

    Times are New York time, of csv and json UTC. jobs show ID says all of one, with what failed.
    """
    if context.invoked_subcommand is not None:
        return
    with connect(url) as gateway:
        answer: JobsAnswer = gateway.get("/jobs", JobsAnswer)
    if form == "table" and not answer["jobs"]:
        click.echo("no jobs: history backfill, repair and compact begin them")
    elif form == "table":
        print_records(map(_row, answer["jobs"]), form)
    else:
        print_records(answer["jobs"], form)


@jobs.command()
@click.argument("job_id", metavar="ID")
@format_option
@url_option
def show(job_id: str, form: str, url: str | None) -> None:
    """All that is known of a job."""
    with connect(url) as gateway:
        answer: JobAnswer = gateway.get(f"/jobs/{_checked(job_id)}", JobAnswer)
    print_facts(_facts(answer) if form == "table" else answer, form)


@jobs.command()
@click.argument("job_id", metavar="ID")
@url_option
def cancel(job_id: str, url: str | None) -> None:
    """Cancel a job: what it has stored stays, and the same command goes on from there."""
    with connect(url) as gateway:
        answer: JobAnswer = gateway.delete(f"/jobs/{_checked(job_id)}")
    ended = "" if answer["state"] == "cancelled" else "; it had ended before"
    click.echo(f"job {answer['id']} is {answer['state']}: {progress_text(answer)}{ended}")


def progress_text(job: JobAnswer) -> str:
    """`12 of 40 questions, 31,200 bars, 1 failed, 14 requests`."""
    of = "" if job["total"] is None else f" of {job['total']:,}"
    failed = f", {job['failed']:,} failed" if job["failed"] else ""
    spent = f", {counted(job['requests'], 'request')}" if job["requests"] else ""
    unit = job["unit"] or "steps"
    if (job["done"] if job["total"] is None else job["total"]) == 1:
        unit = unit.removesuffix("s")
    return f"{job['done']:,}{of} {unit}, {counted(job['bars'], 'bar')}{failed}{spent}"


def _facts(job: JobAnswer) -> dict[str, object]:
    """A job for people: what there is to say of it, in their time."""
    eta = job["eta_seconds"]
    facts: dict[str, object] = {**with_moments(job, *INSTANTS), "bars": f"{job['bars']:,}"}
    if facts.get("end") is None and facts.get("start") is not None:
        facts["end"] = "up to now"
    if eta is not None:
        facts["eta_seconds"] = f"{round(eta):,} ({timedelta(seconds=round(eta))})"
    return {name: value for name, value in facts.items() if value not in (None, "", [])}


def _checked(job_id: str) -> str:
    """An id as it may stand in a path. Raises: BadParameter."""
    if not job_id.isalnum() or not job_id.isascii():
        raise click.BadParameter(f"{job_id[:40]!r} is no job: polytape jobs lists them")
    return job_id


def _row(job: JobAnswer) -> Mapping[str, object]:
    names = " ".join(job["symbols"][:SHOWN_SYMBOLS])
    more = job["symbol_count"] - len(job["symbols"][:SHOWN_SYMBOLS])
    eta = job["eta_seconds"]
    left = "" if eta is None else f", {timedelta(seconds=round(eta))} left"
    began = datetime.fromisoformat(job["started_at"] or job["created_at"]).astimezone(SHOWN_IN)
    return {
        "id": job["id"],
        "kind": job["kind"],
        "state": job["state"],
        "symbols": f"{names} +{more:,}" if more > 0 else names,
        "began": f"{began:%m-%d %H:%M}",
        "progress": (job["error"] or progress_text(job)) + left,
    }
