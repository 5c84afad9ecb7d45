"""What the rows share: a folder, a gateway in a process of its own, commands as processes."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self

import httpx2

from bench.made import MARKET, NOW
from polytape.upstream.synthetic.source import Synthetic

BIN = Path(sys.executable).parent
LAUNCH = """
import os, sys, time
began = time.perf_counter()
silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), time.perf_counter() - began, used.ru_maxrss / 1024)
"""


class Finished(NamedTuple):
    """What a process took: seconds, and its largest size in MB."""

    seconds: float
    peak_mb: float


class Scene:
    """Things that rows ask for, made when they are first asked for; gone when the block ends."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self._gateway: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    @cached_property
    def folder(self) -> Path:
        """An empty folder."""
        folder = Path(tempfile.mkdtemp(prefix="polytape-bench-"))
        self.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    @cached_property
    def source(self) -> Synthetic:
        """A made-up market."""
        return Synthetic(MARKET, lambda: NOW)

    @cached_property
    def environment(self) -> dict[str, str]:
        """For processes: none of this machine's settings, and a folder of compiled modules that
        both sides fill in the round that does not count, as an installation has them.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("POLY") and name != "PYTHONDONTWRITEBYTECODE"
        }
        own = {"PYTHONPYCACHEPREFIX": str(self.folder / "compiled"), "HOME": str(self.folder)}
        return kept | own | {"XDG_CONFIG_HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}

    @cached_property
    def gateway(self) -> str:
        """The address of a gateway on made-up prices, without a store."""
        return self.start_gateway(["--source", "synthetic", "--store", "none"])

    def start_gateway(self, options: Sequence[str]) -> str:
        """The address of a gateway in a process of its own."""
        command = [sys.executable, "-m", "polytape", "serve", "--port", "0", *options]
        said = self.stack.enter_context((self.folder / "gateway.log").open("w+", encoding="utf-8"))
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, text=True, env=self.environment,
            cwd=self.folder,
        )  # fmt: skip
        self.stack.callback(end, process)
        self._gateway = process
        try:
            return address_of(process)
        except RuntimeError as error:
            said.seek(0)
            error.add_note(said.read())
            raise

    def gateway_mb(self) -> float:
        """The resident memory of the gateway that was started last, in MB."""
        assert self._gateway is not None
        pages = int(Path(f"/proc/{self._gateway.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def run(self, command: Sequence[str], *, standard_input: str = "") -> Finished:
        """Run a command to its end.

        Raises: CalledProcessError with what it said.
        """
        began = time.perf_counter()
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env=self.environment,
                cwd=self.folder,
                text=True,
            )
            assert process.stdin is not None
            process.stdin.write(standard_input)
            process.stdin.close()
            _, status, used = os.wait4(process.pid, 0)
            took = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                said.seek(0)
                raise subprocess.CalledProcessError(process.returncode, command, "", said.read())
        return Finished(took, used.ru_maxrss / 1024)

    def python(self, code: str) -> Finished:
        """Run some code in a new interpreter."""
        return self.run([sys.executable, "-c", code])

    def polytape(self, *arguments: str) -> Finished:
        """Run the command line."""
        return self.run([str(BIN / "polytape"), *arguments])

    def history(self, *arguments: str) -> Finished:
        """Run a command of `polytape history` under a small process: a child's largest size counts
        that of the process that started it, and this one is large.
        """
        command = [str(BIN / "polytape"), "history", *arguments]
        done = subprocess.run(
            [sys.executable, "-S", "-c", LAUNCH, *command], capture_output=True, text=True,
            env=self.environment, cwd=self.folder, check=False,
        )  # fmt: skip
        code, seconds, peak = done.stdout.split()[-3:]
        # verify ends with 1 where it has doubts, as it has about bars that were drawn at random.
        if int(code) not in ((0, 1) if arguments[0] == "verify" else (0,)):
            raise subprocess.CalledProcessError(int(code), command, "", done.stderr)
        return Finished(float(seconds), float(peak))


def end(process: subprocess.Popen[str]) -> None:
    """End a process, and wait for that."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def address_of(process: subprocess.Popen[str]) -> str:
    """What a gateway says it listens on."""
    assert process.stdout is not None
    # A line before it may name the file of the owner's token.
    for line in process.stdout:
        found = re.search(r"gateway on (http://\S+)", line)
        if found is not None:
            return found[1]
    raise RuntimeError("the gateway ended before it listened")


def wait_for(url: str, process: subprocess.Popen[str], within_s: float = 30) -> None:
    """Wait until a server answers."""
    ends = time.monotonic() + within_s
    while True:
        try:
            httpx2.get(url)
        except httpx2.TransportError:
            if process.poll() is not None or time.monotonic() > ends:
                raise
            time.sleep(0.02)
        else:
            return
