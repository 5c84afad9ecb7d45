"""The tools on the command line: the same numbers as by the client, over HTTP or from a store."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from polytape import (
    CamarillaEngine,
    ConfluenceScanner,
    FractalEngine,
    HVNEngine,
    PolygonClient,
    VWAPEngine,
    ZoneCalculator,
)
from polytape.cli.app import run
from polytape.cli.output import MADE_UP
from polytape.engines.registry import CLIENT_ENGINES, SESSION, EngineSpec
from tests.cli.conftest import Run
from tests.conftest import DATA

pytestmark = [pytest.mark.socket, pytest.mark.timeout(60)]

WHEN = "2026-11-18 11:30 America/New_York"


@pytest.mark.parametrize(
    ("command", "engine"),
    [
        ("fractals", lambda c: FractalEngine(c).run("AAPL", WHEN)),
        ("hvn", lambda c: HVNEngine(c).run("AAPL", WHEN)),
        ("camarilla", lambda c: CamarillaEngine(c).run("AAPL", WHEN)),
        ("zones", lambda c: ZoneCalculator(c).run("AAPL", WHEN)),
        ("vwap", lambda c: VWAPEngine(c).run("AAPL", WHEN)),
    ],
)
def test_a_tool_says_what_the_client_says(
    command: str,
    engine: Callable[[PolygonClient], object],
    polytape: Run,
    gateway: str,
) -> None:
    how = ("aapl", "--as-of", WHEN, "--url", gateway)
    code, out, err = polytape(command, *how, "--format", "json")
    with PolygonClient(gateway) as client:
        result = engine(client).to_dict()  # type: ignore[attr-defined]
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(result, default=_iso))
    assert err.strip() == MADE_UP
    code, out, _ = polytape(command, *how)
    assert code == 0
    assert len(out.splitlines()) > 5
    code, out, _ = polytape(command, *how, "--format", "csv")
    assert out.count("\n") > 5


def _iso(value: object) -> str:
    return str(value.isoformat()).replace("+00:00", "Z")  # type: ignore[attr-defined]


def test_a_scan_over_http_is_the_clients(polytape: Run, gateway: str, tmp_path: Path) -> None:
    picture = tmp_path / "aapl.png"
    how = ("scan", "AAPL", "--as-of", WHEN, "--url", gateway)
    code, out, err = polytape(*how, "--format", "json", "--plot", str(picture))
    with PolygonClient(gateway) as client:
        result = ConfluenceScanner(client).scan("AAPL", WHEN)
    assert code == 0
    assert json.loads(out) == [json.loads(json.dumps(result.to_dict(), default=_iso))]
    assert picture.read_bytes()[1:4] == b"PNG"
    assert "drawn into" in err
    code, out, _ = polytape(*how, "--top", "2")
    assert (
        sum(line.strip()[:1] == "L" and line.strip()[1:2].isdigit() for line in out.splitlines())
        == 2
    )
    code, out, _ = polytape(*how, "--weekly", "320,330.5", "--format", "json")
    parts = [part["name"] for zone in json.loads(out)[0]["zones"] for part in zone["parts"]]
    assert any(name.startswith("weekly WL") for name in parts)


@pytest.mark.parametrize("command", ["vwap", "camarilla", "session"])
def test_every_engine_draws_into_a_file(
    command: str, polytape: Run, gateway: str, tmp_path: Path
) -> None:
    """`--plot` is beside the table, which is the same as without it."""
    picture = tmp_path / "aapl.png"
    instant = "--at" if command == "session" else "--as-of"
    how = (command, "AAPL", instant, WHEN, "--url", gateway)
    code, out, err = polytape(*how, "--plot", str(picture), "--dark")
    assert code == 0
    assert "drawn into" in err
    assert MADE_UP in err
    assert picture.read_bytes()[1:4] == b"PNG"
    assert polytape(*how)[1] == out


@pytest.mark.parametrize("spec", [*CLIENT_ENGINES, SESSION], ids=lambda spec: spec.name)
def test_a_picture_that_cannot_be_written_is_an_error_before_the_work(
    spec: EngineSpec, polytape: Run, tmp_path: Path
) -> None:
    """Nothing is asked of a gateway: there is none."""
    for name, said in (
        ("x.txt", "its ending has to be one of"),
        ("no/x.png", "there is no folder"),
    ):
        how = (spec.name, "AAPL", "--url", "http://127.0.0.1:1", "--plot", str(tmp_path / name))
        code, _, err = polytape(*how)
        assert code == 2
        assert said in err


@pytest.mark.realdata
def test_a_scan_of_the_imported_bars_names_parts_and_lacks(
    polytape: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = str(tmp_path / "store")
    polytape("history", "import", str(DATA), "--store", store)
    monkeypatch.setenv("POLYTAPE_STORE", store)
    monkeypatch.setenv("POLYTAPE_URL", "http://127.0.0.1:1")
    code, out, err = polytape("scan", "SPY", "--as-of", "2013-10-11 14:30 America/New_York")
    assert code == 0
    assert "no gateway at http://127.0.0.1:1: reading" in err
    assert "SPY 170.15 · Fri 2013-10-11 14:30 New York · UPTREND" in out
    assert "cam-weekly" in out
    assert "hvn-30d: the bars of the last 30 days begin on 2013-10-04 only" in out
    assert "1min bars are not held in full: 2013-09-11 to" in out
    code, out, _ = polytape("scan", "--universe", "all", "--as-of", "2013-10-11 14:30 America/New_York",
                            "--format", "csv", "--store", store)  # fmt: skip
    assert {row.split(",")[0] for row in out.splitlines()[1:]} == {"AIG", "BAC", "IBM", "SPY"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("scan",), 2, "name symbols, or a --universe"),
        (("scan", "AAPL", "MSFT", "--plot", "x.png"), 2, "--plot draws one symbol"),
        (("scan", "AAPL", "--weekly", "a,b"), 2, "prices with commas between"),
        (("scan", "AAPL", "--url", "http://127.0.0.1:1"), 1, "could not reach"),
        (("scan", "AAPL", "--store", "/nowhere/at/all"), 1, "is no store"),
        (("scan", "AAPL", "--as-of", "someday", "--store", "/nowhere"), 2, "--as-of='someday'"),
        (("camarilla", "AAPL", "--variant", "x"), 2, "'x' is not one of 'pivot_boss', 'range'"),
        (("fractals", "AAPL", "--length", "4"), 2, "an odd number"),
        (("hvn", "AAPL", "--windows", "7,1O"), 2, "days with commas between"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: tuple[str, ...],
    code: int,
    said: str,
    polytape: Run,
    gateway: str,
) -> None:
    if arguments[0] != "scan":
        arguments = (*arguments, "--url", gateway, "--as-of", WHEN)
    got, out, err = polytape(*arguments)
    assert (got, out) == (code, "")
    assert said in " ".join(err.split())


@pytest.mark.parametrize("command", ["scan", "camarilla", "session"])
def test_the_future_is_refused(command: str, polytape: Run, gateway: str) -> None:
    flag = "--at" if command == "session" else "--as-of"
    got, out, err = polytape(command, "AAPL", flag, "2199-01-04", "--url", gateway)
    assert (got, out) == (2, "")
    said = " ".join(err.split())
    assert f"{flag}='2199-01-04' is not valid: an instant up to now, " in said
    assert "this one is 2199-01-04 00:00 New York, and nothing after now is known" in said


def test_help_names_every_command() -> None:
    assert run(["scan", "--help"]) == 0
