"""Every command once: the table says what the command itself says."""

import click
import pytest
from click.testing import CliRunner

from polytape.cli.app import app
from polytape.cli.commands import COMMANDS
from polytape.engines.registry import CLIENT_ENGINES


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_line_is_its_own_first_line(name: str) -> None:
    """The help of all is written without loading any: here each is loaded and compared."""
    command = COMMANDS[name].load()
    assert command.name == name
    assert (command.help or "").split("\n\n")[0].replace("\n", " ") == COMMANDS[name].help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name: str) -> None:
    """A help without words helps nobody."""
    group = COMMANDS[name].load()
    commands = group.commands.values() if isinstance(group, click.Group) else [group]
    for command in commands:
        options = [one for one in command.params if isinstance(one, click.Option)]
        assert [one.name for one in options if not one.help] == []
        assert command.help


def test_every_engine_of_the_client_has_a_command() -> None:
    """A new engine is a line in the registry and one in the table."""
    assert {spec.name for spec in CLIENT_ENGINES} <= set(COMMANDS)


def test_the_help_lists_all_in_the_order_of_the_table() -> None:
    """And what is no command is refused by its name."""
    result = CliRunner().invoke(app, ["--help"])
    places = [result.output.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)
    result = CliRunner().invoke(app, ["frob"])
    assert result.exit_code == 2
    assert "No such command 'frob'" in result.output


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(["prise"], "'price'"), (["histroy"], "'history'"), (["bar"], "'bars'"), (["history", "verfy"], "'verify'")],
)  # fmt: skip
def test_a_mistyped_command_is_answered_with_the_one_that_may_be_meant(
    arguments: list[str], meant: str
) -> None:
    """As a mistyped option is; nothing near is named for what is near to none."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Did you mean" in result.output
    assert meant in result.output
    assert "Did you mean" not in CliRunner().invoke(app, ["frobnicate"]).output
