"""Errors of the command line name the options that were written, and show New York time."""

import re

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.cli.app import app
from polytape.cli.error_texts import advice_in_options, command_of, in_new_york, in_options
from polytape.model.instants import parse_instant
from polytape.model.timestamps import iso
from tests.cli.conftest import Run
from tests.conftest import MARKET

seconds = st.integers(0, 4_000_000_000).map(lambda second: second * 1_000_000)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [("bars AAPL --start soon", "bars"), ("history verify AAPL", "verify"), ("-v cache clear", "clear"),
     ("history", "history"), ("frob", "polytape"), ("", "polytape"), ("scan verify", "scan")],
)  # fmt: skip
def test_the_command_that_arguments_name(arguments: str, name: str) -> None:
    """The last group that they name, where no command of it follows."""
    assert (command_of(app, arguments.split()).name or "polytape").replace(
        "app", "polytape"
    ) == name


@pytest.mark.parametrize(
    ("arguments", "text", "shown"),
    [
        ("bars", "start_date='soon' is not valid", "--start='soon' is not valid"),
        ("bars", "end_date='x': must not be before start_date", "--end='x': must not be before --start"),
        ("history verify", "end_date='x': not before start_date", "--to='x': not before --from"),
        ("session", "as_of='x' is not valid", "--at='x' is not valid"),
        ("session AAPL --as-of x", "as_of='x' is not valid", "--as-of='x' is not valid"),
        ("session AAPL --as-of=x", "as_of='x' is not valid", "--as-of='x' is not valid"),
        ("session AAPL --at x", "as_of='x' is not valid", "--at='x' is not valid"),
        ("scan", "as_of='x' is not valid", "--as-of='x' is not valid"),
        ("vwap", "anchor='x': before as_of", "--anchor='x': before --as-of"),
        ("fractals", "fractal_length=4: odd", "--length=4: odd"),
        ("replay", "from='noon' is not valid", "--from='noon' is not valid"),
        ("bars", "limit=0: above 0, not 'start_date'", "--limit=0: above 0, not 'start_date'"),
        ("bars", "symbol='a/b' is not valid", "symbol='a/b' is not valid"),
        ("price", "start_date='x' is not valid", "start_date='x' is not valid"),
        ("bars", "no parameter of it", "no parameter of it"),
    ],
)  # fmt: skip
def test_parameters_are_called_by_their_options(arguments: str, text: str, shown: str) -> None:
    """Those that the command has; what stands in quotes was written by somebody."""
    written = arguments.split()
    assert in_options(text, command_of(app, written), written) == shown


@given(seconds)
def test_an_instant_in_new_york_time_can_be_typed_again(instant: int) -> None:
    """And is the same, but for the hour that the clock shows a second time."""
    shown = in_new_york(f"after {iso(instant)}, [{iso(instant)}, ...)")
    first, second = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? New York", shown)
    assert first == second
    if not MARKET.local(instant).fold:
        assert parse_instant(first, "at", MARKET) == instant


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it is 2026-11-26T09:29:26.553278Z", "it is 2026-11-26 04:29:26 New York"),
        ("at='2024-07-03T15:30:00Z' is", "at='2024-07-03T15:30:00Z' is"),
        ("at='2024-07-03T11:30:00-04:00' is", "at='2024-07-03 11:30 New York' is"),
        ("2024-07-03T15:30:00+00:00", "2024-07-03 11:30 New York"),
        ("2024-99-03T15:30:00Z, 2024-07-03", "2024-99-03T15:30:00Z, 2024-07-03"),
    ],
)
def test_only_instants_are_shown_otherwise(text: str, shown: str) -> None:
    """What was written with a Z stays; what the command line sent is as the tables show it."""
    assert in_new_york(text) == shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("bars AAPL --start 2024-07-05 --end 2024-07-01",
         "--end='2024-07-01' is not valid: must not be before --start (2024-07-05 00:00 New York)"),
        ("scan AAPL --as-of 2199-01-04T10:00", "--as-of='2199-01-04 10:00 New York' is not valid"),
        ("session AAPL --at someday", "--at='someday' is not valid"),
        ("session AAPL --as-of someday", "--as-of='someday' is not valid"),
        ("session AAPL --as-of 2199-01-04T10:00", "--as-of='2199-01-04 10:00 New York' is not"),
        ("bars AAPL --frob", "(polytape bars --help tells more)"),
        ("history verify --frob", "(polytape history verify --help tells more)"),
        ("frob", "(polytape --help tells more)"),
    ],
)  # fmt: skip
@pytest.mark.socket
def test_an_error_speaks_of_what_was_typed(
    polytape: Run, gateway: str, monkeypatch: pytest.MonkeyPatch, arguments: str, says: str
) -> None:
    """Not of the API beneath, in UTC."""
    monkeypatch.setenv("POLYTAPE_URL", gateway)
    code, _, err = polytape(*arguments.split())
    assert (code, says in err, "T0" in err, "start_date" in err) == (2, True, False, False), err


def test_the_option_is_its_first_spelling_where_none_was_written() -> None:
    """Whatever its parameter is called."""
    option = click.Option(["fractal_length", "--length", "--fractal-length"])
    made = click.Command("c", params=[option, click.Argument(["symbol"])])
    assert in_options("fractal_length=4", made) == in_options("length=4", made) == "--length=4"


@pytest.mark.parametrize(
    ("command", "shown"), [("bars", "--allow-partial"), ("scan", "allow_partial=true")]
)
def test_advice_is_given_in_options_that_the_command_has(command: str, shown: str) -> None:
    text = "not in the store (allow_partial=true gives what is held)"
    assert shown in advice_in_options(text, command_of(app, [command]))
