"""The files of a release: built with what `locks/build.txt` names, and looked into."""

import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from packaging.metadata import InvalidMetadata, Metadata

from tools.build_page import PAGE
from tools.locks import FOLDER, uv

# What nobody should miss: by its path in the wheel, VERSION being the release's.
EXPECTED = (
    "polytape/py.typed",
    "polytape/model/xnys.csv",
    "polytape/web/page/index.html",
    "polytape/web/page/page.js",
    # The licence of the chart library asks for it.
    "polytape/web/page/NOTICE",
    "polytape-VERSION.dist-info/licenses/LICENSE",
    "polytape-VERSION.dist-info/entry_points.txt",
)
# What is in no release, wherever it is.
UNWANTED = ("__pycache__", "node_modules", ".env", ".pyc", ".pem", "owner.token", "polytape.toml")


class ReleaseError(Exception):
    """What is wrong with the release, for people."""


class Files(NamedTuple):
    """`wheel` is made of the sdist, `direct` of the checkout: they have to be the same."""

    wheel: Path
    sdist: Path
    direct: Path


def build(root: Path, folder: Path) -> Files:
    """Build all three in a folder. The page is built on the way, where it is not there yet.

    Raises: CalledProcessError where a step fails, ReleaseError where a file is not there then.
    """
    command: list[str | Path] = [uv(), "build", "-q", "--no-progress", "--require-hashes"]
    command += ["--build-constraint", FOLDER / "build.txt"]
    subprocess.run([*command, "--out-dir", folder / "files", root], check=True)
    subprocess.run([*command, "--wheel", "--out-dir", folder / "direct", root], check=True)
    return Files(
        _only(folder / "files", "*.whl"),
        _only(folder / "files", "*.tar.gz"),
        _only(folder / "direct", "*.whl"),
    )


def check_files(files: Files, root: Path) -> str:
    """The version, once both files are found to be whole.

    Raises: ReleaseError naming what is lacking, too much, or different.
    """
    version = check_metadata(members(files.wheel))
    tracked = _tracked(root)
    wheel, sdist = members(files.wheel), members(files.sdist)
    check_wheel(set(wheel), version, tracked)
    check_sdist(set(sdist), tracked)
    check_same(wheel, members(files.direct))
    _print_sizes(files, wheel)
    return version


def members(archive: Path) -> dict[str, bytes]:
    """The files in a wheel or sdist by their paths, without the first folder of an sdist."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as zipped:
            return {name: zipped.read(name) for name in zipped.namelist()}
    found = {}
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            content = packed.extractfile(member)
            if content is not None:
                found[member.name.partition("/")[2]] = content.read()
    return found


def check_metadata(wheel: dict[str, bytes]) -> str:
    """The version that the metadata have, which are checked as an index checks them.

    Raises: ReleaseError.
    """
    (path,) = (name for name in wheel if name.endswith(".dist-info/METADATA"))
    try:
        metadata = Metadata.from_email(wheel[path], validate=True)
    except (InvalidMetadata, ExceptionGroup) as error:
        raise ReleaseError(f"{path}: {error}") from error
    if metadata.description_content_type != "text/markdown" or not metadata.description:
        raise ReleaseError(f"{path}: the README is not in it as Markdown")
    if metadata.license_files != ["LICENSE"]:
        raise ReleaseError(f"{path}: License-File is {metadata.license_files}, not LICENSE")
    return str(metadata.version)


def check_wheel(names: set[str], version: str, tracked: set[str]) -> None:
    """Raises: ReleaseError unless it has the package as it is in git, the page, and no more."""
    expected = {name.replace("VERSION", version) for name in EXPECTED}
    sources = {name.removeprefix("src/") for name in tracked if name.startswith("src/")}
    _complain("the wheel lacks", (expected | sources) - names)
    page = f"{PAGE.as_posix().removeprefix('src/')}/"
    allowed = sources | {name for name in names if name.startswith(page) or ".dist-info/" in name}
    _complain("the wheel has, and git has not,", names - allowed)


def check_sdist(names: set[str], tracked: set[str]) -> None:
    """Raises: ReleaseError unless it has what it takes to build and to test."""
    page = {f"{PAGE.as_posix()}/index.html", f"{PAGE.as_posix()}/NOTICE"}
    folders = ("src/", "tests/", "docs/", "tools/", "web/", "bench/", "deploy/", "locks/")
    files = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile",
             "constraints.txt", "hatch_build.py", "pyproject.toml"}  # fmt: skip
    expected = {name for name in tracked if name.startswith(folders) or name in files}
    _complain("the sdist lacks", (expected | page | files) - names)
    _complain("the sdist has", {n for n in names if any(part in n for part in UNWANTED)} - tracked)


def check_same(of_sdist: dict[str, bytes], of_checkout: dict[str, bytes]) -> None:
    """Raises: ReleaseError unless both wheels have the same files, byte for byte."""
    differing = {name for name, _ in of_sdist.items() ^ of_checkout.items()}
    _complain("the sdist's wheel is not the checkout's in", differing)


def _tracked(root: Path) -> set[str]:
    """What git has, and what it would have: new files that are not left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return {name for name in done.stdout.splitlines() if (root / name).is_file()}


def _only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise ReleaseError(f"one {pattern} is expected in {folder}, there are {len(found)}")
    return found[0]


def _complain(what: str, names: set[str]) -> None:
    if names:
        shown = ", ".join(sorted(names)[:10])
        raise ReleaseError(f"{what} {shown}{' ...' if len(names) > 10 else ''}")


def _print_sizes(files: Files, wheel: dict[str, bytes]) -> None:
    page = [name for name in wheel if "/web/page/" in name]
    print(f"{files.wheel.name}: {files.wheel.stat().st_size:,} bytes, {len(wheel)} files, ", end="")
    print(f"{len(page)} of the page; {files.sdist.name}: {files.sdist.stat().st_size:,} bytes")
