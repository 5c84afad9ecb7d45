"""What the commands of `polytape history` fetch: backfills and repairs."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import click

from polytape.cli.history_options import series_of, span_of, symbols_of
from polytape.cli.options import StoreOptions
from polytape.cli.output import note, print_facts
from polytape.cli.progress import progress
from polytape.cli.universe import read_universe
from polytape.cli.wiring import opened_gateway
from polytape.gateway.gateway import Gateway
from polytape.history.backfill import BackfillPlan, Task, TaskResult, describe
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
) -> int:
    """Fetch what is missing; how many tasks failed.

    Raises: BadParameter where no symbol is named; ConfigurationError, ValidationError.
    """
    series, span = series_of(timeframe), span_of(start, end)
    chosen = [parse_symbol(symbol) for symbol in [*symbols, *read_universe(universe)]]
    if not chosen:
        raise click.BadParameter("name symbols, or a --universe FILE")

    async def fill(gateway: Gateway) -> int:
        plan = await gateway.history.plan(chosen, series, span)
        if dry_run:
            _print_cost(gateway, plan, len(chosen))
        elif plan.tasks:
            return await _run(gateway, plan.tasks)
        else:
            click.echo("nothing is missing")
        return 0

    with opened_gateway(options) as gateway:
        return asyncio.run(fill(gateway))


def repair(
    symbols: Sequence[str], start: str | None, end: str | None, options: StoreOptions
) -> int:
    """Fetch doubtful days again; how many tasks failed.

    Raises: ConfigurationError, ValidationError.
    """
    span = span_of(start, end)

    async def mend(gateway: Gateway) -> int:
        chosen = symbols_of(gateway.history.must_store(), symbols)
        tasks = await gateway.history.repairs(chosen, span)
        return await _run(gateway, tasks) if tasks else 0

    with opened_gateway(options) as gateway:
        return asyncio.run(mend(gateway))


async def _run(gateway: Gateway, tasks: Sequence[Task]) -> int:
    """Do the tasks, with a bar of progress; how many failed."""
    market = gateway.market
    with progress("questions", len(tasks)) as done:

        def on_result(result: TaskResult) -> None:
            if result.error is not None:
                note(f"{describe(result.task, market)}: {result.error}")
            done(describe(result.task, market))

        count = await gateway.history.run(tasks, on_result)
    failed = len(count.failed)
    answered = count.tasks - failed
    click.echo(f"{answered:,} questions answered, {count.bars:,} bars, {failed:,} failed")
    return failed


def _print_cost(gateway: Gateway, plan: BackfillPlan, symbols: int) -> None:
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
