"""The commands in front of the (fake) vendor, as processes: what was answered is not asked again."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.vendor import KEY

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]

COMMANDS = (
    "bars AAPL --start 2026-10-01 --end 2026-10-09 --timeframe 60min --format csv",
    "history backfill AAPL MSFT --from 2026-08-03 --to 2026-09-30",
    "session AAPL --at 2026-10-14T15:30:00Z",
)


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[str]:
    """A server of ours on a free port: its URL."""
    running = subprocess.Popen(
        [sys.executable, "-m", "polytape", "-v", *arguments, "--port", "0"], env=clean(environment),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stdout is not None
    try:
        yield running.stdout.readline().split(" on ")[1].split()[0]
    finally:
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    assert KEY not in out + err


def clean(environment: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if "POLY" not in k} | environment


def report_of(vendor: str) -> Any:
    with urllib.request.urlopen(f"{vendor}/_fake") as answer:
        return json.load(answer)


def polytape(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "polytape", *command.split()], env=clean(environment),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (command, done.stderr)
    assert KEY not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_a_second_run_asks_for_nothing_but_what_is_not_final(tmp_path: Path) -> None:
    with process("fake-vendor", "--plan", "advanced", "--key", KEY) as vendor:
        environment = {
            "POLYGON_API_KEY": KEY, "POLYTAPE_VENDOR_URL": vendor, "POLYTAPE_PLAN": "advanced",
            "POLYTAPE_STORE": str(tmp_path / "store"),
        }  # fmt: skip
        for round_ in range(2):
            # A new gateway each time: what it knows is in its store.
            with process("serve", **environment) as url:
                outputs = [polytape(c, environment | {"POLYTAPE_URL": url}) for c in COMMANDS]
                if not round_:
                    first, count = outputs, len(report_of(vendor)["asked"])
        assert len(report_of(vendor)["asked"]) == count >= 6
        assert [outputs[0], *outputs[2:]] == [first[0], *first[2:]]
        assert outputs[1] == "nothing is missing\n"
        with process("serve", **environment) as url:
            assert "price" in polytape("price AAPL", environment | {"POLYTAPE_URL": url})
        after = report_of(vendor)
        assert len(after["asked"]) == count + 1  # the last price is never final
        assert after["keys_in_urls"] == 0


def test_the_key_is_refused_in_one_helpful_line(tmp_path: Path) -> None:
    with process("fake-vendor", "--key", KEY) as vendor:
        environment = {"POLYGON_API_KEY": "expired", "POLYTAPE_VENDOR_URL": vendor,
                       "POLYTAPE_STORE": "none"}  # fmt: skip
        with process("serve", **environment) as url:
            done = subprocess.run(
                [sys.executable, "-m", "polytape", "bars", "AAPL", "--url", url],
                env=clean({}), capture_output=True, text=True, check=False,
            )  # fmt: skip
    assert done.returncode == 1
    assert "the vendor does not accept this API key (it says: Unknown API Key)" in done.stderr
    assert done.stderr.count("\n") == 1
