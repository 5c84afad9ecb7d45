"""`polytape calibrate`: whether the levels of a symbol are worth anything."""

from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import click

from polytape.cli import options as shared
from polytape.cli import rates_file
from polytape.cli.gateway import noting_waits, open_client, warn_if_made_up
from polytape.cli.moments import IN_MARKET
from polytape.cli.output import note
from polytape.engines.options import LevelScale
from polytape.errors import ValidationError

# Daily bars before the first minute: what a scan reads of them.
DAYS_BEFORE = timedelta(days=401)


@click.command()
@shared.symbol_argument
@click.option(
    "--from", "first", type=IN_MARKET, required=True, help="The first day, or such as ytd, 6mo."
)
@click.option("--to", "last", type=IN_MARKET, required=True, help="The last day, or yesterday.")
@click.option(
    "--levels",
    type=click.Choice(get_args(LevelScale)),
    default="standard",
    help="Which scores make L1 to L5.",
)
@click.option(
    "--horizon",
    type=click.IntRange(min=1),
    default=5,
    help="Trading days that zones are watched; default 5.",
)
@click.option("--save", type=click.Path(path_type=Path), help="A file for `polytape scan --rates`.")
@shared.url_option
def calibrate(
    symbol: str,
    first: str,
    last: str,
    levels: LevelScale,
    horizon: int,
    save: Path | None,
    url: str | None,
) -> None:
    """How often zones of each level held in the past, beside random levels.

    Takes minutes of both days and those between; the first 30 days of them only warm up.
    """
    from polytape.engines import calibration

    begin, end = _day("from", first), _day("to", last)
    with open_client(url) as client, noting_waits(url):
        minutes = client.fetch_bars(symbol, begin, end, "1min")
        days = client.fetch_bars(symbol, begin - DAYS_BEFORE, end, "1day")
        plan = calibration.CalibrationPlan(horizon_days=horizon, levels=levels)
        market = client.market
        made = calibration.calibrate(
            minutes, days, market=market, symbol=symbol.strip().upper(), plan=plan
        )
        warn_if_made_up(client.gateway_status)
    click.echo(repr(made))
    if save is not None:
        rates_file.save([made], save)
        note(f"saved into {save}")


def _day(option: str, text: str) -> date:
    """A day. Raises: ValidationError for what is none."""
    from polytape.model.instants import parse_day_or_instant

    day = parse_day_or_instant(text, option)
    if not isinstance(day, date):
        raise ValidationError(option, text, "a day, such as 2024-07-02")
    return day
