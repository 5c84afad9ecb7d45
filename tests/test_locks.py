"""What the locks say is what the package asks for, and each file of it is known by its hash."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tools.locks import FOLDER, LOCKS, ROOT

pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").is_file(), reason="no checkout")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class Entry(NamedTuple):
    requirement: Requirement
    hashes: int


def entries(lock: str) -> dict[str, Entry]:
    """What a lock has, by its canonical name."""
    text = (FOLDER / f"{lock}.txt").read_text("utf-8").replace("\\\n", " ")
    found: dict[str, Entry] = {}
    for line in text.splitlines():
        requirement = Requirement(line.partition(" --hash")[0])
        assert canonicalize_name(requirement.name) not in found, line
        found[canonicalize_name(requirement.name)] = Entry(requirement, len(HASH.findall(line)))
    return found


def pinned(entry: Entry) -> Version:
    (specifier,) = entry.requirement.specifier
    assert specifier.operator == "=="
    return Version(specifier.version)


def wanted(lock: str) -> list[Requirement]:
    """What the package asks for of its own."""
    project = PROJECT["project"]
    chosen = list(LOCKS[lock].requirements)
    if not chosen:
        chosen += project["dependencies"]
    for extra in LOCKS[lock].extras:
        chosen += project["optional-dependencies"][extra]
    return [Requirement(text) for text in chosen]


def with_theirs(requirements: list[Requirement]) -> Iterator[Requirement]:
    """Requirements and all that these ask for on this machine, as installed."""
    seen = set()
    todo: list[tuple[Requirement, tuple[str, ...]]] = [(one, ("",)) for one in requirements]
    while todo:
        one, extras = todo.pop()
        if str(one) in seen or not any(
            one.marker is None or one.marker.evaluate({"extra": extra}) for extra in extras
        ):
            continue
        seen.add(str(one))
        yield one
        theirs = map(Requirement, requires(one.name) or ())
        todo += [(each, ("", *one.extras)) for each in theirs]


@pytest.mark.parametrize("lock", LOCKS)
def test_each_file_is_known_by_its_hash(lock: str) -> None:
    """One version of each, with a hash for each of its files, and no address to get it from."""
    for name, entry in entries(lock).items():
        assert pinned(entry), name
        assert entry.hashes, name
    assert "://" not in (FOLDER / f"{lock}.txt").read_text("utf-8")


@pytest.mark.parametrize("lock", ["client", "gateway"])
def test_a_lock_has_all_that_is_needed(lock: str) -> None:
    """What pyproject.toml asks for, and what that asks for in turn; `make lock` writes it anew."""
    locked = entries(lock)
    for requirement in with_theirs(wanted(lock)):
        entry = locked[canonicalize_name(requirement.name)]
        assert pinned(entry) in requirement.specifier, requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_agrees_with_pyproject_and_constraints(lock: str) -> None:
    """The tests run on the versions that are locked. Markers may only leave out what they say."""
    locked = entries(lock)
    for requirement in wanted(lock):
        entry = locked[canonicalize_name(requirement.name)]
        assert pinned(entry) in requirement.specifier, requirement
        assert (entry.requirement.marker is None) or requirement.marker is not None
    for line in (ROOT / "constraints.txt").read_text("utf-8").split():
        constraint = Requirement(line)
        entry_or_none = locked.get(canonicalize_name(constraint.name))
        if entry_or_none is not None:
            assert pinned(entry_or_none) in constraint.specifier, constraint


@pytest.mark.long
@pytest.mark.process
@pytest.mark.timeout(600)
def test_the_client_installs_with_hashes_alone(tmp_path: Path) -> None:
    """By pip, in a fresh environment: then the package needs nothing more. The gateway's lock is
    tried so as the image installs it (`test_deploy`).
    """
    programs = tmp_path / "venv" / "bin"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    install: list[str | Path] = [programs / "pip", "install", "-q"]
    subprocess.run([*install, "--require-hashes", "-r", FOLDER / "client.txt"], check=True)
    subprocess.run([*install, "--no-deps", ROOT], check=True)
    subprocess.run([programs / "pip", "check"], check=True)
    version: list[str | Path] = [programs / "polytape", "--version"]
    done = subprocess.run(version, capture_output=True, text=True, check=True)
    assert "polytape" in done.stdout
