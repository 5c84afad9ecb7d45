"""The `polytape` command: starts, runs one command, and turns errors into one line."""

import sys

import click

import polytape
from polytape.cli.commands import LazyGroup
from polytape.cli.streams import abandon_stdout, open_streams
from polytape.errors import ConnectionError, PolygonClientError, ValidationError

GATEWAY_LIBRARIES = (
    "httptools",
    "litestar",
    "obstore",
    "platformdirs",
    "prometheus_client",
    "swagger_ui",
    "uvicorn",
    "uvloop",
)
# Which extra brings a library.
EXTRAS = {
    "dask": "dask",
    "distributed": "dask",
    "matplotlib": "plot",
    "redis": "redis",
} | dict.fromkeys(GATEWAY_LIBRARIES, "gateway")
# An error may name what was written, and that may be a file's worth.
LONGEST_LINE = 1_000
# What shells say of a program that ctrl-C ended.
STOPPED = 130
# What ends a command with one line on stderr.
REPORTED = (
    PolygonClientError,
    ModuleNotFoundError,
    click.UsageError,
    click.Abort,
    KeyboardInterrupt,
)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0, 1 for an error or a doubt, 2 for wrong
    usage, 130 for ctrl-C.
    """
    open_streams()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """The exit code; errors are one line on stderr."""
    try:
        _check_text(arguments)
        code = app.main(arguments, prog_name="polytape", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.exceptions.NoArgsIsHelpError as error:  # a group without a command: what it has
        click.echo(error.format_message())
        return 2
    except REPORTED as error:
        return _fail(*_message(error, arguments))
    except OSError as error:
        if error.filename is not None:
            return _fail(f"{error.filename}: {error.strerror}", 1)
        # The reader of a pipe left, or the disk behind stdout is full.
        abandon_stdout()
        return 0 if isinstance(error, BrokenPipeError) else _fail(f"cannot write: {error}", 1)
    return code if isinstance(code, int) else 0


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    help="Market data of US stocks: a gateway that asks once, and a client that asks it.",
)
@click.option("--version", is_flag=True, help="Print the version.")
@click.option("--verbose", "-v", is_flag=True, help="Log to stderr.")
@click.pass_context
def app(context: click.Context, version: bool, verbose: bool) -> None:
    """What every command has."""
    if version:
        click.echo(f"polytape {polytape.__version__}")
        context.exit()
    _configure_logging(verbose=verbose)
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(2)


def _configure_logging(*, verbose: bool) -> None:
    import logging

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(name)s %(message)s",
        stream=sys.stderr,
    )


def _message(error: BaseException, arguments: list[str]) -> tuple[str, int]:
    """What to say of an error that arguments led to, and the exit code."""
    match error:
        case ConnectionError() if _lacks_cure(error):
            return f"{error} (is a gateway running there? polytape serve starts one)", 1
        case PolygonClientError():
            return _own_words(error, arguments), 2 if isinstance(error, ValidationError) else 1
        case ModuleNotFoundError():
            return _what_to_install(error.name or ""), 1
        case click.UsageError():
            return f"{_usage_text(error)} {_more(error)}", 2
        case _:
            return "stopped", STOPPED


def _what_to_install(library: str) -> str:
    from polytape.extras import install_command

    extra = EXTRAS.get(library.partition(".")[0], "all")
    return f"{library} is not installed: {install_command(extra)}"


def _own_words(error: PolygonClientError, arguments: list[str]) -> str:
    """An error's text in the words of the command line: its options, and New York time."""
    from polytape.cli.error_texts import advice_in_options, command_of, in_new_york, in_options

    text, command = str(error), command_of(app, arguments)
    if isinstance(error, ValidationError):
        text = in_options(text, command, arguments)
    return in_new_york(advice_in_options(text, command))


def _usage_text(error: click.UsageError) -> str:
    """What is wrong; of an option that there is not also which one may be meant."""
    from polytape.cli.did_you_mean import option_text

    return option_text(error) if isinstance(error, click.NoSuchOption) else error.format_message()


def _more(error: click.UsageError) -> str:
    """Where to read on: the help of the command that was used wrongly."""
    path = "polytape" if error.ctx is None else error.ctx.command_path
    return f"({path} --help tells more)"


def _lacks_cure(error: ConnectionError) -> bool:
    """Whether a gateway does not answer, and the error does not say how to start one."""
    ours = "/api/v1/" in error.url or error.url.endswith("/status")
    return ours and "polytape serve" not in str(error)


def _check_text(arguments: list[str]) -> None:
    """Raises: UsageError for an argument that is no text: no name, date or path can be."""
    for number, argument in enumerate(arguments, start=1):
        if "\0" in argument:
            raise click.UsageError(f"argument {number} has a null byte in it: {_cut(argument)!r}")
        if any("\ud800" <= letter <= "\udfff" for letter in argument):
            raise click.UsageError(f"argument {number} is not UTF-8 text: {_cut(argument)!r}")


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _fail(text: str, code: int) -> int:
    line = _cut(" ".join(text.split()), LONGEST_LINE)
    click.echo(f"polytape: {line}", err=True)
    return code
