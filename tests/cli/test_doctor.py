"""`polytape doctor`: each check says what is so, and what mends it; only trouble has exit code 1."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from importlib import metadata
from pathlib import Path

import pytest

from polytape.cli import (
    checkup,
    checkup_gateway,
    checkup_key,
    checkup_port,
    checkup_store,
    checkup_vendor,
)
from polytape.cli.checkup import Finding
from polytape.cli.stores import store_location
from polytape.cli.wiring import make_app, make_gateway
from polytape.errors import AuthenticationError, ConnectionError, RateLimitError
from polytape.extras import install_command
from polytape.fake_vendor.mischief import Mischief
from polytape.gateway.server import running
from polytape.model.bars import Bars
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.net.owner_token import make_owner_token
from polytape.net.storage import FolderStorage
from polytape.settings import KEY_NAMES, Origin, Secret, Settings
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from tests.cli.conftest import Run
from tests.conftest import MARKET, NOW, day_span
from tests.fakes.vendor import KEY, street
from tests.upstream.flatfiles.files import DAY


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for name, folder in (("CONFIG", "config"), ("STATE", "state"), ("DATA", "data")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / folder))
    for name in KEY_NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("POLYTAPE_PORT", str(free_port()))


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a program that takes connections and says nothing of HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.listen()
        yield server.getsockname()[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def stored(folder: Path) -> SegmentStore:
    """A store of one symbol's minute."""
    store = SegmentStore(FolderStorage(folder), "polygon", MARKET, now=lambda: NOW)
    span = day_span(DAY)
    bars = Bars.of([span.start], [1.0], [1.0], [1.0], [1.0], [1.0])
    market = MarketBars.of({"AAPL": bars})
    store.write(Series.MINUTE, market, [Coverage("AAPL", span, NOW, final=True)])
    return store


def verdicts(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.verdict for finding in findings}


def test_a_new_installation_is_in_order(polytape: Run) -> None:
    """No trouble: what is missing is said, with the command that makes it."""
    code, out, err = polytape("doctor")
    assert (code, err) == (0, "")
    # Where a line ends depends on how long the paths are.
    said = " ".join(out.split())
    assert "trouble" not in said
    assert "there is none yet" in said
    assert "set POLYGON_API_KEY=YOUR_KEY in the environment or in a" in said
    assert max(map(len, out.splitlines())) <= 80


def test_json_has_the_same_findings(polytape: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object a check; exit code 1 where one of them is trouble."""
    monkeypatch.setenv("POLYTAPE_SOURCE", "polygon")
    code, out, _ = polytape("doctor", "--format", "json")
    findings = json.loads(out)
    assert code == 1
    assert {tuple(one) for one in findings} == {("check", "verdict", "what", "cure")}
    assert [one["check"] for one in findings if one["verdict"] == "trouble"] == ["key"]
    checks = {one["check"] for one in findings}
    assert checks == {"versions", "extras", "settings", "key", "plan", "network", "clock", "gateway",
                      "disk", "store", "port", "tokens"}  # fmt: skip


def test_wrong_settings_are_trouble_and_the_rest_is_not_guessed(polytape: Run) -> None:
    """A store or port of other settings says nothing."""
    Path("polytape.toml").write_text("prot = 1\n")
    code, out, _ = polytape("doctor", "--format", "json")
    findings = {one["check"]: one for one in json.loads(out)}
    assert code == 1
    assert "store" not in findings
    (trouble, left_out) = [one for one in json.loads(out) if one["check"] == "settings"]
    assert "prot is no setting (did you mean port?)" in trouble["what"]
    assert "not looked at" in left_out["what"]


def test_a_file_that_is_no_toml_is_a_line_with_its_place_and_cure(polytape: Run) -> None:
    """And the gateway and the tokens are looked at all the same."""
    Path("polytape.toml").write_text("port = 8200\nsource = synthetic\n")
    code, out, err = polytape("doctor", "--format", "json")
    findings = [(one["check"], one["verdict"]) for one in json.loads(out)]
    assert (code, err) == (1, "")
    assert findings[-3:] == [("gateway", "ok"), ("tokens", "ok"), ("tokens", "ok")]
    (trouble,) = [one for one in json.loads(out) if one["verdict"] == "trouble"]
    assert "polytape.toml, line 2, column 10 (source) is no TOML" in trouble["what"]
    assert "polytape init --print" in trouble["cure"]


@pytest.mark.parametrize(
    ("settings", "key", "plan"),
    [
        (Settings(), "warning", "ok"), (Settings(source="polygon"), "trouble", "ok"),
        (Settings(source="synthetic"), "ok", "ok"), (Settings(api_key=Secret("x")), "ok", "ok"),
        (Settings(api_key=Secret("hidden key")), "trouble", "ok"),
        (Settings(api_key=Secret("x"), plan="basic"), "ok", "ok"),
    ],
)  # fmt: skip
def test_the_key_is_looked_at_and_not_shown(settings: Settings, key: str, plan: str) -> None:
    """A made-up market needs none."""
    findings = [checkup_key.key_finding(settings), checkup_key.plan_finding(settings, {})]
    assert [one.verdict for one in findings] == [key, plan]
    assert "hidden" not in str(findings)
    if settings.plan:
        assert "5 requests in 60 s, history of 2 years" in findings[1].what


@pytest.mark.parametrize(
    ("off_s", "verdict"),
    [(0, "ok"), (-4, "ok"), (30, "warning"), (-30, "warning"), (61, "trouble")],
)
def test_clocks_that_differ_are_said(off_s: int, verdict: str) -> None:
    """By the `Date` of the vendor's answer."""
    at = datetime(2026, 11, 23, 15, tzinfo=UTC)
    headers = {"date": format_datetime(at, usegmt=True)}
    finding = checkup_vendor.clock_finding(headers, int((at.timestamp() + off_s) * 1e6))
    assert (finding.check, finding.verdict) == ("clock", verdict)
    assert ("ahead of" if off_s > 0 else "behind") in finding.what or verdict == "ok"


def test_a_clock_that_nobody_has_seen_is_unknown() -> None:
    """Not right, and not wrong."""
    for headers in ({}, {"date": "yesterday"}):
        assert "unknown" in checkup_vendor.clock_finding(headers, NOW).what


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (AuthenticationError("the vendor does not accept this API key", status=401), "trouble"),
        (RateLimitError("too many", status=429), "warning"),
        (ConnectionError("could not reach https://api.massive.com: no such host"), "trouble"),
    ],
)  # fmt: skip
def test_what_the_vendor_says_is_a_finding(
    error: Exception, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --online alone: else nobody is asked."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(checkup_vendor, "_send_one", fail)
    settings = Settings(api_key=Secret("x"))
    online = checkup_vendor.network_findings(settings, online=True)
    assert (verdicts(online)["network"], str(error)) == (verdict, online[0].what)
    (network, _) = checkup_vendor.network_findings(settings, online=False)
    assert (network.verdict, network.what) == ("ok", "api.massive.com: not tried")
    assert "--online" in network.cure


@pytest.mark.socket
def test_one_request_tells_of_key_and_clock(tmp_path: Path) -> None:
    """It is one, is counted in the budget, and a key that is not accepted is named as such."""
    with street(NOW) as wall:
        settings = Settings(
            api_key=Secret(KEY), vendor_url=wall.url, plan="basic", store=str(tmp_path / "store")
        )
        network, clock = checkup_vendor.network_findings(settings, online=True)
        assert (network.verdict, len(wall.asked())) == ("ok", 1)
        assert network.what == "127.0.0.1 answers, and knows the key; its prices are made up"
        assert clock.check == "clock"
        assert list((tmp_path / "store" / "budget").glob("*.json"))
        wall.vendor.every = Mischief.UNKNOWN_KEY
        network, _ = checkup_vendor.network_findings(settings, online=True)
        assert (network.verdict, len(wall.asked())) == ("trouble", 2)
        assert "does not accept this API key" in network.what
        assert KEY not in str(network)


def test_a_store_is_described(tmp_path: Path) -> None:
    """Its source, size and symbols; files that are not read are named with the reason."""
    folder = tmp_path / "bars"
    stored(folder).close()
    settings = Settings(store=str(folder))
    disk, store = checkup_store.store_findings(settings, {}, online=False)
    assert (disk.verdict, store.verdict) == ("ok", "ok")
    assert f"{folder}: bars of polygon" in store.what
    assert "in 1 file; symbols: 1 of 1min" in store.what
    (path,) = folder.rglob("*.parquet")
    path.write_bytes(b"PAR1")
    *_, damaged = checkup_store.store_findings(settings, {}, online=False)
    assert (damaged.check, damaged.verdict) == ("store", "warning")
    assert path.name in damaged.what
    assert "backfill" in damaged.cure


def test_a_store_of_another_source_is_trouble(tmp_path: Path) -> None:
    """Before a gateway refuses it."""
    stored(tmp_path / "bars").close()
    settings = Settings(store=str(tmp_path / "bars"), source="synthetic")
    *_, finding = checkup_store.store_findings(settings, {}, online=False)
    assert finding.verdict == "trouble"
    assert "holds bars of polygon, and the settings are for synthetic/0" in finding.what


def test_no_store_and_one_elsewhere_are_not_tried() -> None:
    """An object store is asked with --online alone."""
    (none,) = checkup_store.store_findings(Settings(store="none"), {}, online=False)
    (bucket,) = checkup_store.store_findings(Settings(store="s3://bars"), {}, online=False)
    assert (none.what, bucket.what) == ("none: nothing is kept", "s3://bars: not tried")


@pytest.mark.socket
def test_the_gateway_that_clients_would_use_is_described(
    gateway: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version, source and store; whether it takes the token; one of another version is a warning."""
    written = {"url": Origin("POLYTAPE_URL", gateway)}
    about, token = checkup_gateway.gateway_findings(Settings(url=gateway), written, tmp_path)
    own = f"{gateway}: polytape {metadata.version('polytape')}, source synthetic (made-up prices)"
    assert (about.verdict, about.what) == ("ok", f"{own}, keeps nothing")
    assert (token.verdict, "managed from here" in token.what) == ("ok", True)
    monkeypatch.setattr(checkup_gateway, "__version__", "9.9")
    about, _ = checkup_gateway.gateway_findings(Settings(url=gateway), written, tmp_path)
    assert (about.verdict, "which is 9.9" in about.cure) == ("warning", True)


@pytest.mark.socket
def test_a_token_that_the_gateway_does_not_know_is_trouble(tmp_path: Path) -> None:
    """With what makes one; without any, its owner's opens it on this machine."""
    make_owner_token(tmp_path / "theirs", "t" * 43)
    settings = Settings(source="synthetic", store="none", access_folder=tmp_path / "theirs")
    theirs = make_gateway(settings)
    with running(make_app(settings, theirs)) as url:
        wrong = Settings(url=url, token=Secret("w" * 43))
        _, token = checkup_gateway.gateway_findings(wrong, {}, tmp_path / "theirs")
        assert (token.verdict, "polytape token add" in token.cure) == ("trouble", True)
        _, token = checkup_gateway.gateway_findings(Settings(url=url), {}, tmp_path / "theirs")
        assert token.what == "takes the owner's token: it may be managed from here"
        _, token = checkup_gateway.gateway_findings(Settings(url=url), {}, tmp_path / "none")
        assert (token.verdict, "token of its owner" in token.what) == ("ok", True)


def test_no_gateway_is_trouble_where_a_setting_names_one(tmp_path: Path) -> None:
    """Else it is only said how to start one, and how clients find it."""
    url = f"http://127.0.0.1:{free_port()}"
    written = {"url": Origin("POLYTAPE_URL", url)}
    (named,) = checkup_gateway.gateway_findings(Settings(url=url), written, tmp_path)
    assert (named.verdict, named.what) == (
        "trouble",
        f"POLYTAPE_URL names {url}, and nothing answers there",
    )
    (usual,) = checkup_gateway.gateway_findings(Settings(url=url, port=8333), {}, tmp_path)
    assert (usual.verdict, usual.what) == ("ok", f"none runs at {url}")
    assert "POLYTAPE_URL=http://localhost:8333" in usual.cure


@pytest.mark.socket
def test_the_port_is_free_or_ours(gateway: str) -> None:
    """A gateway of ours is no trouble; another program is."""
    ours = int(gateway.rsplit(":", 1)[1])
    seen = [checkup_port.port_finding(Settings(port=port)) for port in (free_port(), ours)]
    assert [one.verdict for one in seen] == ["ok", "ok"]
    assert seen[0].what.endswith("is free")
    assert seen[1].what.endswith("a gateway runs there")


def test_another_program_on_the_port_is_trouble(
    listener: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the next port to try."""
    monkeypatch.setattr(checkup_port, "CONNECT_S", 0.05)
    finding = checkup_port.port_finding(Settings(port=listener))
    assert (finding.verdict, "another program" in finding.what) == ("trouble", True)
    assert f"--port {listener + 1}" in finding.cure


def test_a_certificate_that_cannot_be_used_is_trouble(tmp_path: Path) -> None:
    """Said before a gateway does not start."""
    assert list(checkup_port.tls_findings(Settings())) == []
    (tmp_path / "cert.pem").write_text("nothing")
    (finding,) = checkup_port.tls_findings(Settings(tls_cert=tmp_path / "cert.pem"))
    assert (finding.verdict, "cannot be used" in finding.what) == ("trouble", True)


def test_tokens_that_others_may_read_are_trouble(tmp_path: Path) -> None:
    """With the command that closes them."""
    folder = tmp_path / "state" / "polytape"
    folder.mkdir(parents=True)
    (folder / "owner.token").write_text("x" * 43)
    (folder / "owner.token").chmod(0o644)
    owner, clients = checkup.token_findings(folder)
    assert (owner.verdict, clients.verdict) == ("trouble", "ok")
    assert owner.cure == f"chmod 600 {folder / 'owner.token'}"


def test_libraries_are_held_to_what_polytape_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Older than that, or absent, is said with the line that mends it."""
    real = metadata.version
    versions = {"numpy": "1.25.9", "redis": None, "litestar": None, "pandas": "2.2.0rc1"}

    def version(name: str) -> str:
        known = versions.get(name, real(name))
        if known is None:
            raise metadata.PackageNotFoundError(name)
        return known

    monkeypatch.setattr(metadata, "version", version)
    _, *wrong = checkup.version_findings()
    assert [(one.verdict, one.cure) for one in wrong] == [
        ("trouble", "pip install --upgrade 'numpy>=1.26'")
    ]
    extras = {one.what.split()[0]: one for one in checkup.extra_findings()}
    assert (extras["gateway"].verdict, extras["redis"].verdict) == ("warning", "ok")
    assert extras["gateway"].cure == install_command("gateway")


def test_every_requirement_is_understood() -> None:
    """What the package's metadata names is what is compared."""
    names = {name for name, _, extra in checkup.requirements() if not extra}
    assert {"numpy", "pandas", "httpx2", "tzdata", "exchange-calendars"} <= names
    assert {extra for _, _, extra in checkup.requirements()} == {"", *checkup.EXTRAS}


def test_without_a_key_nothing_is_to_be_sent_online() -> None:
    """What the option would try is not advised where it has nothing to try it with."""
    for online in (False, True):
        findings = checkup_vendor.network_findings(Settings(), online=online)
        assert not any("--online" in one.cure for one in findings)


def test_the_plan_of_a_gateway_that_runs_is_known_by_its_budget() -> None:
    """A plan that the settings name is that; a made-up market's budget says nothing of a plan."""
    limit = {"rate_limit": {"limit": 5, "window_seconds": 60.0}}
    key = Settings(api_key=Secret("x"))
    known = checkup_key.plan_finding(key, limit | {"source": "polygon"})
    assert (known.what, known.cure) == (
        "not named here; the gateway that runs keeps to 5 requests in 60 s", ""
    )  # fmt: skip
    for status in ({}, limit | {"source": "synthetic"}):
        assert "POLYTAPE_PLAN" in checkup_key.plan_finding(key, status).cure
    for settings in (Settings(), Settings(plan="basic")):
        vendors = checkup_key.plan_finding(settings, limit | {"source": "polygon"})
        assert vendors == known  # the key is the gateway's
        made_up = checkup_key.plan_finding(settings, limit | {"source": "synthetic"})
        assert "none is needed: the source of the gateway that runs, synthetic," in made_up.what
        assert checkup_key.plan_finding(settings, {}).what == "none is needed"
    named = Settings(api_key=Secret("x"), plan="starter")
    assert "starter" in checkup_key.plan_finding(named, limit | {"source": "polygon"}).what


def test_the_store_of_the_gateway_that_runs_is_looked_at(tmp_path: Path) -> None:
    """With its disk; where the settings' own is not there yet, as after `serve --source synthetic`,
    no word of that. A store that they name is that one.
    """
    stored(tmp_path / "bars").close()
    status = {"store": str(tmp_path / "bars")}
    disk, store = checkup_store.store_findings(Settings(), status, online=False)
    assert disk.what.startswith(f"{tmp_path / 'bars'} can be written")
    assert f"{tmp_path / 'bars'}: bars of polygon" in store.what
    elsewhere = {"store": str(tmp_path / "theirs")}
    (store,) = checkup_store.store_findings(Settings(), elsewhere, online=False)
    assert store.what == f"{tmp_path / 'theirs'} is the gateway's, and not on this machine"
    stored(Path(store_location(Settings()))).close()
    findings = checkup_store.store_findings(Settings(), status, online=False)
    assert [one.check for one in findings] == ["disk", "store"] * 2
    own = Settings(store=str(tmp_path / "own"))
    assert "none yet" in list(checkup_store.store_findings(own, status, online=False))[-1].what
