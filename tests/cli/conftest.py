"""The command line as a function."""

import sys
from collections.abc import Callable

import pytest

from polytape.cli.app import run

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def polytape(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command line: exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call
