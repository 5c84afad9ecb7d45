"""What the commands of `polytape history` fetch: backfills and repairs."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import click

from polytape.cli import history_options, stores
from polytape.cli.history_jobs import gateway_for, run_jobs
from polytape.cli.options import StoreOptions
from polytape.cli.output import note, print_facts
from polytape.cli.progress import progress
from polytape.cli.universe import read_universe
from polytape.cli.wiring import opened_gateway
from polytape.gateway.gateway import Gateway
from polytape.history import backfill as filling
from polytape.model.market import Market
from polytape.model.symbols import parse_symbol


def backfill(
    symbols: Sequence[str],
    start: str,
    end: str | None,
    timeframe: str,
    universe: str | None,
    options: StoreOptions,
    *,
    dry_run: bool,
    url: str | None = None,
) -> int:
    """Fetch what is missing, as a job of a running gateway or here; how many tasks failed.

    Raises: BadParameter where no symbol is named; ConfigurationError, ValidationError.
    """
    series, span = history_options.series_of(timeframe), history_options.span_of(start, end)
    chosen = [parse_symbol(symbol) for symbol in [*symbols, *read_universe(universe)]]
    if not chosen:
        raise click.BadParameter("name symbols, or a --universe FILE")
    gateway_url = None if dry_run else gateway_for(url, options)
    if gateway_url is not None:
        body = {"start_date": start, "end_date": end, "timeframe": timeframe}
        return run_jobs(gateway_url, "backfill", body, chosen)

    async def fill(gateway: Gateway) -> int:
        plan = await gateway.history.plan(chosen, series, span)
        if dry_run:
            _print_cost(gateway, plan, len(chosen))
        elif plan.tasks:
            return await _run(gateway, plan.tasks)
        else:
            click.echo("nothing is missing")
        return 0

    if dry_run and not stores.has_store(options):
        options = options | StoreOptions(store="none")
    with opened_gateway(options, keeps=not dry_run) as gateway, said_when_stopped():
        return asyncio.run(fill(gateway))


def repair(
    symbols: Sequence[str],
    start: str | None,
    end: str | None,
    options: StoreOptions,
    url: str | None = None,
) -> int:
    """Fetch doubtful days again, as a job of a running gateway or here; how many tasks failed.

    Raises: ConfigurationError, ValidationError.
    """
    span, named = history_options.span_of(start, end), [parse_symbol(symbol) for symbol in symbols]
    gateway_url = gateway_for(url, options) if named else None
    if gateway_url is not None:
        return run_jobs(gateway_url, "repair", {"start_date": start, "end_date": end}, named)

    async def mend(gateway: Gateway) -> int:
        failed = 0
        chosen = history_options.symbols_of(gateway.history.must_store(), named)
        with progress("symbols looked at", len(chosen)) as looked_at:
            for symbol in chosen:
                tasks = await gateway.history.repairs([symbol], span)
                count = await gateway.history.run(tasks, partial(_note_failure, gateway.market))
                failed += len(count.failed)
                mended.append(count)
                looked_at(symbol)
        return failed

    mended: list[filling.BackfillCount] = []
    with opened_gateway(options, makes_store=False) as gateway, said_when_stopped():
        failed = asyncio.run(mend(gateway))
    days, bars = sum(count.tasks for count in mended), sum(count.bars for count in mended)
    click.echo(f"{days:,} doubtful days asked for again, {bars:,} bars, {failed:,} failed")
    return failed


@contextmanager
def said_when_stopped() -> Iterator[None]:
    """On ctrl-C say what is left of the work."""
    try:
        yield
    except KeyboardInterrupt:
        note("what was fetched is stored; the same command goes on where it stopped")
        raise


def _note_failure(market: Market, result: filling.TaskResult) -> None:
    if result.error is not None:
        note(f"{filling.describe(result.task, market)}: {result.error}")


async def _run(gateway: Gateway, tasks: Sequence[filling.Task]) -> int:
    """Do the tasks, with a bar of progress; how many failed."""
    market = gateway.market
    with progress("questions", len(tasks)) as done:

        def on_result(result: filling.TaskResult) -> None:
            _note_failure(market, result)
            done(filling.describe(result.task, market))

        count = await gateway.history.run(tasks, on_result)
    failed = len(count.failed)
    answered = count.tasks - failed
    click.echo(f"{answered:,} questions answered, {count.bars:,} bars, {failed:,} failed")
    return failed


def _print_cost(gateway: Gateway, plan: filling.BackfillPlan, symbols: int) -> None:
    state = gateway.budget_state()
    metered = gateway.upstream is not None and gateway.upstream.through is not None
    budget = {
        "requests": plan.requests,
        "budget": f"{state.limit} in {state.window_s:g} s",
    }
    facts = {
        "questions": len(plan.tasks),
        "symbols": symbols,
        **(budget if metered else {}),
        "about": str(timedelta(seconds=round(plan.seconds))),
        "why": plan.why,
        "source": gateway.bars.source_name,
    }
    print_facts(facts, "table")
