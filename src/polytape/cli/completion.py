"""`polytape completion`: what a shell is to read so that it completes commands and options."""

import click

SHELLS = ("bash", "zsh", "fish")
# The variable by which the shell asks: click's own protocol.
VARIABLE = "_POLYTAPE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what completes commands in bash, zsh or fish.

    Options and their values and well-known symbols are completed as well.

    \b
    bash: echo 'eval "$(polytape completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(polytape completion zsh)"' >> ~/.zshrc
    fish: polytape completion fish > ~/.config/fish/completions/polytape.fish
    """  # noqa: D301 - click's mark for lines that stay as they are
    click.echo(script(shell))


def script(shell: str) -> str:
    """The script of a shell."""
    from click.shell_completion import get_completion_class

    from polytape.cli.app import app

    kind = get_completion_class(shell)
    assert kind is not None
    complete = kind(app, {}, "polytape", VARIABLE)
    return complete.source_template % complete.source_vars()
