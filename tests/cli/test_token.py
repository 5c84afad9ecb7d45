"""`polytape token`: add, list, remove."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from polytape.cli.app import run
from polytape.gateway.tokens import FILE, digest, read_tokens


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POLYTAPE_ACCESS_FOLDER", str(tmp_path / "access"))
    return tmp_path / "access"


def test_a_token_is_printed_once_and_listed_without_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stdout alone, so that it can go into a file; read is the default."""
    assert run(["token", "add", "alice", "--per-minute", "60", "--expires", "30"]) == 0
    out, err = capsys.readouterr()
    token = out.strip()
    (record,) = read_tokens(folder / FILE)
    assert record.sha256 == digest(token.encode()).hex()
    assert (record.role, record.per_minute) == ("read", 60)
    assert token not in err
    assert "shown once" in err
    assert run(["token", "add", "bob", "--role", "spend", "--vendor-per-day", "9"]) == 0
    capsys.readouterr()
    assert run(["token", "list", "--format", "json"]) == 0
    out, _ = capsys.readouterr()
    alice, bob = json.loads(out)
    assert (alice["name"], alice["role"], alice["expires"][-1]) == ("alice", "read", "Z")
    assert (bob["role"], bob["vendor_per_day"], bob["expires"]) == ("spend", 9, None)
    assert token not in out
    assert record.sha256 not in out
    assert run(["token", "list"]) == 0
    out, _ = capsys.readouterr()
    assert record.expires_at is not None
    assert f"{record.expires_at.astimezone(ZoneInfo('America/New_York')):%Y-%m-%d %H:%M} " in out


def test_a_token_is_removed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its name; an unknown one names those there are."""
    run(["token", "add", "alice"])
    capsys.readouterr()
    assert run(["token", "remove", "bob"]) == 2
    assert (
        capsys.readouterr().err == "polytape: name='bob' is not valid: the name of a token: alice\n"
    )
    assert run(["token", "remove", "alice"]) == 0
    assert read_tokens(folder / FILE) == []
    assert run(["token", "list"]) == 0
    assert "polytape token add NAME makes one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["add", "a b"], 2, "name='a b' is not valid"),
        (["add", "x", "--role", "god"], 2, "god"),
        (["add", "x", "--expires", "0"], 2, "--expires"),
        (["add", "x", "--per-minute", "0"], 2, "--per-minute"),
        (["add"], 2, "name"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And makes no token."""
    assert run(["token", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said.lower() in err.lower()
    assert err.count("\n") == 1
