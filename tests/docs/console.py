"""Console blocks: commands of `polytape` run in this process, others in a shell."""

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from polytape.cli.app import app, run
from tests.docs.blocks import check_same

ROOT = Path(__file__).parents[2]
# These run until ctrl-C, or open a browser: their options are looked at, no more.
ENDLESS = {"serve", "demo", "replay", "fake-vendor", "open"}
# And these, without an option that ends them.
ENDED_BY = {"watch": ("--once",), "stream": ("-n", "--count", "--events")}
_SHELL = re.compile(r"[|<>;&`$*]")
_EXIT = re.compile(r"exit code (\d+)")
_VARIABLE = re.compile(r"^[A-Z_]+=")


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a block, with the comment after it and the output below it."""

    text: str
    comment: str
    output: str

    @property
    def exit_codes(self) -> frozenset[int]:
        """What it may end with: 0 where the page shows no error."""
        if said := _EXIT.search(self.comment):
            return frozenset({int(said[1])})
        failed = re.search(r"^(Error|polytape:|error)", self.output, re.MULTILINE)
        return frozenset({1, 2}) if failed else frozenset({0})


def commands_of(block: str) -> Iterator[Command]:
    """The commands of a console block, in their order."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.rstrip("\n").split("\n")
        command = lines.pop(0)
        while command.endswith("\\"):
            command = f"{command[:-1].rstrip()} {lines.pop(0).strip()}"
        text, comment = _without_comment(command)
        yield Command(text, comment, "\n".join(lines).strip("\n"))


def run_block(block: str, put_right: Callable[[str], str]) -> None:
    """Run the commands of a block. `put_right` puts the tests' gateway for the reader's."""
    for command in commands_of(block):
        words = shlex.split(command.text)
        if not is_run(words):
            check_command(command.text)
            continue
        text = put_right(command.text)
        code, output, everything = _run(text)
        assert code in command.exit_codes, f"{command.text} ended with {code}:\n{everything}"
        if command.output:
            check_same(command.output, output, f"$ {command.text}", put_right, everything)


def check_block(block: str) -> None:
    """Look at the commands of a block that is not run."""
    for command in commands_of(block):
        check_command(command.text)


def is_run(words: list[str]) -> bool:
    """Whether a command ends by itself, and changes nothing but the folder of the page."""
    words = [word for word in words if not _VARIABLE.match(word)]
    if words[0] in {"make", "pip", "uv", ".", "source", "docker"} or words[1:3] == ["-m", "venv"]:
        return False
    if words[0] != "polytape" or len(words) == 1 or "--help" in words:
        return True
    if words[1] in ENDED_BY:
        return any(one in words for one in ENDED_BY[words[1]])
    return words[1] not in ENDLESS


def check_command(text: str) -> None:
    """A command of polytape has those options; a target of make and an extra of pip are there."""
    for part in re.split(r"\s(?:\||&&|;)\s|\s&\s*$", text):
        words = [w for w in shlex.split(part) if not _VARIABLE.match(w)]
        if words[:1] == ["polytape"]:
            _check_options(words[1:])
        elif words[:1] == ["make"]:
            targets = (ROOT / "Makefile").read_text()
            assert all(f"\n{one}:" in targets for one in words[1:] if "=" not in one), text
        elif words[:2] == ["pip", "install"] or words[:3] == ["uv", "pip", "install"]:
            extras = [
                one for found in re.findall(r"\[([\w,]+)\]", part) for one in found.split(",")
            ]
            known = (ROOT / "pyproject.toml").read_text()
            assert all(f"\n{extra} = [" in known for extra in extras), text


def _check_options(words: list[str]) -> None:
    """Raises: click.UsageError for a command or an option that there is not."""
    command: click.Command = app
    while isinstance(command, click.Group) and words:
        named = command.get_command(click.Context(command), words[0])
        if named is None or words[0].startswith("-"):
            break
        command, words = named, words[1:]
    known = {one for param in command.params for one in [*param.opts, *param.secondary_opts]}
    for word in words:
        if word.startswith("-") and word != "-" and not re.match(r"^-\d", word):
            option = word.partition("=")[0]
            assert option in known | {"--help"}, f"polytape {command.name} has no {option}"


class _Tee(io.BytesIO):
    """What is written goes to both."""

    def __init__(self, other: io.BytesIO) -> None:
        super().__init__()
        self._other = other

    def write(self, data: Any, /) -> int:
        self._other.write(data)
        return super().write(data)


def _run(text: str) -> tuple[int, str, str]:
    """Exit code, stdout, and stdout with the notes of stderr among it."""
    words = shlex.split(text)
    if words[0] != "polytape" or _SHELL.search(_without_quotes(text)):
        return _run_in_shell(text)
    everything = io.BytesIO()
    output = _Tee(everything)
    with (
        redirect_stdout(io.TextIOWrapper(output, "utf-8", write_through=True)),
        redirect_stderr(io.TextIOWrapper(everything, "utf-8", write_through=True)),
    ):
        code = run(words[1:])
        return code, output.getvalue().decode(), everything.getvalue().decode()


def _run_in_shell(text: str) -> tuple[int, str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", text],
        capture_output=True,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stdout + done.stderr


def _without_comment(command: str) -> tuple[str, str]:
    """A command and the words after its #."""
    quote = ""
    for place, letter in enumerate(command):
        if letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
        elif letter == "#" and not quote and (place == 0 or command[place - 1] == " "):
            return command[:place].strip(), command[place:]
    return command.strip(), ""


def _without_quotes(text: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"$`]*\"", "", text)
