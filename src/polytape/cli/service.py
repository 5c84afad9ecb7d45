"""`polytape service`: what starts a gateway with the machine, by the platform's own means."""

import sys

import click

KINDS = {"linux": "systemd", "darwin": "launchd", "win32": "task"}


@click.command()
@click.option(
    "--kind",
    type=click.Choice(tuple(KINDS.values())),
    help="systemd, launchd or a Windows task; default: this platform's.",
)
def service(kind: str | None) -> None:
    """Print what starts the gateway with the machine: systemd, launchd, task.

    It starts polytape serve in this folder, with the settings of the environment as they are now.
    No key, token or password is in it: those are read from a file of your own.
    """
    from polytape.cli.service_files import print_service

    print_service(kind or KINDS.get(sys.platform, "systemd"))
