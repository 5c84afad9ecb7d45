"""`polytape calibrate`: whether the levels of a symbol are worth anything."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from polytape.cli import options as shared
from polytape.cli import rates_file
from polytape.cli.gateway import noting_waits, open_client, warn_if_made_up
from polytape.cli.output import note
from polytape.engines.options import LevelScale

if TYPE_CHECKING:
    from datetime import datetime

# Daily bars before the first minute: what a scan reads of them.
DAYS_BEFORE = timedelta(days=401)


@click.command()
@shared.symbol_argument
@click.option(
    "--from", "first", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The first day."
)
@click.option(
    "--to", "last", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day."
)
@click.option(
    "--levels",
    type=click.Choice(get_args(LevelScale)),
    default="standard",
    help="Which scores make L1 to L5.",
)
@click.option(
    "--horizon", type=click.IntRange(min=1), default=5, help="Days that zones are watched."
)
@click.option("--save", type=click.Path(path_type=Path), help="A file for `polytape scan --rates`.")
@shared.url_option
def calibrate(
    symbol: str,
    first: "datetime",
    last: "datetime",
    levels: LevelScale,
    horizon: int,
    save: Path | None,
    url: str | None,
) -> None:
    """How often zones of each level held in the past, beside random levels.

    Takes minutes of both days and those between; the first 30 days of them only warm up.
    """
    from polytape.engines import calibration

    with open_client(url) as client, noting_waits(url):
        minutes = client.fetch_bars(symbol, first.date(), last.date(), "1min")
        days = client.fetch_bars(symbol, (first - DAYS_BEFORE).date(), last.date(), "1day")
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
