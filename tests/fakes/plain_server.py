"""A plain JSON server of the same API: no Arrow, no metadata, no rate headers, extra fields, and an
end date that it reads in its own way. It is told over `script` to misbehave.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, str], bytes]
KNOWN = {"SPY", "AAPL"}


def make_rows(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Half-hour or other rows of two fixed days, whatever was asked: more than the range."""
    minutes = {"1min": 1, "5min": 5, "15min": 15, "30min": 30, "60min": 60}.get(
        asked["timeframe"], 1440
    )
    first = int(datetime(2024, 7, 2, 8, tzinfo=UTC).timestamp())  # 04:00 New York
    stamps = range(first, first + 16 * 3600, minutes * 60)
    rows = []
    for place, stamp in enumerate(stamps):
        price = 100 + place * 0.25
        text = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append({"timestamp": text, "open": price, "high": price + 1, "low": price - 1,
                     "close": price + 0.5, "volume": 1000 + place, "foo": "bar"})  # fmt: skip
    limit = asked.get("limit")
    return rows[-limit:] if limit else rows


class PlainServer:
    """What it was asked, and what it is told to answer next instead of the truth."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.script: deque[Answer | Callable[[BaseHTTPRequestHandler], None]] = deque()
        self.url = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        """The truth."""
        route, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        if route == "/api/v1/bars":
            if body["symbol"] not in KNOWN:
                return self.json({"detail": "unknown symbol"}, 404)
            return self.json({"data": make_rows(body), "took": 3})
        if route == "/api/v1/validate":
            return self.json({s: {"valid": s in KNOWN, "why": 1} for s in body["symbols"]})
        if route.startswith("/api/v1/latest/"):
            symbol = route.rsplit("/", 1)[1]
            found = {"symbol": symbol, "price": 123.45, "timestamp": "x", "extra": []}
            return self.json(found) if symbol in KNOWN else self.json({"error": "no"}, 404)
        if route == "/api/v1/search":
            row = {"ticker": "SPY", "symbol": "SPY", "name": query["query"][0], "more": 1}
            return self.json({"query": "", "count": 1, "results": [row]})
        if route == "/health":
            return self.json({"ok": True})
        return self.json({"detail": "no such route"}, 404)

    @staticmethod
    def json(told: object, status: int = 200) -> Answer:
        return status, {"Content-Type": "application/json"}, json.dumps(told).encode()


@contextmanager
def plain_server() -> Iterator[PlainServer]:
    """A running one on a free port of the loopback."""
    plain = PlainServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            plain.asked.append((self.command, self.path, body))
            told = plain.script.popleft() if plain.script else None
            if callable(told):
                told(self)
                return
            status, headers, content = told or plain.answer(self.command, self.path, body)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    plain.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield plain
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent, then hang up."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"data":[')
    handler.close_connection = True


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close without a word."""
    handler.close_connection = True
