"""`python -m tools.release`: the steps, one after the other."""

import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tools.locks import ROOT
from tools.release.attest import Release, attest
from tools.release.files import ReleaseError, build, check_files
from tools.release.trials import Trial, differing, find_pythons, try_all

DIST = ROOT / "dist"


def main(*, dirty: bool) -> int:
    """Make the release. The exit code is 1 where something is wrong with it."""
    began = datetime.now(UTC)
    try:
        has_changes = _changes(allowed=dirty)
        with tempfile.TemporaryDirectory() as folder:
            files = build(ROOT, Path(folder))
            version = check_files(files, ROOT)
            print(f"polytape {version}: wheel and sdist are as they should be", flush=True)
            trials = try_all(files.wheel, Path(folder))
            _check(trials)
            kept = _keep(files.wheel, files.sdist)
        release = Release(version, _git("rev-parse", "HEAD"), has_changes, began, kept)
        attest(release, DIST, [trial.facts() for trial in trials])
    except (ReleaseError, subprocess.CalledProcessError) as error:
        print(f"no release: {error}", file=sys.stderr)
        return 1
    print(f"in {DIST}: " + ", ".join(sorted(path.name for path in DIST.iterdir())))
    return 0


def _check(trials: list[Trial]) -> None:
    failed = [trial for trial in trials if trial.error]
    if failed:
        raise ReleaseError("\n".join(f"{one.name}: {one.error}" for one in failed))
    if not trials:
        raise ReleaseError("no Python was found to try it on")
    different = differing(trials)
    if different:
        raise ReleaseError(f"answers differ between environments: {json.dumps(different)}")
    missing = [python for python, found in find_pythons().items() if found is None]
    if missing:
        print(f"not tried, for it is not on this machine: Python {', '.join(missing)}")


def _changes(*, allowed: bool) -> bool:
    """Whether the checkout is not what its commit has."""
    changes = _git("status", "--porcelain")
    if changes and not allowed:
        raise ReleaseError(f"the checkout has changes; commit them, or add --dirty:\n{changes}")
    return bool(changes)


def _keep(*files: Path) -> list[Path]:
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    return [Path(shutil.copy2(file, DIST)) for file in files]


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )  # fmt: skip
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(dirty="--dirty" in sys.argv[1:]))
