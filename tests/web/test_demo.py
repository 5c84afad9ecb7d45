"""`polytape demo --keep` ends with the page of a replayed day."""

import os
import re
import signal
import subprocess
import sys

import httpx2
import pytest

pytestmark = [pytest.mark.long, pytest.mark.process, pytest.mark.timeout(120)]


def test_the_demo_keeps_its_page_until_ctrl_c() -> None:
    """Its address is printed; the market there moves; ctrl-C ends it with a word and no error."""
    command = [sys.executable, "-m", "polytape", "demo", "--keep"]
    environment = os.environ | {"POLYTAPE_TOKEN": "", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as demo:
        assert demo.stdout is not None
        found = (
            re.search(r"The page: (http\S+)/#/chart\?symbol=AAPL", line) for line in demo.stdout
        )
        url = next(match[1] for match in found if match)
        clock = httpx2.get(f"{url}/api/v1/clock").json()
        assert httpx2.get(url).headers["content-type"].startswith("text/html")
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
        assert demo.wait(30) == 0
    assert (clock["speed"], clock["paused"]) == (30.0, False)
    assert "The gateway is stopped" in rest
