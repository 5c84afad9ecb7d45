"""What a release says of itself: its hashes, where it comes from, what it is made of, its trials.

The forms are others': `sha256sum --check` reads SHA256SUMS, provenance.json is an in-toto
statement, sbom.cdx.json a CycloneDX list. None is signed here: who publishes signs
(CONTRIBUTING.md).
"""

import hashlib
import json
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement

from tools.locks import FOLDER, ROOT

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "polytape/make-release/v1"


class Release(NamedTuple):
    """A release that is there. `dirty`: its checkout had changes that no commit has."""

    version: str
    commit: str
    dirty: bool
    began: datetime
    files: list[Path]


def attest(release: Release, folder: Path, trials: list[dict[str, Any]]) -> None:
    """Write what is said of it into its folder. SHA256SUMS is last: it is of the others, too."""
    now = datetime.now(UTC)
    _write(folder / "trials.json", trials)
    _write(folder / "sbom.cdx.json", bill_of_materials(release, now))
    _write(folder / "provenance.json", statement(release, now))
    paths = sorted(path for path in folder.iterdir() if path.name != "SHA256SUMS")
    sums = "".join(f"{sha256(path)}  {path.name}\n" for path in paths)
    (folder / "SHA256SUMS").write_text(sums, "utf-8")


def statement(release: Release, now: datetime) -> dict[str, Any]:
    """Which files came of which commit, and what they were built with."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": f.name, "digest": {"sha256": sha256(f)}} for f in release.files],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"version": release.version, "dirty": release.dirty},
                "resolvedDependencies": [
                    {"name": "polytape", "digest": {"gitCommit": release.commit}},
                    *({"name": n, "digest": {"sha256": sha256(ROOT / n)}} for n in _inputs()),
                ],
            },
            "runDetails": {
                "builder": {"id": "make release", "version": {"python": platform.python_version()}},
                "metadata": {"startedOn": _text(release.began), "finishedOn": _text(now)},
            },
        },
    }


def bill_of_materials(release: Release, now: datetime) -> dict[str, Any]:
    """What the gateway is made of where it is installed by its lock, and what is in its page."""
    of_page = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))["packages"]
    inside = [
        _component("npm", path.removeprefix("node_modules/"), one["version"])
        for path, one in of_page.items()
        if path and not one.get("dev") and not one.get("devOptional")
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": _text(now),
            "component": _component("pypi", "polytape", release.version) | {"type": "application"},
        },
        "components": [*_locked(), *inside],
    }


def sha256(path: Path) -> str:
    """Of a file's content, as hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _inputs() -> Iterator[str]:
    yield from ("locks/build.txt", "web/package-lock.json")


def _locked() -> Iterator[dict[str, Any]]:
    for line in (FOLDER / "gateway.txt").read_text("utf-8").splitlines():
        if not line.startswith((" ", "#")):
            requirement = Requirement(line.rstrip(" \\"))
            (specifier,) = requirement.specifier
            scope = "required" if requirement.marker is None else "optional"
            yield _component("pypi", requirement.name, specifier.version) | {"scope": scope}


def _component(kind: str, name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:{kind}/{name}@{version}"
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
