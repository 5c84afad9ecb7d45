"""The command line, as a person and as a program use it."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest

from polytape.cli.output import MADE_UP
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.source import Synthetic
from tests.cli.conftest import Run
from tests.conftest import DATA

pytestmark = [pytest.mark.socket, pytest.mark.timeout(60)]

WEEK = ("--start", "2024-07-01", "--end", "2024-07-05")


def test_csv_is_nothing_but_csv(polytape: Run, gateway: str) -> None:
    code, out, err = polytape("bars", "aapl", *WEEK, "--format", "csv", "--url", gateway)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert list(rows[0]) == [
        "timestamp",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "vwap",
        "transactions",
    ]
    assert [row["timestamp"] for row in rows] == [f"2024-07-0{d}T04:00:00Z" for d in (1, 2, 3, 5)]
    assert rows[0]["volume"].isdigit()
    assert err.strip() == MADE_UP


def test_json_is_the_gateways_own(polytape: Run, gateway: str) -> None:
    _, out, _ = polytape("bars", "AAPL", *WEEK, "--format", "json", "--url", gateway)
    answer = json.loads(out)
    assert (len(answer["data"]), answer["metadata"]["source"]) == (4, "synthetic")


def test_a_table_is_in_new_york_time_and_leaves_out_the_middle(polytape: Run, gateway: str) -> None:
    code, out, err = polytape("bars", "AAPL", *WEEK, "--timeframe", "5min", "--url", gateway)
    assert code == 0
    assert "AAPL 5min" in out
    assert "Mon 2024-07-01 04:00" in out
    assert " more" in out
    assert len(out.splitlines()) < 60
    assert MADE_UP in err


def test_regular_hours_and_limit(polytape: Run, gateway: str) -> None:
    _, out, _ = polytape(
        "bars", "AAPL", "--start", "2024-11-29", "--end", "2024-11-29", "--timeframe", "1h",
        "--no-extended", "--format", "csv", "--url", gateway,
    )  # fmt: skip
    stamps = [row["timestamp"][11:16] for row in csv.DictReader(io.StringIO(out))]
    assert stamps == ["14:30", "15:30", "16:30", "17:30"]
    _, out, _ = polytape("bars", "AAPL", *WEEK, "--limit", "2", "--format", "csv", "--url", gateway)
    assert len(out.splitlines()) == 3


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.json", "a.CSV"])
def test_files_are_written_whole_in_the_form_of_their_ending(
    polytape: Run, gateway: str, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    code, out, err = polytape("bars", "AAPL", *WEEK, "--out", str(path), "--url", gateway)
    assert (code, out) == (0, "")
    assert "4 bars written" in err.replace("\n", " ")
    if name.endswith("parquet"):
        assert pyarrow.parquet.read_table(path).num_rows == 4
    elif name.endswith("json"):
        assert len(json.loads(path.read_text())["data"]) == 4
    else:
        assert len(path.read_text().splitlines()) == 5
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(polytape: Run, gateway: str) -> None:
    code, out, err = polytape("bars", "AAPL", *WEEK, "--out", "/no/where.csv", "--url", gateway)
    assert (code, out) == (2, "")
    assert "--out /no/where.csv: there is no folder /no (polytape" in err


def test_session_price_search_validate_and_limit(polytape: Run, gateway: str) -> None:
    _, out, err = polytape("session", "AAPL", "--at", "2024-07-02 10:30 America/New_York",
                           "--format", "json", "--url", gateway)  # fmt: skip
    facts = json.loads(out)
    assert facts["error"] is None
    assert facts["session_datetime"] == "2024-07-02T14:30:00Z"
    assert facts["atr_high"] > facts["current_price"]
    assert MADE_UP in err
    code, out, _ = polytape("price", "aapl", "--format", "json", "--url", gateway)
    assert (code, json.loads(out)["symbol"]) == (0, "AAPL")
    _, out, _ = polytape("search", "apple", "--format", "csv", "--url", gateway)
    assert out.splitlines()[1].startswith("AAPL,AAPL,Apple Inc.,CS,XNAS")
    code, out, _ = polytape("validate", "AAPL", "ZZZZZZ", "--format", "csv", "--url", gateway)
    assert (code, out) == (1, "symbol,valid\nAAPL,yes\nZZZZZZ,no\n")
    code, out, _ = polytape("rate-limit", "--url", gateway)
    assert code == 0
    # The clock of the gateway is at 10:00 in New York, which its JSON has as 15:00Z.
    assert "Mon 2026-11-23 10:00:00 New York" in out
    _, out, _ = polytape("rate-limit", "--format", "json", "--url", gateway)
    assert json.loads(out)["reset_at"].startswith("2026-11-23T15:00:00")
    code, out, _ = polytape("cache", "clear", "AAPL", "--url", gateway)
    assert (code, out) == (0, "cleared\n")
    for empty in ("table", "csv", "json"):
        code, out, _ = polytape("search", "qqqqqqqq", "--format", empty, "--url", gateway)
        assert code == 0


def test_a_symbol_that_is_meant_is_named_and_an_exit_code_is_said(
    polytape: Run, gateway: str
) -> None:
    """`validate` left with 1 and not a word; APPL was `no symbol`."""
    code, _, err = polytape("validate", "APPL", "AAPL", "--url", gateway)
    assert code == 1
    assert "there is no symbol APPL (did you mean AAPL?)" in err
    assert "1 of 2 do not exist: exit code 1" in err
    for words in (("bars", "APPL"), ("price", "APPL"), ("fractals", "APPL")):
        code, _, err = polytape(*words, "--url", gateway)
        assert (code, "(did you mean AAPL?)" in err) == (1, True), words
    assert "did you mean" not in polytape("price", "ZZZZZZ", "--url", gateway)[2]
    code, _, err = polytape("session", "APPL", "--url", gateway)
    assert (code, "no price of APPL at that instant (did you mean AAPL?)" in err) == (1, True)


def test_no_bars_say_why(polytape: Run, gateway: str) -> None:
    """Of a weekend there are none, and never will be."""
    week_end = ("--start", "2024-07-06", "--end", "2024-07-07", "--format", "csv")
    code, out, err = polytape("bars", "AAPL", *week_end, "--url", gateway)
    assert (code, len(out.splitlines())) == (0, 1)
    assert "no bars: 2024-07-06 is a weekend, 2024-07-07 is a weekend" in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("bars", "AAPL", "--timeframe", "7min"), 2, "timeframe='7min' is not valid: one of 1min"),
        (("bars", "a/b"), 2, "symbol='a/b' is not valid"),
        (("bars", "AAPL", "--limit", "0"), 2, "limit=0 is not valid"),
        (("bars", "AAPL", "--start", "soon"), 2, "--start='soon' is not valid"),
        (("bars", "AAPL", "--limit", "x"), 2, "--limit"),
        (("bars", "AAPL", "--frob"), 2, "--frob"),
        (("bars", "AAPL", "--format", "parquet"), 2, "--out"),
        (("bars",), 2, "symbol"),
        (("frob",), 2, "frob"),
        (("bars", "ZZZZZZ"), 1, "no symbol ZZZZZZ"),
        (("price", "ZZZZZZ"), 1, "no price for ZZZZZZ"),
    ],
)
def test_an_error_is_one_line_on_stderr(
    polytape: Run, gateway: str, arguments: tuple[str, ...], code: int, said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("POLYTAPE_URL", gateway)
    result, out, err = polytape(*arguments)
    assert (result, out) == (code, "")
    assert said.lower() in err.lower()
    assert err.startswith("polytape: ")
    assert err.count("\n") == 1


def test_no_gateway_names_the_url(polytape: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polytape.PolygonClientConfig.MAX_RETRIES", 0)
    code, out, err = polytape("bars", "AAPL", "--url", "http://127.0.0.1:9")
    assert (code, out) == (1, "")
    assert "could not reach http://127.0.0.1:9/api/v1/" in err
    assert err.endswith("(is a gateway running there? polytape serve starts one)\n")


def test_help_and_version(polytape: Run) -> None:
    code, out, _ = polytape()
    assert code == 2
    assert "Run the gateway" in out
    assert polytape("--version")[1].startswith("polytape ")
    for command in (
        "serve",
        "demo",
        "bars",
        "session",
        "price",
        "search",
        "validate",
        "rate-limit",
    ):
        code, out, _ = polytape(command, "--help")
        assert code == 0
        assert "Usage: polytape" in out


def test_the_demo_shows_and_stops() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "polytape", "demo"], capture_output=True, text=True, check=False,
        timeout=50, env=dict(os.environ) | {"POLYTAPE_TOKEN": "", "POLYTAPE_DATA": "/nowhere"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for said in (
        "made up",
        "AAPL 60min",
        "daily_atr",
        "fetches",
        "replayed, live",
        "The page: ",
        "stopped",
        "from 1day bars of all 251 sessions and 1min bars of all",
    ):
        assert said in done.stdout
    assert "with_bars" not in done.stdout  # what a program reads
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_reader_that_leaves_early_is_no_error(gateway: str) -> None:
    command = (
        f"{sys.executable} -m polytape bars AAPL --timeframe 1min --format csv --url {gateway}"
    )
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"], capture_output=True, text=True,
        check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode in (0, 141)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.realdata
def test_real_bars_come_out_as_they_are_in_the_files(polytape: Run, real_gateway: str) -> None:
    code, out, err = polytape(
        "bars", "SPY", "--start", "2013-10-07", "--end", "2013-10-11", "--timeframe", "15min",
        "--format", "csv", "--url", real_gateway,
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert len(rows) > 250
    assert rows[0]["timestamp"] == "2013-10-07T08:00:00Z"
    assert "as traded" in err
    assert DATA.is_dir()


def test_history_from_import_to_deletion(polytape: Run, tmp_path: Path) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    rows = ["symbol,timestamp,open,high,low,close,volume"]
    rows += [f"A,2024-07-02T13:{m:02d}:00Z,10,11,9,10,100" for m in range(30, 60)]
    (folder / "a.csv").write_text("\n".join([*rows, "A,2024-07-02T14:00:00Z,10,9,11,10,1", ""]))
    store = ("--store", str(tmp_path / "store"))
    code, _, err = polytape("history", "import", str(folder), "--format", "csv", *store)
    assert code == 1
    assert "high below its low" in err
    code, out, err = polytape(
        "history", "import", str(folder), "--format", "csv", "--on-error", "report", *store
    )
    assert code == 0
    assert out.startswith("30 bars of 1 file kept")
    assert "1 row left out" in out
    assert "high below its low" in " ".join(err.split())
    _, out, _ = polytape("history", "status", "A", "--format", "json", *store)
    assert json.loads(out)[0] == {"symbol": "A", "series": "1min", "bars": 30, "final": True,
                                  "spans": "2024-07-02"}  # fmt: skip
    code, out, _ = polytape("history", "verify", "A", "--format", "csv", *store)
    assert code == 1
    assert "360" in out
    code, out, err = polytape("history", "verify", "A", "ZZZ", *store)
    assert code == 1
    assert "360 missing: 10:00-16:00" in out
    assert "(exit code 1); correct the file, and import it again" in err
    assert "nothing of ZZZ is stored" in err
    assert "nothing of ZZZ is stored" in polytape("history", "status", "A", "ZZZ", *store)[2]
    assert polytape("history", "verify", "ZZZ", *store)[0] == 1  # nothing was verified
    _, out, _ = polytape("history", "status", *store)
    assert max(map(len, out.splitlines())) <= 80
    assert polytape("history", "import", str(folder), "--format", "csv", "--on-error", "skip", *store)[0] == 0  # fmt: skip
    assert json.loads(polytape("history", "status", "--format", "json", *store)[1])[0]["bars"] == 30
    code, out, _ = polytape("history", "compact", *store)
    assert (code, out) == (0, "2 files merged into 1\n")
    exported = tmp_path / "a.parquet"
    code, out, _ = polytape("history", "export", "A", "--out", str(exported), *store)
    assert (code, pyarrow.parquet.read_table(exported).num_rows) == (0, 30)
    code, out, err = polytape("history", "export", "A,APPL", "--out", str(exported), *store)
    assert (code, out.startswith("30 bars of 1 symbol written")) == (1, True)
    assert "no 1min bars of APPL are stored" in " ".join(err.split())
    none = tmp_path / "q.csv"
    code, out, err = polytape("history", "export", "APPL", "--out", str(none), *store)
    assert (code, out, none.exists()) == (1, "", False)
    assert "nothing was written (exit code 1)" in err
    code, out, _ = polytape("history", "delete", "A", "--yes", *store)
    assert (code, out) == (0, "30 bars deleted\n")
    code, out, _ = polytape("history", "status", *store, "--format", "json")
    assert json.loads(out) == []
    assert polytape("history", "path", *store)[1] == f"{tmp_path / 'store'}\n"


def test_a_backfill_says_what_it_costs_asks_and_is_done(polytape: Run, tmp_path: Path) -> None:
    universe = tmp_path / "universe.txt"
    universe.write_text("# mine\nAAPL\nMSFT  # the other\n\n")
    command = ("history", "backfill", "--universe", str(universe), "--from", "2024-06-03", "--to", "2024-06-28",
             "--source", "synthetic", "--store", str(tmp_path / "store"))  # fmt: skip
    code, out, _ = polytape(*command, "--dry-run")
    assert code == 0
    assert "questions  2" in out
    assert "requests" not in out  # they are the vendor's, and nobody asks it here
    code, out, _ = polytape(*command)
    assert code == 0
    assert out.startswith("2 questions answered")
    assert polytape(*command)[1] == "nothing is missing\n"
    code, _, err = polytape("history", "backfill", "ZZZZZZ", "--from", "2024-06-03", "--source",
                            "synthetic", "--store", str(tmp_path / "store"))  # fmt: skip
    assert code == 1
    assert "no symbol ZZZZZZ" in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("history", "status", "--store", "none"), 1, "keeps nothing"),
        (("history", "backfill", "AAPL"), 2, "--from"),
        (("history", "import", "/nowhere"), 2, "PATHS='/nowhere'"),
        (("history", "import", ".", "--timeframe", "5min"), 2, "timeframe='5min'"),
        (("history", "import", ".", "--zone", "Mars/Olympus"), 2, "zone='Mars/Olympus'"),
        (("history", "import", ".", "--column", "price=x"), 2, "OURS=THEIRS"),
    ],
)
def test_history_errors_are_one_line(
    polytape: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("POLYTAPE_STORE", str(tmp_path / "store"))
    result, out, err = polytape(*arguments)
    assert (result, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_full_disk_behind_stdout_is_one_line(gateway: str, form: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "polytape", "bars", "AAPL", "--format", form, "--url", gateway],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=30,
        )  # fmt: skip
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_owners_token_opens_a_gateway(
    polytape: Run, make_gateway: Callable[[Upstream | None], Gateway], synthetic: Synthetic,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with running(create_app(make_gateway(synthetic.upstream()), token="s3cret")) as url:
        code, _, err = polytape("price", "AAPL", "--url", url)
        assert code == 1
        assert "access token" in err
        monkeypatch.setenv("POLYTAPE_TOKEN", "s3cret")
        code, out, _ = polytape("price", "AAPL", "--format", "json", "--url", url)
        assert (code, json.loads(out)["symbol"]) == (0, "AAPL")
