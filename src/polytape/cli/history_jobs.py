"""Backfills, repairs and compactions as jobs of a running gateway, watched from here."""

import time
from collections.abc import Mapping, Sequence
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
from polytape.settings import load
from polytape.wire.api.messages import MAX_SYMBOLS
from polytape.wire.flow import RetryPolicy

# A short job is seen to end at once, a long one is not looked at too often.
FIRST_LOOK_S, LOOK_EVERY_S = 0.02, 1.0
# A gateway on this machine says what it is at once, or there is none.
IS_THERE = RetryPolicy(timeout_s=2.0, max_retries=0, deadline_s=3.0)
OPEN = ("waiting", "running")
# What progress is counted in.
UNITS = {"backfill": "questions", "repair": "symbols", "compact": "folders"}

Body: TypeAlias = Mapping[str, object]


def gateway_for(url: str | None, options: StoreOptions) -> str | None:
    """The gateway that a command goes through: the one that it names, else a running one that keeps
    the store which the settings name; None where there is none, and the command works by itself.

    Raises: ConfigurationError where a gateway and a store are named.
    """
    named = [name for name, value in options.items() if value is not None]
    if named:
        if url is not None:
            raise ConfigurationError(f"--url names a gateway, which has a --{named[0]} of its own")
        return None
    return url or _running()


def _running() -> str | None:
    settings = load()
    try:
        with connect(None, IS_THERE) as gateway:
            status: answers.StatusAnswer = answers.check(gateway.status(), answers.StatusAnswer)
    except (ConnectionError, DataFetchError):
        return None
    return settings.url if status["store"] == store_location(settings) else None


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
    for failure in job["failures"]:
        note(failure)
    if job["state"] != "done":
        why = f": {job['error']}" if job["error"] else ""
        raise DataFetchError(f"job {job['id']} {job['state']}{why} after {progress_text(job)}")
    nothing = job["kind"] == "backfill" and job["total"] == 0
    click.echo("nothing is missing" if nothing else progress_text(job))
    return job["failed"]


def _wait(gateway: GatewayConnection, job: answers.JobAnswer, unit: str) -> answers.JobAnswer:
    with counted_progress(unit) as show:
        wait = FIRST_LOOK_S
        while job["state"] in OPEN:
            time.sleep(wait)
            wait = min(2 * wait, LOOK_EVERY_S)
            job = gateway.get(f"/jobs/{job['id']}", answers.JobAnswer)
            show(job["done"], job["total"], job["doing"] or job["state"])
    return job
