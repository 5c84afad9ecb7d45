"""Jobs of a running gateway, begun and looked at by command."""

import json
import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from polytape.cli import history_jobs
from polytape.gateway.app import create_app
from polytape.gateway.server import running
from polytape.model.zones import NEW_YORK
from polytape.net.storage import open_storage
from polytape.settings import Origin
from tests.cli.conftest import Run
from tests.gateway.test_jobs import gateway_over

pytestmark = [pytest.mark.socket, pytest.mark.timeout(30)]
WEEK = ("--from", "2024-07-01", "--to", "2024-07-05")


@pytest.fixture(scope="module")
def filling() -> Iterator[str]:
    """The URL of a gateway that has a store, over a market without a symbol called DOWN."""
    gateway, _ = gateway_over(open_storage("memory"), down=("DOWN",))
    with running(create_app(gateway)) as url:
        yield url


def jobs_of(polytape: Run, url: str) -> list[dict[str, object]]:
    _, out, _ = polytape("jobs", "--format", "json", "--url", url)
    return list(json.loads(out))


def test_a_backfill_through_a_gateway_is_a_job_and_says_how_it_went(
    polytape: Run, filling: str
) -> None:
    """What failed is named, and is the exit code."""
    code, out, err = polytape("history", "backfill", "MSFT", "DOWN", *WEEK, "--url", filling)
    assert code == 1
    assert out.startswith("2 of 2 questions, ")
    assert "1 failed, 2 requests" in out
    assert "DOWN 2024-07-01 to 2024-07-05: the vendor is down" in err
    assert "partial, not done: the same command asks again for what failed (exit code 1)" in err
    newest = jobs_of(polytape, filling)[0]
    assert (newest["state"], newest["kind"], newest["symbols"]) == ("partial", "backfill", ["MSFT", "DOWN"])  # fmt: skip
    identity = str(newest["id"])
    _, out, _ = polytape("jobs", "show", identity, "--url", filling)
    assert "the vendor is down" in out
    assert not re.search(r"^\w+ +-? *$", out, re.MULTILINE)  # nothing is said of what is not
    # Both days in full, as the table of a person in New York has them; its JSON has them in UTC.
    assert "Mon 2024-07-01 00:00:00 New York" in out
    assert newest["start"] == "2024-07-01T04:00:00Z"
    began = datetime.fromisoformat(str(newest["started_at"])).astimezone(NEW_YORK)
    code, out, _ = polytape("jobs", "--url", filling)
    assert f"{began:%m-%d %H:%M}" in out
    code, out, _ = polytape("jobs", "cancel", identity, "--url", filling)
    assert (code, out.startswith(f"job {identity} is partial: 2 of 2 questions")) == (0, True)
    assert out.endswith("; it had ended before\n")
    code, out, _ = polytape("jobs", "--url", filling)
    assert identity in out
    assert max(map(len, out.splitlines())) <= 80
    code, _, err = polytape("jobs", "cancel", "nowhere", "--url", filling)
    assert code == 1
    assert "there is no job 'nowhere'" in err


def test_a_backfill_of_which_nothing_came_is_an_error_that_says_why_once(
    polytape: Run, filling: str
) -> None:
    """The job has failed, here and in the list of jobs."""
    code, out, err = polytape("history", "backfill", "DOWN", *WEEK, "--url", filling)
    assert (code, out) == (1, "")
    identity = jobs_of(polytape, filling)[0]["id"]
    assert jobs_of(polytape, filling)[0]["state"] == "failed"
    assert f"job {identity} failed after 1 of 1 question, 0 bars, 1 failed" in err
    assert err.count("the vendor is down") == 1


def test_a_symbol_that_is_answered_with_nothing_is_named(polytape: Run, filling: str) -> None:
    """It is no error, and no success either that needs no word."""
    code, _, err = polytape("history", "backfill", "MSFT", "NOBARS", *WEEK, "--url", filling)
    assert (code, "no bars of NOBARS are stored: polytape validate" in err) == (0, True)


def test_a_command_goes_through_the_gateway_that_keeps_its_store(
    polytape: Run, filling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two programs with one key spend each other's requests; one that keeps another store does not
    do it, and a store that is named is worked on from here.
    """
    monkeypatch.setenv("POLYTAPE_URL", filling)
    monkeypatch.setenv("POLYTAPE_STORE", "memory")
    monkeypatch.setenv("POLYTAPE_SOURCE", "synthetic")
    code, out, err = polytape("history", "backfill", "AAPL", *WEEK)
    assert (code, out[:17]) == (0, "1 of 1 question, ")
    assert f"of the gateway at {filling}" in err
    code, out, _ = polytape("history", "repair", "AAPL", *WEEK)
    assert (code, out) == (0, "1 of 1 symbol, 0 bars\n")
    monkeypatch.setenv("POLYTAPE_STORE", "/another")
    before = len(jobs_of(polytape, filling))
    assert polytape("history", "repair", "AAPL", *WEEK)[0] == 1
    assert len(jobs_of(polytape, filling)) == before
    code, _, err = polytape("history", "repair", "A", "--store", "/x", "--url", filling)
    assert (code, "--url names a gateway, which has a --store of its own" in err) == (1, True)


def test_where_nothing_is_set_the_gateway_that_runs_does_it(
    polytape: Run, filling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As bars and scans come from it, whatever its source is. A key is a source of its own: the
    command works by itself then, and says that a gateway is there with another store.
    """
    monkeypatch.setenv("POLYTAPE_URL", filling)
    monkeypatch.setattr(history_jobs, "origins", dict)
    code, out, err = polytape("history", "backfill", "AAPL", *WEEK)
    assert (code, f"of the gateway at {filling}" in err) == (0, True)
    assert "source of bars" not in err
    assert polytape("history", "repair", "AAPL", *WEEK)[0] == 0
    code, _, err = polytape("history", "repair")
    assert (code, "name symbols" in err) == (2, True)
    monkeypatch.setattr(history_jobs, "origins", lambda: {"api_key": Origin("here", "k")})
    monkeypatch.setenv("POLYGON_API_KEY", "k")
    code, out, err = polytape("history", "backfill", "AAPL", *WEEK, "--dry-run")
    assert (code, out.split()[-2:]) == (0, ["source", "polygon"])
    assert f"the gateway at {filling} keeps another store" in err
    assert f"(--url {filling} lets it do it)" in err


def test_ctrl_c_says_that_the_job_goes_on_and_how_to_end_it(
    polytape: Run, filling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line more, no traceback; and the job does go on."""

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("polytape.cli.history_jobs.time.sleep", interrupt)
        code, _, err = polytape("history", "backfill", "NVDA", *WEEK, "--url", filling)
    identity = str(jobs_of(polytape, filling)[0]["id"])
    assert code == 130
    assert f"job {identity} goes on in the gateway" in err
    assert f"polytape jobs cancel {identity} ends it" in err
    assert "Traceback" not in err
    assert polytape("history", "backfill", "NVDA", *WEEK, "--url", filling)[0] == 0


def test_the_gateway_of_the_environment_does_it_where_no_store_or_source_is_named(
    polytape: Run, filling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for every other command; also a dry run, which the gateway plans. One that does not answer
    is an error that names the setting, not a reason to look for a source here.
    """
    for name in ("STORE", "SOURCE", "DATA"):
        monkeypatch.delenv(f"POLYTAPE_{name}", raising=False)
    monkeypatch.setenv("POLYTAPE_URL", filling)
    before = len(jobs_of(polytape, filling))
    code, out, _ = polytape("history", "backfill", "MSFT", "SPY", *WEEK, "--dry-run")
    assert code == 0
    assert "symbols    2" in out
    assert len(jobs_of(polytape, filling)) == before
    code, _, err = polytape("history", "backfill", "SPY", *WEEK)
    assert (code, f"of the gateway at {filling}" in err) == (0, True)
    monkeypatch.setenv("POLYTAPE_URL", "http://127.0.0.1:9")
    code, _, err = polytape("history", "backfill", "SPY", *WEEK)
    assert code == 1
    assert "POLYTAPE_URL names it: without a gateway name a --store" in " ".join(err.split())
