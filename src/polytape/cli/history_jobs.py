"""Backfills, repairs and compactions as jobs of a running gateway, watched from here."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

import click

from polytape.cli import answers
from polytape.cli.gateway import GatewayConnection, connect
from polytape.cli.jobs import progress_text
from polytape.cli.options import StoreOptions
from polytape.cli.output import note
from polytape.cli.progress import counted_progress
from polytape.cli.stores import store_location
from polytape.errors import ConfigurationError, ConnectionError, DataFetchError
from polytape.settings import load, origins
from polytape.wire.api.messages import MAX_SYMBOLS
from polytape.wire.flow import RetryPolicy

# A short job is seen to end at once, a long one is not looked at too often.
FIRST_LOOK_S, LOOK_EVERY_S = 0.02, 1.0
# A gateway on this machine says what it is at once, or there is none.
IS_THERE = RetryPolicy(timeout_s=2.0, max_retries=0, deadline_s=3.0)
OPEN = ("waiting", "running")
SHOWN_SYMBOLS = 5
# The source whose requests are counted.
VENDOR = "polygon"
# What progress is counted in.
UNITS = {"backfill": "questions", "repair": "symbols", "compact": "folders"}

Body: TypeAlias = Mapping[str, object]


def gateway_for(url: str | None, options: StoreOptions) -> str | None:
    """The gateway that a command goes through: the one of `--url`; none where the command names a
    store or a source; else the one of POLYTAPE_URL, unless the settings name a store or source that
    is not its own; else one that runs at the usual address, where it keeps the store of the
    settings or these name neither a store nor a source nor a key. None: the command works by
    itself.

    Raises: ConfigurationError where a gateway and a store are named; ConnectionError and others
    where the gateway of POLYTAPE_URL does not answer.
    """
    named = [name for name, value in options.items() if value is not None]
    if named:
        if url is not None:
            raise ConfigurationError(f"--url names a gateway, which has a --{named[0]} of its own")
        return None
    return url or _of_settings()


def _of_settings() -> str | None:
    written, settings = origins(), load()
    own = written.keys() & {"store", "source", "data"}
    alone = "url" in written and not own
    bare = not own and "api_key" not in written
    status = _gateway_status(written["url"].where if alone else None)
    if status is None:
        return None
    if alone or bare or status["store"] == store_location(settings):
        return settings.url
    note(
        f"the gateway at {settings.url} keeps another store: this is done without it, in "
        f"{store_location(settings)} (--url {settings.url} lets it do it)"
    )
    return None


def _gateway_status(named_by: str | None) -> answers.StatusAnswer | None:
    """What the gateway of the settings says of itself; None where none answers, and no setting
    alone decides that it does the work (`named_by` says which).

    Raises: ConnectionError and others where one does.
    """
    try:
        with connect(None, IS_THERE) as gateway:
            status: answers.StatusAnswer = answers.check(gateway.status(), answers.StatusAnswer)
    except ConnectionError as error:
        if named_by is None:
            return None
        raise ConnectionError(
            f"{error}; {named_by} names it: without a gateway name a --store or a --source",
            url=error.url,
            sent=error.sent,
        ) from None
    except DataFetchError:
        if named_by is not None:
            raise
        return None
    return status


def dry_run(url: str, body: Body, symbols: Sequence[str]) -> dict[str, object]:
    """What a backfill of the gateway's would ask, as facts; very many symbols in parts.

    Raises: errors of the gateway.
    """
    plans: list[answers.PlanAnswer] = []
    with connect(url) as gateway:
        for at in range(0, len(symbols), MAX_SYMBOLS):
            part = {**body, "symbols": symbols[at : at + MAX_SYMBOLS], "dry_run": True}
            plans.append(gateway.post("/history/backfill", part, answers.PlanAnswer))
        status: answers.StatusAnswer = answers.check(gateway.status(), answers.StatusAnswer)
        limit: answers.RateLimitAnswer = gateway.get("/rate-limit", answers.RateLimitAnswer)
    requests = sum(plan["requests"] for plan in plans)
    return plan_facts(
        symbols=len(symbols),
        questions=sum(plan["questions"] for plan in plans),
        # A gateway over the vendor's store may have nobody to ask: what costs nothing is counted in
        # questions.
        requests=(requests or None) if status["source"] == VENDOR else None,
        budget=f"{limit['limit']} in {limit['window_seconds']:g} s",
        seconds=sum(plan["seconds"] for plan in plans),
        why=plans[0]["why"],
        beyond=plans[0].get("beyond", ""),
        source=status["source"],
    )


def plan_facts(
    *,
    symbols: int,
    questions: int,
    requests: int | None,
    budget: str,
    seconds: float,
    why: str,
    beyond: str,
    source: str,
) -> dict[str, object]:
    """What a dry run prints: `requests` of the vendor's, or the questions of a source without a
    budget.
    """
    metered = {"requests": requests, "budget": budget}
    return {
        "symbols": symbols,
        **({"questions": questions} if requests is None else metered),
        "about": str(timedelta(seconds=round(seconds))),
        "why": why,
        **({"left out": beyond} if beyond else {}),
        "source": source,
    }


def run_jobs(url: str, action: str, body: Body, symbols: Sequence[str] = ()) -> int:
    """Run `POST /history/ACTION` as a job, or one after the other for very many symbols, and show
    how far it is; how many failed.

    Raises: DataFetchError for a job that failed or was cancelled; errors of the gateway.
    """
    starts = range(0, len(symbols), MAX_SYMBOLS)
    parts = [{"symbols": symbols[at : at + MAX_SYMBOLS]} for at in starts] or [{}]
    failed = 0
    with connect(url) as gateway:
        for part in parts:
            whole = {**body, **part, "wait": False}
            job: answers.JobAnswer = gateway.post(f"/history/{action}", whole, answers.JobAnswer)
            note(f"job {job['id']} of the gateway at {url}")
            failed += _watched(gateway, job, UNITS[action])
    return failed


def nothing_text(beyond: str | None) -> str:
    """What is said of a backfill without a question."""
    return "nothing is missing" + (" of what the source has" if beyond else "")


def _watched(gateway: GatewayConnection, job: answers.JobAnswer, unit: str) -> int:
    """Wait for a job's end; how many of it failed. Raises: DataFetchError."""
    try:
        job = _wait(gateway, job, unit)
    except KeyboardInterrupt:
        identity = job["id"]
        note(
            f"job {identity} goes on in the gateway (polytape jobs shows it; polytape jobs cancel "
            f"{identity} ends it: what it has fetched stays)"
        )
        raise
    except ConnectionError:
        note(f"job {job['id']} is resumed when the gateway starts again; polytape jobs shows it")
        raise
    _note_failures(job)
    beyond = job.get("beyond")
    if beyond:
        note(f"left out: {beyond}")
    if job["state"] not in ("done", "partial"):
        why = f": {job['error']}" if job["error"] else ""
        raise DataFetchError(f"job {job['id']} {job['state']} after {progress_text(job)}{why}")
    nothing = job["kind"] == "backfill" and job["total"] == 0
    click.echo(nothing_text(beyond) if nothing else progress_text(job))
    if job["state"] == "done":
        note_without_bars(job.get("without_bars", []))
    note_failed(job["state"])
    return job["failed"]


def _note_failures(job: answers.JobAnswer) -> None:
    """What failed, but for what the job's own error says."""
    for failure in job["failures"]:
        if failure not in (job["error"] or ""):
            note(failure)


def note_without_bars(symbols: Sequence[str]) -> None:
    """Say of which symbols a backfill has left nothing stored: an answer without bars is no error,
    and a slip of the keyboard is answered so.
    """
    if symbols:
        shown = " ".join(symbols[:SHOWN_SYMBOLS]) + (" ..." if symbols[SHOWN_SYMBOLS:] else "")
        note(f"no bars of {shown} are stored: polytape validate SYMBOL says whether there is one")


def note_failed(state: str) -> None:
    """Say of work that is not done what that means, and the next step."""
    if state != "done":
        note(f"{state}, not done: the same command asks again for what failed (exit code 1)")


def _wait(gateway: GatewayConnection, job: answers.JobAnswer, unit: str) -> answers.JobAnswer:
    with counted_progress(unit) as show:
        wait = FIRST_LOOK_S
        while job["state"] in OPEN:
            time.sleep(wait)
            wait = min(2 * wait, LOOK_EVERY_S)
            job = gateway.get(f"/jobs/{job['id']}", answers.JobAnswer)
            show(job["done"], job["total"], job["doing"] or job["state"])
    return job
