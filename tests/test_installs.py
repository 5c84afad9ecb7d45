"""What the documents tell to install is enough for what they tell to run: each combination in a
fresh environment, with nothing else in it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.process, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[1]
AT = "2024-07-03 11:30 America/New_York"
# What asks a gateway and prints: works with the client alone.
ASKING = (
    "bars AAPL --start 2024-07-01 --end 2024-07-05 --timeframe 15min --no-extended",
    "price AAPL",
    "search apple",
    "validate AAPL",
    "rate-limit",
    f"session AAPL --at '{AT}'",
    f"scan SPY --as-of '{AT}'",
    f"fractals SPY --as-of '{AT}'",
    f"hvn SPY --as-of '{AT}'",
    f"camarilla SPY --as-of '{AT}'",
    f"zones SPY --as-of '{AT}'",
    "cache clear",
)
STORING = (
    "history backfill AAPL --from 2024-07-01 --to 2024-07-03 --source synthetic --store {tmp}/store",
    "history status AAPL --source synthetic --store {tmp}/store",
    "history export AAPL --out {tmp}/out.parquet --source synthetic --store {tmp}/store",
    f"scan --universe all --store {{tmp}}/store --as-of '{AT}'",
    "history path --source synthetic",
)


class Environment:
    """A fresh environment with one combination installed."""

    def __init__(self, folder: Path, extras: str) -> None:
        self._bin = folder / "bin"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        what = f"{ROOT}[{extras}]" if extras else str(ROOT)
        self._call(self._bin / "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), what)

    def polytape(self, line: str, tmp: Path, url: str = "") -> tuple[int, str]:
        """A command line: its exit code, and what it says on both streams."""
        done = subprocess.run(
            f"{self._bin}/polytape {line.format(tmp=tmp)}", shell=True, capture_output=True,
            text=True, check=False, timeout=120, cwd=tmp, env=self._environment(url),
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def shell(self, line: str, tmp: Path) -> None:
        """Run a line that an error names, as somebody would in the environment."""
        done = subprocess.run(
            f"{self._bin}/{line} -q -c {ROOT}/constraints.txt", shell=True, capture_output=True,
            text=True, check=False, timeout=800, cwd=tmp,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def python(self, code: str, tmp: Path, url: str) -> str:
        """What a script prints."""
        done = subprocess.run(
            [self._bin / "python", "-c", code], capture_output=True, text=True, check=False,
            timeout=120, cwd=tmp, env=self._environment(url),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def gateway(self, tmp: Path) -> Iterator[str]:
        """The URL of a gateway on made-up prices."""
        process = subprocess.Popen(
            [self._bin / "polytape", "serve", "--source", "synthetic", "--port", "0", "--store",
             "none"],
            stdout=subprocess.PIPE, text=True, cwd=tmp, env=self._environment(""),
        )  # fmt: skip
        try:
            assert process.stdout is not None
            yield re.findall(r"http://\S+", process.stdout.readline())[0]
        finally:
            process.terminate()
            process.communicate(timeout=30)

    def _environment(self, url: str) -> dict[str, str]:
        given = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return given | {"LC_ALL": "C.UTF-8"} | ({"POLYTAPE_URL": url} if url else {})

    @staticmethod
    def _call(*arguments: object) -> None:
        done = subprocess.run(
            list(map(str, arguments)), capture_output=True, text=True, check=False, timeout=800
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def with_gateway(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("gateway"), "gateway")


def readme_scripts() -> list[str]:
    """The Python blocks of the README, which stand on each other."""
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)


def test_the_gateway_alone_runs_every_command(with_gateway: Environment, tmp_path: Path) -> None:
    """`pip install '.[gateway]'`: no engine and no command lacks a library."""
    with with_gateway.gateway(tmp_path) as url:
        for line in (*ASKING, *STORING):
            code, said = with_gateway.polytape(line, tmp_path, url)
            assert code == 0, f"{line}\n{said}"
        for script in readme_scripts():
            with_gateway.python(script, tmp_path, url)
        code, said = with_gateway.polytape(f"scan SPY --as-of '{AT}' --plot a.png", tmp_path, url)
        assert (code, f"pip install '{ROOT}[plot]'" in said) == (1, True)


def test_the_client_alone_asks_a_gateway(with_gateway: Environment, tmp_path: Path) -> None:
    """`pip install .`: what needs more says in one sentence which command brings it, and that
    command does.
    """
    client = Environment(tmp_path / "client", "")
    with with_gateway.gateway(tmp_path) as url:
        for line in ASKING:
            code, said = client.polytape(line, tmp_path, url)
            assert code == 0, f"{line}\n{said}"
        for script in readme_scripts():
            client.python(script, tmp_path, url)
    for line in ("serve --source synthetic", "demo", "history status --source synthetic"):
        code, said = client.polytape(line, tmp_path)
        assert code == 1, line
        assert "Traceback" not in said
        hint = f"pip install '{ROOT}[gateway]'"
        assert hint in said
    client.shell(hint, tmp_path)
    assert client.polytape("history path --source synthetic", tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("extras", "line", "code"),
    [
        ("gateway,plot", f"scan AAPL --store {{tmp}}/s --as-of '{AT}' --plot {{tmp}}/a.png", 0),
        ("gateway,dask", "history path --source synthetic", 0),
        ("gateway,redis", "history path --source synthetic", 0),
        ("all", f"scan AAPL --store {{tmp}}/s --as-of '{AT}' --plot {{tmp}}/a.png", 0),
    ],
)
def test_each_extra_brings_what_it_is_for(
    extras: str, line: str, code: int, tmp_path: Path
) -> None:
    """`gateway` with each of the others."""
    environment = Environment(tmp_path / "venv", extras)
    backfill = "history backfill AAPL --from 2024-05-20 --to 2024-07-03 --source synthetic"
    assert environment.polytape(f"{backfill} --store {{tmp}}/s", tmp_path)[0] == 0
    assert environment.polytape(line, tmp_path)[0] == code
