"""A redis-server of our own, that can be stopped, continued, killed and started again."""

import shutil
import signal
import socket
import subprocess
from pathlib import Path


class RedisServer:
    """On a port of its own on loopback; keeps nothing on disk. Runs from `start` to `kill`."""

    def __init__(self, folder: Path) -> None:
        # Without one these tests fail: what is not shared is not tested.
        program = shutil.which("redis-server")
        assert program, "redis-server is not installed: apt-get install redis-server"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                         "--dir", str(folder)]  # fmt: skip

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "Ready to accept connections" in line:
                return

    def stop(self) -> None:
        """It answers nothing, and forgets nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()
