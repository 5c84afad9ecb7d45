"""A release is whole, and says the truth of itself; each part that can be tried without building."""

import hashlib
import json
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tools.release import trials
from tools.release.attest import Release, attest
from tools.release.files import (
    EXPECTED,
    ReleaseError,
    check_metadata,
    check_same,
    check_sdist,
    check_wheel,
    members,
)
from tools.release.trials import Trial, differing

from polytape import __version__

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").is_file(), reason="no checkout")

METADATA = f"""\
Metadata-Version: 2.4
Name: polytape
Version: {__version__}
License-Expression: MIT
License-File: LICENSE
Description-Content-Type: text/markdown

# polytape
"""
WHEEL = {name.replace("VERSION", "1.0") for name in EXPECTED}
SOURCES = {"src/polytape/py.typed", "src/polytape/model/xnys.csv"}


def test_metadata_are_those_that_an_index_takes() -> None:
    """With the licence and the README in them."""
    path = f"polytape-{__version__}.dist-info/METADATA"
    assert check_metadata({path: METADATA.encode()}) == __version__
    for good, bad in (
        ("License-File: LICENSE", "License-File: OTHER"), ("text/markdown", "text/plain"),
        ("Version: 0", "Version: zero"), ("License-Expression: MIT", "License-Expression: Mine?"),
    ):  # fmt: skip
        assert good in METADATA
        with pytest.raises(ReleaseError):
            check_metadata({path: METADATA.replace(good, bad, 1).encode()})


@pytest.mark.parametrize("lost", sorted(WHEEL))
def test_a_wheel_that_lacks_something_is_none(lost: str) -> None:
    """The page with its notice, the licence, the marker of types; whatever git has of the package."""
    check_wheel(WHEEL, "1.0", SOURCES)
    with pytest.raises(ReleaseError, match=r"the wheel lacks"):
        check_wheel(WHEEL - {lost}, "1.0", SOURCES)


def test_a_wheel_has_nothing_that_git_has_not() -> None:
    """But the page, which is built, and its own data."""
    check_wheel(WHEEL | {"polytape/web/page/more.js"}, "1.0", SOURCES)
    with pytest.raises(ReleaseError, match=r"git has not, polytape/mine\.py"):
        check_wheel(WHEEL | {"polytape/mine.py"}, "1.0", SOURCES)


def test_an_sdist_has_what_it_takes_to_build_and_test() -> None:
    """And no file of somebody's own."""
    files = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "constraints.txt",
             "hatch_build.py", "pyproject.toml", "src/polytape/web/page/index.html",
             "src/polytape/web/page/NOTICE", "tests/test_a.py"}  # fmt: skip
    check_sdist(files, {"tests/test_a.py"})
    with pytest.raises(ReleaseError, match=r"lacks tests/test_a\.py"):
        check_sdist(files - {"tests/test_a.py"}, {"tests/test_a.py"})
    with pytest.raises(ReleaseError, match=r"the sdist has deploy/gateway\.env"):
        check_sdist(files | {"deploy/gateway.env"}, set())


def test_both_wheels_are_one() -> None:
    """What is built of the sdist is what is built of the checkout, byte for byte."""
    check_same({"a": b"1", "b": b"2"}, {"b": b"2", "a": b"1"})
    for other in ({"a": b"1"}, {"a": b"1", "b": b"3"}, {"a": b"1", "b": b"2", "c": b""}):
        with pytest.raises(ReleaseError, match="not the checkout's in"):
            check_same({"a": b"1", "b": b"2"}, other)


def test_members_are_the_files_of_either_archive(tmp_path: Path) -> None:
    """Of an sdist without the folder that it begins with."""
    (tmp_path / "a.txt").write_text("a")
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        wheel.write(tmp_path / "a.txt", "p/a.txt")
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as sdist:
        sdist.add(tmp_path / "a.txt", "x-1.0/p/a.txt")
    assert members(tmp_path / "x.whl") == members(tmp_path / "x.tar.gz") == {"p/a.txt": b"a"}


def test_an_answer_that_differs_names_its_environments() -> None:
    """One that is equal everywhere is not named."""
    first = Trial("3.11", "newest", report={"answers": {"bars": "a", "scan": "b"}})
    second = Trial("3.12", "oldest", report={"answers": {"bars": "a", "scan": "c"}})
    assert differing([first, first]) == {}
    assert differing([first, second]) == {"scan": {"b": [first.name], "c": [second.name]}}


def test_a_python_that_is_not_here_is_not_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """And it is said; what is tried is what answers to the version, not to the file's name."""
    versions = {"/a/python3.14": "", "/b/python": "3.12", "/c/python3.12": "3.12"}
    monkeypatch.setattr(trials, "_candidates", lambda: map(Path, versions))
    monkeypatch.setattr(trials, "_version", lambda path: versions[str(path)])
    tried = []

    def try_one(_wheel: Path, python: str, path: Path, libraries: str, _folder: Path) -> Trial:
        tried.append((python, str(path), libraries))
        return Trial(python, libraries)

    monkeypatch.setattr(trials, "try_one", try_one)
    trials.try_all(Path("x.whl"), tmp_path)
    assert tried == [("3.12", "/b/python", "newest"), ("3.12", "/b/python", "oldest")]
    assert "Python 3.14: not on this machine, not tried" in capsys.readouterr().out


def test_what_is_attested_is_what_is_there(tmp_path: Path) -> None:
    """Hashes of all files; the commit; no file with an address of a registry; the parts of the page."""
    wheel = tmp_path / "polytape-1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    release = Release("1.0", "c" * 40, False, datetime(2026, 1, 2, tzinfo=UTC), [wheel])
    attest(release, tmp_path, [{"python": "3.11"}])
    sums = dict(
        line.split("  ")[::-1] for line in (tmp_path / "SHA256SUMS").read_text().splitlines()
    )
    assert set(sums) == {wheel.name, "provenance.json", "sbom.cdx.json", "trials.json"}
    for name, digest in sums.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    told = json.loads((tmp_path / "provenance.json").read_text())
    assert told["subject"] == [{"name": wheel.name, "digest": {"sha256": sums[wheel.name]}}]
    first = told["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    assert first["digest"] == {"gitCommit": "c" * 40}
    purls = {
        one["purl"] for one in json.loads((tmp_path / "sbom.cdx.json").read_text())["components"]
    }
    assert any(purl.startswith("pkg:pypi/litestar@") for purl in purls)
    assert any(purl.startswith("pkg:npm/lightweight-charts@") for purl in purls)
    assert not any("esbuild" in purl for purl in purls)
