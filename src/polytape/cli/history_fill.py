"""What the commands of `polytape history` fetch: backfills and repairs."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from polytape.cli import history_jobs, history_options, stores
from polytape.cli.options import StoreOptions
from polytape.cli.output import note, print_facts
from polytape.cli.progress import progress
from polytape.cli.universe import read_universe
from polytape.cli.wiring import opened_gateway
from polytape.gateway.gateway import Gateway
from polytape.history import backfill as filling
from polytape.history.jobs import outcome
from polytape.model.counts import counted
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
    gateway_url = history_jobs.gateway_for(url, options)
    if gateway_url is not None:
        body = {"start_date": start, "end_date": end, "timeframe": timeframe}
        if dry_run:
            print_facts(history_jobs.dry_run(gateway_url, body, chosen), "table")
            return 0
        return history_jobs.run_jobs(gateway_url, "backfill", body, chosen)

    async def fill(gateway: Gateway) -> int:
        plan = await gateway.history.plan(chosen, series, span)
        if plan.beyond and not dry_run:
            note(f"left out: {plan.beyond}")
        if dry_run:
            _print_cost(gateway, plan, len(chosen))
            return 0
        failed = 0
        if plan.tasks:
            failed = await _run(gateway, plan.tasks)
        else:
            click.echo(history_jobs.nothing_text(plan.beyond))
        if not failed:
            history_jobs.note_without_bars(await gateway.history.without_bars(chosen, series))
        return failed

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

    Raises: BadParameter where a gateway is to do it and no symbol is named; ConfigurationError,
    ValidationError.
    """
    span, named = history_options.span_of(start, end), [parse_symbol(symbol) for symbol in symbols]
    here = not named and stores.has_store(options)
    gateway_url = None if here else history_jobs.gateway_for(url, options)
    if gateway_url is not None and not named:
        raise click.BadParameter(f"name symbols: the gateway at {gateway_url} repairs those")
    if gateway_url is not None:
        return history_jobs.run_jobs(
            gateway_url, "repair", {"start_date": start, "end_date": end}, named
        )

    async def mend(gateway: Gateway) -> int:
        failed, failures = 0, _Failures(gateway.market)
        chosen = history_options.symbols_of(gateway.history.must_store(), named)
        with progress("symbols looked at", len(chosen)) as looked_at:
            for symbol in chosen:
                tasks = await gateway.history.repairs([symbol], span)
                count = await gateway.history.run(tasks, failures.note)
                failed += len(count.failed)
                mended.append(count)
                looked_at(symbol)
        failures.end()
        return failed

    mended: list[filling.BackfillCount] = []
    with opened_gateway(options, makes_store=False) as gateway, said_when_stopped():
        failed = asyncio.run(mend(gateway))
    days, bars = sum(count.tasks for count in mended), sum(count.bars for count in mended)
    again = f"{counted(days, 'doubtful day')} asked for again"
    click.echo(f"{again}, {counted(bars, 'bar')}, {failed:,} failed")
    history_jobs.note_failed(outcome(days, failed, bars))
    return failed


@contextmanager
def said_when_stopped() -> Iterator[None]:
    """On ctrl-C say what is left of the work."""
    try:
        yield
    except KeyboardInterrupt:
        note("what was fetched is stored; the same command goes on where it stopped")
        raise


class _Failures:
    """Says what failed; of many that failed alike, such as parts before the plan's history, the
    first, and at the end how many more.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._alike: Counter[str] = Counter()

    def note(self, result: filling.TaskResult) -> None:
        """Say why a task failed, unless an earlier one did for the same reason."""
        error = result.error
        if error is None:
            return
        limit = getattr(error, "limit", None)
        reason = getattr(error, "detail", str(error)) if limit is None else str(limit)
        self._alike[reason] += 1
        if self._alike[reason] == 1:
            note(f"{filling.describe(result.task, self._market)}: {error}")

    def end(self) -> None:
        """Say how many more failed alike."""
        more = self._alike.total() - len(self._alike)
        if more:
            note(f"{counted(more, 'more question')} failed alike")


async def _run(gateway: Gateway, tasks: Sequence[filling.Task]) -> int:
    """Do the tasks, with a bar of progress; how many failed."""
    failures = _Failures(gateway.market)
    with progress("questions", len(tasks)) as done:

        def on_result(result: filling.TaskResult) -> None:
            failures.note(result)
            done(filling.describe(result.task, gateway.market))

        count = await gateway.history.run(tasks, on_result)
    failures.end()
    failed = len(count.failed)
    answered = f"{counted(count.tasks - failed, 'question')} answered"
    click.echo(f"{answered}, {counted(count.bars, 'bar')}, {failed:,} failed")
    history_jobs.note_failed(outcome(count.tasks, failed, count.bars))
    return failed


def _print_cost(gateway: Gateway, plan: filling.BackfillPlan, symbols: int) -> None:
    state = gateway.budget_state()
    metered = gateway.upstream is not None and gateway.upstream.through is not None
    facts = history_jobs.plan_facts(
        symbols=symbols,
        questions=len(plan.tasks),
        requests=plan.requests if metered else None,
        budget=f"{state.limit} in {state.window_s:g} s",
        seconds=plan.seconds,
        why=plan.why,
        beyond=plan.beyond,
        source=gateway.bars.source_name,
    )
    print_facts(facts, "table")
