"""The wheel in fresh environments: each Python, with the newest and oldest libraries allowed."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.locks import PYTHONS, uv

SMOKE = Path(__file__).with_name("smoke.py")
RESOLUTIONS = {"newest": "highest", "oldest": "lowest-direct"}
INSTALL_S, SMOKE_S = 600, 600
VERSION_OF = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name)"


@dataclass
class Trial:
    """One environment: what was installed there, what the smoke found, what went wrong."""

    python: str
    libraries: str
    versions: dict[str, str] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """For people."""
        return f"Python {self.python}, {self.libraries} libraries"

    def facts(self) -> dict[str, Any]:
        """For the record of the release."""
        return {"python": self.python, "libraries": self.libraries, "seconds": self.seconds,
                "versions": self.versions, **self.report}  # fmt: skip


def find_pythons() -> dict[str, Path | None]:
    """The interpreters of the versions that are supported, None for one that is not here. None is
    downloaded.
    """
    found: dict[str, Path | None] = dict.fromkeys(PYTHONS)
    for candidate in _candidates():
        version = _version(candidate)
        if version in found and found[version] is None:
            found[version] = candidate
    return found


def try_all(wheel: Path, folder: Path) -> list[Trial]:
    """Install and use the wheel in each environment; says how each went."""
    trials = []
    for python, interpreter in find_pythons().items():
        if interpreter is None:
            print(f"Python {python}: not on this machine, not tried", flush=True)
            continue
        for libraries in RESOLUTIONS:
            trial = try_one(wheel, python, interpreter, libraries, folder)
            end = trial.error or "works"
            print(f"{trial.name}: {end} ({trial.seconds:.0f} s)", flush=True)
            trials.append(trial)
    return trials


def try_one(wheel: Path, python: str, interpreter: Path, libraries: str, folder: Path) -> Trial:
    """One environment of its own, in a folder that is given."""
    began, trial = time.monotonic(), Trial(python, libraries)
    environment = folder / f"{python}-{libraries}"
    try:
        _install(wheel, interpreter, RESOLUTIONS[libraries], environment)
        trial.versions = _versions(environment)
        trial.report = _smoke(environment)
    except subprocess.CalledProcessError as error:
        trial.error = "\n".join((error.stderr or error.stdout or str(error)).splitlines()[-25:])
    except subprocess.TimeoutExpired as error:
        trial.error = f"not done within {error.timeout:.0f} s: {error.cmd}"
    trial.seconds = round(time.monotonic() - began, 1)
    return trial


def differing(trials: list[Trial]) -> dict[str, dict[str, list[str]]]:
    """Answers that are not the same in all environments: the environments by what they got."""
    names = {name for trial in trials for name in trial.report.get("answers", {})}
    found: dict[str, dict[str, list[str]]] = {}
    for name in sorted(names):
        by_answer: dict[str, list[str]] = {}
        for trial in trials:
            by_answer.setdefault(str(trial.report["answers"].get(name)), []).append(trial.name)
        if len(by_answer) > 1:
            found[name] = by_answer
    return found


def _install(wheel: Path, interpreter: Path, resolution: str, environment: Path) -> None:
    _call([uv(), "venv", "-q", "--no-python-downloads", "--python", interpreter, environment])
    # Of old libraries the oldest that has a wheel for this Python: nobody builds numpy for a trial.
    command = [uv(), "pip", "install", "-q", "--python", environment, "--only-binary", ":all:"]
    _call([*command, "--resolution", resolution, f"polytape[all] @ {wheel.as_uri()}"])


def _versions(environment: Path) -> dict[str, str]:
    listed = _call([uv(), "pip", "list", "--python", environment, "--format", "json"])
    return {one["name"]: one["version"] for one in json.loads(listed)}


def _smoke(environment: Path) -> dict[str, Any]:
    work = environment / "work"
    work.mkdir()
    given = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {name: str(work) for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    command = [environment / "bin" / "python", "-I", SMOKE]
    printed = _call(command, SMOKE_S, work, {**given, **own, "LC_ALL": "C.UTF-8"})
    report: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return report


def _call(
    command: list[Any],
    seconds: float = INSTALL_S,
    folder: Path | None = None,
    environment: dict[str, str] | None = None,
) -> str:
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=True, timeout=seconds,
        cwd=folder, env=environment,
    )  # fmt: skip
    return done.stdout


def _candidates() -> Iterator[Path]:
    """Whatever may be a Python: what uv finds, and those of pyenv, which only it knows of."""
    listing = [uv(), "python", "list", "--only-installed", "--output-format", "json"]
    done = subprocess.run(listing, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        yield from (Path(one["path"]) for one in json.loads(done.stdout) if one.get("path"))
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    versions = [path for path in (root / "versions").glob("3.*") if path.is_dir()]
    yield from (path / "bin" / "python" for path in sorted(versions, key=_order, reverse=True))


def _order(path: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", path.name)))


def _version(interpreter: Path) -> str:
    """`3.13` of a CPython that starts; "" of what is none."""
    try:
        done = subprocess.run(
            [interpreter, "-I", "-c", VERSION_OF], capture_output=True, text=True, check=True,
            timeout=30,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    version, _, implementation = done.stdout.strip().partition(" ")
    return version if implementation == "cpython" else ""
