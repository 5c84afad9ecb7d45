"""Every command once: where it is, and its line in the help. What a command needs is imported when
it runs, so that `polytape --help` starts in a blink.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import click

from polytape.cli.spelling import ARGUMENTS
from polytape.engines.names import TITLES

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


# Engines whose commands are written by hand.
OWN_COMMANDS = ("scan", "session")


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """`target` is `module:attribute` below `polytape.cli`; `help` is its own first line."""

    target: str
    help: str

    def load(self) -> click.Command:
        """The command."""
        module, name = self.target.split(":")
        command: click.Command = getattr(import_module(f"polytape.cli.{module}"), name)
        return command


COMMANDS: dict[str, CommandSpec] = {
    "serve": CommandSpec("serve:serve", "Run the gateway until ctrl-C."),
    "demo": CommandSpec(
        "serve:demo",
        "Start a gateway on made-up prices, ask it for bars and a session, show its page.",
    ),
    "replay": CommandSpec(
        "replay:replay",
        "Run a gateway in the past: its clock runs through a stored day, and nobody sees further.",
    ),
    "clock": CommandSpec(
        "clock_command:clock",
        "The time of a gateway; of a replay also pause, resume, step and speed.",
    ),
    "fake-vendor": CommandSpec(
        "serve:fake_vendor",
        "Run a stand-in for the vendor, REST and live: try a Polygon program without a key.",
    ),
    "bars": CommandSpec(
        "bars:bars",
        "Bars of one symbol; times are shown in New York time, csv and json are UTC.",
    ),
    "stream": CommandSpec(
        "stream:stream",
        "Live events of symbols, a line each; times are shown in New York time.",
    ),
    "watch": CommandSpec(
        "watch:watch",
        "Prices, volume and the nearest zones of symbols as a live table, until ctrl-C.",
    ),
    "top": CommandSpec(
        "top:top", "What a gateway does now: requests, cache, budget, sockets, lag, slowest routes."
    ),
    "session": CommandSpec(
        "session:session", "Prices and ranges of a session as they could be known at one instant."
    ),
    "price": CommandSpec("symbols:price", "The last price."),
    "search": CommandSpec("symbols:search", "Securities by symbol or name."),
    "validate": CommandSpec(
        "symbols:validate", "Which symbols exist; exit code 1 when one does not."
    ),
    "scan": CommandSpec(
        "scan:scan",
        "Zones where levels of several kinds meet, as they could be known at one instant.",
    ),
    "calibrate": CommandSpec(
        "calibrate:calibrate",
        "How often zones of each level held in the past, beside random levels.",
    ),
    **{
        name: CommandSpec(f"engines:{name}", f"{title}.")
        for name, title in TITLES.items()
        if name not in OWN_COMMANDS
    },
    "rate-limit": CommandSpec("symbols:rate_limit", "The gateway's upstream request budget."),
    "cache": CommandSpec("symbols:cache", "The gateway's memory of answers."),
    "open": CommandSpec(
        "open_page:open_page", "Open the gateway's page in a browser, as its owner."
    ),
    "token": CommandSpec(
        "token:token", "Tokens by client: who may read, spend and administer; add, list, remove."
    ),
    "jobs": CommandSpec(
        "jobs:jobs",
        "The gateway's backfills, repairs and compactions; jobs cancel ID ends one.",
    ),
    "history": CommandSpec(
        "history:history", "What is kept: fill, status, verify, repair, import, export."
    ),
    "doctor": CommandSpec(
        "doctor:doctor",
        "Look at key, plan, clock, gateway, store, versions: what is wrong, and what mends it.",
    ),
    "init": CommandSpec("init:init", "Write a polytape.toml with every setting explained."),
    "service": CommandSpec(
        "service:service", "Print what starts the gateway with the machine: systemd, launchd, task."
    ),
    "completion": CommandSpec(
        "completion:completion", "Print what completes commands in bash, zsh or fish."
    ),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of a name, loaded."""
        spec = COMMANDS.get(cmd_name)
        return None if spec is None else spec.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that arguments begin with.

        Raises: NoSuchCommand, which names those that may be meant: click knows loaded ones only.
        """
        ctx.meta[ARGUMENTS] = tuple(args)  # the meta of a command's context is that of its group
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            name = error.command_name
            raise click.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The commands that begin so, without loading any of them; and this group's options."""
        from click.shell_completion import CompletionItem

        begun = {name: spec for name, spec in COMMANDS.items() if name.startswith(incomplete)}
        items = [CompletionItem(name, help=spec.help) for name, spec in begun.items()]
        return [*items, *super(click.Group, self).shell_complete(ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The help's list, without loading any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, spec.help) for name, spec in COMMANDS.items()])
