"""A gateway ends within ten seconds of SIGTERM, whatever its vendor does: then it is killed."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from tests.hostile.slow_server import OK, drip, slow_server

pytestmark = [pytest.mark.process, pytest.mark.socket, pytest.mark.long]

KEY = "k3y-that-must-never-show"
BARS = "/api/v1/bars?symbol=A{}&timeframe=1min&start_date=2026-11-09&end_date=2026-11-13"
QUESTIONS = 50


def ask(port: int, number: int) -> None:
    """One question, whose asker waits until the gateway ends."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", BARS.format(number))
        connection.getresponse().read()
    connection.close()


def ready(port: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/ready")
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_sigterm_ends_it_while_every_thread_waits() -> None:
    """Fifty questions to a vendor that drips, nobody of whom gives up."""
    variables = os.environ | {"POLYGON_API_KEY": KEY, "PYTHONUNBUFFERED": "1"}
    with slow_server(drip(OK)) as server:
        command = [sys.executable, "-m", "polytape", "serve", "--source", "polygon", "--vendor"]
        gateway = subprocess.Popen(
            [*command, server.url, "--plan", "advanced", "--port", "0", "--store", "none"],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            assert gateway.stdout is not None
            line = gateway.stdout.readline()
            port = int(line.split("127.0.0.1:")[1].split()[0])
            askers = [threading.Thread(target=ask, args=(port, n)) for n in range(QUESTIONS)]
            for asker in askers:
                asker.start()
            while len(server.requests) < QUESTIONS:
                server.over.wait(0.05)
            assert ready(port)[0] == 200  # nothing has failed yet
            began = time.monotonic()
            gateway.send_signal(signal.SIGTERM)
            said, _ = gateway.communicate(timeout=20)
            assert time.monotonic() - began < 10
            assert gateway.returncode == 0
            assert KEY not in said
            for asker in askers:
                asker.join()
        finally:
            gateway.kill()
            gateway.wait()
