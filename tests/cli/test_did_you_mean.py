"""A symbol or an option that there is not, and one that may be meant."""

import re
from collections import defaultdict

import click
import pytest

from polytape.cli.app import app
from polytape.cli.did_you_mean import MEANT, WELL_KNOWN, candidates, hint, option_text
from tests.cli.conftest import Run
from tests.cli.parameters import every_parameter


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("APPL", ["AAPL"]), ("BRK-B", ["BRK.B"]), ("appl", ["AAPL"]), ("TSAL", ["TSLA"]),
     ("NVDIA", ["NVDA"]), ("ZZZZZZ", []), ("AAPL", []), ("X", [])],
)  # fmt: skip
def test_what_may_be_meant(typed: str, meant: list[str]) -> None:
    """A share class is written with a dot; else it differs by a letter or two."""
    assert candidates(typed) == meant


def test_only_symbols_that_there_are_may_be_meant() -> None:
    """A hint that leads to the next error is worse than none."""
    assert hint("APPL", {"AAPL", "MSFT"}) == " (did you mean AAPL?)"
    assert hint("BRK-B", {"BRK.B"}) == " (did you mean BRK.B?)"
    assert hint("APPL", {"MSFT"}) == ""


def test_the_list_is_in_order_and_each_symbol_stands_once() -> None:
    """So that the next one is easily put in."""
    assert sorted(set(WELL_KNOWN)) == list(WELL_KNOWN)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [("vwap AAPL --at 10:30", "--as-of"), ("bars AAPL --tf 5min", "--timeframe"),
     ("bars AAPL --date 2024-07-02", "--start DAY --end DAY"), ("bars AAPL --from 5d", "--start"),
     ("history backfill AAPL --start 5d", "--from"), ("gaps AAPL --days 5", "--days-back"),
     ("bars AAPL --days=5", "--period 5d"), ("bars AAPL --until now", "--end"),
     ("watch AAPL --interval 5", "--every"), ("price AAPL --json", "--format json"),
     ("vwap --symbol AAPL", "polytape vwap AAPL"), ("vwap AAPL --drak", "--dark"),
     ("gaps AAPL --tf 5min", None), ("doctor --symbol AAPL", None)],
)  # fmt: skip
def test_what_traders_call_an_option_leads_to_ours(
    polytape: Run, arguments: str, meant: str | None
) -> None:
    """By the meaning of the word, where letters alone suggest another: --tf is not --out."""
    code, _, err = polytape(*arguments.split())
    typed = next(word for word in arguments.split() if word.startswith("--")).partition("=")[0]
    suggested = "" if meant is None else f" Did you mean '{meant}'?"
    command = re.split(" AAPL| --", arguments)[0]
    more = f"(polytape {command} --help tells more)"
    assert (code, err) == (2, f"polytape: No such option '{typed}'.{suggested} {more}\n")


def test_only_options_of_the_command_are_suggested() -> None:
    """Of every word, at every command; and each suggestion is of use at one of them."""
    options = defaultdict[str, set[str]](set)
    for words, parameter in every_parameter(app):
        options[words] |= {*parameter.opts, *parameter.secondary_opts}
    useful = set()
    for name, own in options.items():
        command = click.Command(
            name, params=[click.Option([one], is_flag=True) for one in own if one[:2] == "--"]
        )
        for typed in MEANT.keys() - own:
            text = option_text(click.NoSuchOption(typed, ctx=click.Context(command)))
            useful |= {typed} if "mean" in text else set()
            assert "mean" not in text or text.split("'")[3].split()[0] in own
    assert useful == MEANT.keys()
