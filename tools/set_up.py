"""Make an environment and say what is under way: `python3 tools/set_up.py FOLDER EXTRAS`.

By uv, which takes a third of pip's time; where uv does not install, or pip is told of an index that
uv knows nothing of, by pip. Of the standard library alone: nothing is installed yet when it runs.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from queue import Empty, Queue

ROOT = Path(__file__).parents[1]
BIN = "Scripts" if os.name == "nt" else "bin"
CONSTRAINTS = ROOT / "constraints.txt"
# Where no terminal shows a line that changes, a line this often.
EACH_S = 5.0
# What a line of the installers begins with, and what is said of it. uv says less of its work: it
# tells how many libraries it found, and has no line for each.
STEPS = {
    "Obtaining": "getting what builds polytape",
    "Collecting": "looking for {}",
    "Resolved": "all of them found",
    "Downloading": "downloading {}",
    "Building": "building {}",
    "Installing collected": "installing them",
    "Prepared": "installing them",
}
# Of the settings of pip: where it gets its libraries from.
INDEX = re.compile(r"(?:global|install|user|site|:env:)\.index-url=")


def steps(lines: Iterable[str]) -> Iterator[str]:
    """What pip or uv is at, by the lines that it prints."""
    number = 0
    for line in lines:
        text = line.strip()
        for begin, says in STEPS.items():
            if text.startswith(f"{begin} "):
                number = _number(text, begin, number)
                yield f"{number:3} libraries · {says.format(_name(text, begin))}"


def ticking(texts: Iterable[str], first: str, each_s: float = EACH_S) -> Iterator[str]:
    """`first`, then the texts as they come. While none comes, the last one again."""
    queue: Queue[str | None] = Queue()

    def put() -> None:
        try:
            for text in texts:
                queue.put(text)
        finally:
            queue.put(None)

    threading.Thread(target=put, daemon=True).start()
    last: str | None = first
    while last is not None:
        yield last
        try:
            last = queue.get(timeout=each_s)
        except Empty:
            continue


def main(folder: Path, extras: str) -> int:
    """Make the environment. The exit code is that of the step that failed."""
    began = time.monotonic()
    print(f"setting up {folder} with polytape[{extras}]: once, a minute or so", flush=True)
    failed, said = _run([sys.executable, "-m", "venv", folder], began, "making the environment")
    if failed:
        print("\n".join(said))
        print("python3 needs its venv module (Debian: apt-get install python3-venv)")
        return failed
    failed = _install(folder, ["-e", f"{ROOT}[{extras}]"], began)
    if failed:
        print(f"nothing could be installed: remove {folder} to begin again")
        return failed
    (folder / ".ready").touch()
    print(f"{folder} is ready after {time.monotonic() - began:.0f} s")
    return 0


def by_uv(uv: Path | str, folder: Path) -> list[str | Path]:
    """The beginning of uv's command that installs into an environment."""
    return [uv, "pip", "install", "--python", folder / BIN / "python", "-c", CONSTRAINTS]


def by_pip(folder: Path) -> list[str | Path]:
    """The beginning of pip's, which installs the same."""
    pip: list[str | Path] = [folder / BIN / "python", "-m", "pip", "install"]
    return [*pip, "--disable-pip-version-check", "--progress-bar", "off", "--no-compile",
            "-c", CONSTRAINTS]  # fmt: skip


def has_own_index(settings: str) -> bool:
    """Whether pip is told of an index of its own, by what `pip config list` prints."""
    return any(INDEX.match(line) for line in settings.splitlines())


def _install(folder: Path, what: list[str], began: float) -> int:
    uv = _uv(folder, began)
    if uv is not None:
        failed, said = _run([*by_uv(uv, folder), *what], began, "looking for libraries with uv")
        if not failed:
            return 0
        print("\n".join(["", *said[-20:], "uv failed: once more, with pip"]), flush=True)
    failed, said = _run([*by_pip(folder), *what], began, "looking for libraries with pip")
    if failed:
        print("\n".join(["", *said[-20:]]))
    return failed


def _uv(folder: Path, began: float) -> Path | str | None:
    """The machine's uv, else one in the environment; None: it is not to be used."""
    pip: list[str | Path] = [folder / BIN / "python", "-m", "pip"]
    told = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False)
    if has_own_index(told.stdout):
        return None
    found = shutil.which("uv")
    if found is not None:
        return found
    command = [*by_pip(folder), "-q", "--only-binary", ":all:", "uv"]
    failed, _ = _run(command, began, "getting uv, which gets the rest")
    return None if failed else folder / BIN / "uv"


def _run(command: list[str | Path], began: float, what: str) -> tuple[int, list[str]]:
    """The exit code, and all lines that were printed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said: list[str] = []
    _show(ticking(steps(_noted(process.stdout, said)), what), began)
    return process.wait(), said


def _show(texts: Iterable[str], began: float) -> None:
    """One line that changes, or where the output is no terminal, one now and then."""
    shown_at = -EACH_S
    for text in texts:
        seconds = time.monotonic() - began
        if sys.stdout.isatty():
            print(f"\r\033[K{seconds:4.0f} s {text}"[:100], end="", flush=True)
        elif seconds - shown_at >= EACH_S or text.endswith(STEPS["Prepared"]):
            shown_at = seconds
            print(f"{seconds:4.0f} s {text}", flush=True)
    if sys.stdout.isatty():
        print("\r\033[K", end="")


def _noted(lines: Iterable[str], said: list[str]) -> Iterator[str]:
    for line in lines:
        said.append(line.rstrip())
        yield line


def _number(text: str, begin: str, before: int) -> int:
    """How many libraries are known of: pip names them one by one, uv all at once."""
    if begin == "Resolved":
        return int(text.split()[1])
    return before + (begin == "Collecting")


def _name(text: str, begin: str) -> str:
    """The library that a line is about: of a file's address the last part."""
    words = re.sub(r"^(wheel )?for ", "", text.removeprefix(begin).strip()).split()
    name = words[0].rsplit("/", 1)[-1] if words else ""
    return re.split(r"[<>=!~\[(;]|-\d", name)[0] or name


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
