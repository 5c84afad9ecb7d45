"""What may be meant by a symbol that there is not (see `polytape.model.near_symbols`), or by an
option that a command does not have.
"""

from collections.abc import Container

import click

from polytape.model.near_symbols import WELL_KNOWN, candidates, near

__all__ = ["WELL_KNOWN", "candidates", "hint", "option_text"]

_AN_INSTANT = ("--as-of", "--at", "--start DAY --end DAY", "--from DAY --to DAY")
_A_BEGIN = ("--start", "--from")
_AN_END = ("--end", "--to", "--as-of")
_A_LENGTH = ("--period 5d", "--days-back", "--history-days", "--windows", "--from 5d")
_A_TIMEFRAME = ("--timeframe",)
_A_COUNT = ("--limit", "--count", "--top")
_A_FILE = ("--out", "--save", "--plot")
# What other programs call it, and what it is here: of a command the first that it has.
MEANT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("--at", "--as-of", "--asof", "--date", "--day", "--time"), _AN_INSTANT),
    **dict.fromkeys(("--from", "--start", "--since", "--start-date", "--from-date"), _A_BEGIN),
    **dict.fromkeys(("--to", "--end", "--until", "--end-date", "--to-date"), _AN_END),
    **dict.fromkeys(("--days", "--lookback", "--window", "--range"), _A_LENGTH),
    **dict.fromkeys(("--tf", "--resolution", "--freq", "--bar-size", "--timespan"), _A_TIMEFRAME),
    "--interval": (*_A_TIMEFRAME, "--every"),
    **dict.fromkeys(("--n", "--last", "--tail", "--max"), _A_COUNT),
    **dict.fromkeys(("--output", "--file", "--save"), _A_FILE),
    "--json": ("--format json",),
    "--csv": ("--format csv",),
    "--parquet": ("--format parquet", "--out FILE.parquet"),
    "--unadjusted": ("--as-traded",),
    "--raw": ("--as-traded",),
    "--rth": ("--no-extended",),
    "--regular": ("--no-extended",),
    "--server": ("--url",),
    "--gateway": ("--url",),
}
SYMBOL_WORDS = frozenset({"--symbol", "--symbols", "--ticker", "--tickers"})


def hint(symbol: str, known: Container[str]) -> str:
    """Which of the symbols that there are may be meant by one that there is not; "" for none."""
    names = near(symbol, known.__contains__)
    return f" (did you mean {' or '.join(names)}?)" if names else ""


def option_text(error: click.NoSuchOption) -> str:
    """What is said of an option that a command does not have: the one that traders call so, where
    the command has it; for a word that is not known what click finds by its letters.
    """
    command, typed = None if error.ctx is None else error.ctx.command, error.option_name
    if command is None or (typed not in MEANT and typed not in SYMBOL_WORDS):
        return error.format_message()
    if typed in SYMBOL_WORDS:
        meant = _symbol_meant(error.ctx, command)
    else:
        own = {one for param in command.params for one in (*param.opts, *param.secondary_opts)}
        meant = next((one for one in MEANT[typed] if one.split()[0] in own), "")
    return f"{error.message} Did you mean '{meant}'?" if meant else error.message


def _symbol_meant(context: click.Context | None, command: click.Command) -> str:
    """`polytape vwap AAPL`, where the command takes a symbol without an option; else ""."""
    takes = any(param.name in ("symbol", "symbols") for param in command.params)
    return f"{context.command_path} AAPL" if takes and context is not None else ""
