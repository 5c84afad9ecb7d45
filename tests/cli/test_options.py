"""Symbols on the command line: with spaces or with commas between, wherever several may stand."""

from collections.abc import Iterator

import click
import pytest

from polytape.cli.app import app
from polytape.cli.options import split_symbols
from tests.cli.conftest import Run
from tests.cli.parameters import every_parameter

NOWHERE = ("--url", "http://127.0.0.1:9")


def symbols_of(group: click.Group) -> Iterator[tuple[str, click.Parameter]]:
    """The arguments of all commands that are of symbols."""
    arguments = (one for one in every_parameter(group) if isinstance(one[1], click.Argument))
    yield from (one for one in arguments if one[1].name in {"symbol", "symbols"})


def test_every_command_of_several_symbols_takes_commas() -> None:
    """As a list is written in a watchlist, a sheet or a script."""
    several = [(name, one) for name, one in symbols_of(app) if one.nargs == -1]
    assert {"scan", "watch", "stream", "validate", "replay", "history delete"} <= dict(
        several
    ).keys()
    context = click.Context(app)
    for name, argument in several:
        given = argument.type_cast_value(context, ("SPY,AAPL", "MSFT,"))
        assert argument.callback is not None, name
        assert argument.callback(context, argument, given) == ("SPY", "AAPL", "MSFT"), name


def test_spaces_beside_commas_are_nothing() -> None:
    """`SPY, AAPL` comes as two words from the shell, `"SPY, AAPL"` as one."""
    context, argument = click.Context(app), click.Argument(["symbols"], nargs=-1)
    for words in (("SPY,", "AAPL"), ("SPY, AAPL",), ("SPY", ",", "AAPL")):
        assert split_symbols(context, argument, words) == ("SPY", "AAPL")
    assert split_symbols(context, argument, ()) == ()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("price SPY,AAPL", "it takes one: polytape price SPY, then polytape price AAPL"),
        ("bars SPY,AAPL", "it takes one: polytape bars SPY"),
        ("fractals SPY,AAPL,MSFT", "are 3 symbols, it takes one: polytape fractals SPY"),
        ("validate ,", "names none"),
        ("scan , --store /nowhere", "names none"),
    ],
)
def test_where_one_symbol_stands_the_error_says_how(
    polytape: Run, arguments: str, says: str
) -> None:
    """Before anybody is asked."""
    where = () if "--store" in arguments else NOWHERE
    code, out, err = polytape(*arguments.split(), *where)
    assert (code, out, says in err) == (2, "", True), err
