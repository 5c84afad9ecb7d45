"""Make an environment and say what is under way: `python3 tools/set_up.py FOLDER EXTRAS`.

Of the standard library alone: nothing is installed yet when it runs.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = "Scripts" if os.name == "nt" else "bin"
# Where no terminal shows a line that changes, a line this often.
EACH_S = 5.0
STEPS = {
    "Obtaining": "getting what builds polytape",
    "Collecting": "looking for {}",
    "Downloading": "downloading {}",
    "Building wheel": "building {}",
    "Installing collected": "installing them",
}


def steps(lines: Iterable[str]) -> Iterator[str]:
    """What pip is at, by the lines that it prints."""
    number = 0
    for line in lines:
        text = line.strip()
        for begin, says in STEPS.items():
            if text.startswith(begin):
                number += begin == "Collecting"
                yield f"{number:3} libraries · {says.format(_name(text, begin))}"


def main(folder: Path, extras: str) -> int:
    """Make the environment. The exit code is pip's."""
    began = time.monotonic()
    print(f"setting up {folder} with polytape[{extras}]: once, a minute or so", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", folder], check=False)
    if made.returncode:
        print("python3 needs its venv module (Debian: apt-get install python3-venv)")
        return made.returncode
    command: list[str | Path] = [
        folder / BIN / "python",
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
    ]
    command += [
        "--progress-bar",
        "off",
        "--no-compile",
        "-c",
        ROOT / "constraints.txt",
        "-e",
        f"{ROOT}[{extras}]",
    ]
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert pip.stdout is not None
    said: list[str] = []
    _show(steps(_noted(pip.stdout, said)), began)
    if pip.wait():
        print("\n".join(["", *said[-20:], f"pip failed: remove {folder} to begin again"]))
        return pip.returncode
    (folder / ".ready").touch()
    print(f"{folder} is ready after {time.monotonic() - began:.0f} s")
    return 0


def _show(texts: Iterable[str], began: float) -> None:
    """One line that changes, or where the output is no terminal, one now and then."""
    shown_at = -EACH_S
    for text in texts:
        seconds = time.monotonic() - began
        if sys.stdout.isatty():
            print(f"\r\033[K{seconds:4.0f} s {text}"[:100], end="", flush=True)
        elif seconds - shown_at >= EACH_S or text.endswith(STEPS["Installing collected"]):
            shown_at = seconds
            print(f"{seconds:4.0f} s {text}", flush=True)
    if sys.stdout.isatty():
        print("\r\033[K", end="")


def _noted(lines: Iterable[str], said: list[str]) -> Iterator[str]:
    for line in lines:
        said.append(line.rstrip())
        yield line


def _name(text: str, begin: str) -> str:
    """The library that a line is about: of a file's address the last part."""
    words = text.removeprefix(begin).replace("for ", "").split()
    name = words[0].rsplit("/", 1)[-1] if words else ""
    return re.split(r"[<>=!~\[(;]|-\d", name)[0] or name


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
