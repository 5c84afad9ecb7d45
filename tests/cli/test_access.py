"""From settings to who may do what."""

from pathlib import Path

import pytest

from polytape.cli.access import make_admission
from polytape.cli.app import run
from polytape.errors import ConfigurationError
from polytape.gateway.caller import Caller
from polytape.net.private_file import HAS_MODES, write_private
from polytape.settings import Secret, Settings

HOST = {b"host": b"localhost", b"content-type": b"application/json"}
COMPACT = ("/api/v1/history/compact", "POST", "127.0.0.1")
BARS = ("/api/v1/bars", "GET", "127.0.0.1")


def test_the_owner_is_whoever_can_read_the_file(tmp_path: Path) -> None:
    """The token of the settings is another owner's; one beside the other."""
    admission = make_admission(Settings(access_folder=tmp_path, token=Secret("sixteen letters!")))
    owner = (tmp_path / "owner.token").read_bytes().strip()
    for token, name in ((owner, "owner"), (b"sixteen letters!", "POLYTAPE_TOKEN")):
        caller = admission.admit(HOST | {b"authorization": b"Bearer " + token}, *COMPACT)
        assert isinstance(caller, Caller)
        assert caller.name == name
    assert not isinstance(admission.admit(HOST, *BARS), Caller)


def test_without_a_place_for_a_token_only_what_asks_for_none_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, and the gateway starts: a container's home may be read-only."""
    (tmp_path / "file").write_text("")
    admission = make_admission(Settings(access_folder=tmp_path / "file" / "in"))
    err = " ".join(capsys.readouterr().err.split())
    assert "cannot" in err
    assert "no token of the owner's" in err
    assert isinstance(admission.admit(HOST, *BARS), Caller)
    assert not isinstance(admission.admit(HOST, *COMPACT), Caller)


@pytest.mark.skipif(not HAS_MODES, reason="no modes of files here")
def test_a_token_that_others_may_have_read_is_not_the_owners(tmp_path: Path) -> None:
    """The gateway does not start with it."""
    write_private(tmp_path / "owner.token", b"t" * 43)
    (tmp_path / "owner.token").chmod(0o644)
    with pytest.raises(ConfigurationError, match=r"owner\.token may be read or written by others"):
        make_admission(Settings(access_folder=tmp_path))


def test_a_clients_token_is_enough_to_face_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything asks for it then; that it crosses the network in clear text is said."""
    monkeypatch.setenv("POLYTAPE_ACCESS_FOLDER", str(tmp_path))
    settings = Settings(access_folder=tmp_path, host="0.0.0.0")
    with pytest.raises(ConfigurationError, match="polytape token add NAME"):
        make_admission(settings)
    run(["token", "add", "alice"])
    token = capsys.readouterr().out.strip().encode()
    admission = make_admission(settings)
    assert "in clear text: add --tls-cert" in capsys.readouterr().err
    assert not isinstance(admission.admit(HOST, *BARS), Caller)
    caller = admission.admit(HOST | {b"x-api-key": token}, *BARS)
    assert isinstance(caller, Caller)
    assert caller.name == "alice"


@pytest.mark.parametrize(
    ("host", "given", "admitted"),
    [("127.0.0.1", None, 700), ("0.0.0.0", None, 600), ("127.0.0.1", 5, 5), ("0.0.0.0", 5, 5)],
)
def test_who_has_no_token_is_bounded_where_others_reach_it(
    host: str, given: int | None, admitted: int, tmp_path: Path
) -> None:
    """By default only there: the loopback is this machine's programs'."""
    settings = Settings(access_folder=tmp_path, host=host, anonymous_per_minute=given,
                        token=Secret("t" * 32) if host == "0.0.0.0" else None)  # fmt: skip
    admission = make_admission(settings)
    path = "/open" if host == "0.0.0.0" else BARS[0]
    callers = [
        admission.admit(HOST | {b"host": b"0.0.0.0"}, path, "GET", "192.0.2.1") for _ in range(700)
    ]
    assert sum(isinstance(caller, Caller) for caller in callers) == admitted
