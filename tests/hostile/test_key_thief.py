"""A vendor that repeats the key wherever it can: it shows in no answer, error, log or file."""

import json
import logging
import socket
import traceback
from pathlib import Path

import pytest

from polytape.errors import PolygonClientError
from polytape.model.market import xnys
from polytape.net.storage import FolderStorage
from polytape.store.answers import StoredAnswers
from polytape.upstream.polygon.source import Polygon
from polytape.wire.flow import Request
from tests.hostile.slow_server import EVER_S, SlowServer, answer, slow_server, vendor
from tests.upstream.polygon.conftest import NOW

pytestmark = pytest.mark.socket

KEY = "k3y/that+must-never_show"
NUMBERS = "".join(f"\\u{ord(c):04x}" for c in KEY)
JSON = json.dumps(KEY).strip('"').replace("/", "\\/")
FORMS = (KEY, NUMBERS, JSON, KEY.upper())
STATUSES = {400: "Bad", 401: "Unauthorized", 403: "Forbidden", 404: "Not", 500: "Oh"}
FIELDS = ("error", "message", "detail", "title", "request_id", "param", "status", "results")


def refusals() -> list[bytes]:
    """The key in each field, in each way that JSON has to write it, and in heads and reasons."""
    made = []
    for status, reason in STATUSES.items():
        line = f"HTTP/1.1 {status} {reason} {KEY}\r\n".encode()
        for form in FORMS if status == 403 else (KEY,):
            for name in FIELDS:
                body = f'{{"{name}":"x {form} y","detail":{{"key":"{form}"}}}}'.encode()
                made.append(answer(body, b"X-Request-Id: %s" % KEY.encode(), status=line))
    made.append(f"HTTP/1.1 {KEY} what\r\n\r\n".encode())
    made.append(f"{KEY}\r\n\r\n".encode())
    made.append(answer(b"{}", b"Content-Encoding: %s" % KEY.encode()))
    made.append(answer(b"{}", b"Bad Name: %s" % KEY.encode()))
    many = b"HTTP/1.1 429 %s\r\n" % KEY.encode()
    return [*made, answer(b'{"error":"%s"}' % KEY.encode(), status=many)]  # none is sent after it


def shown(error: BaseException) -> str:
    facts = (str(error), repr(error), repr(vars(error)), repr(error.args))
    return "\n".join((*facts, "".join(traceback.format_exception(error))))


def test_no_refusal_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    """Nor a log, at whatever level, of whatever library."""
    caplog.set_level(logging.DEBUG)
    sent = refusals()

    def behave(server: SlowServer, connection: socket.socket, _: bytes) -> None:
        connection.sendall(sent[place])
        connection.close()

    with slow_server(behave) as server:
        connection = vendor(server.url, EVER_S, key=KEY, tries=1)
        said = []
        for place in range(len(sent)):  # noqa: B007 - the server sends the refusal of this place
            with pytest.raises(PolygonClientError) as caught:
                connection.get(Request("GET", "/x"))
            said.append(shown(caught.value))
        connection.end()
    everything = "\n".join((*said, str(connection.trouble()), repr(connection), caplog.text))
    assert len(said) == len(sent)
    assert "***" in everything
    assert KEY.casefold() not in everything.casefold()
    assert NUMBERS not in everything


def test_no_file_has_it(tmp_path: Path) -> None:
    """A name of a ticker that is the key is no name."""
    forms = [KEY, NUMBERS, JSON]

    def behave(server: SlowServer, connection: socket.socket, request: bytes) -> None:
        form = forms[len(server.requests) % len(forms)]
        row = f'{{"ticker":"AAPL","name":"{form}","active":true}}'
        connection.sendall(answer(f'{{"status":"OK","results":[{row}]}}'.encode()))

    with slow_server(behave) as server:
        connection = vendor(server.url, EVER_S, key=KEY)
        answers = StoredAnswers(FolderStorage(tmp_path))
        source = Polygon(connection, xnys(), lambda: NOW, memory=answers)
        for _ in forms:
            with pytest.raises(PolygonClientError, match="neither stored nor passed on"):
                source.reference.find("AAPL")
        connection.end()
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(form.encode() in content for form in forms for content in files)


@pytest.mark.parametrize("key", ["any", "Ford Motor", "AAPL"])
def test_good_data_stays_as_it_is_whatever_the_key(key: str) -> None:
    """A key is a text, and data has texts."""
    row = b'{"ticker":"AAPL","name":"Ford Motor Company","active":true}'
    good = answer(b'{"status":"OK","results":[%s]}' % row)
    with slow_server(lambda _, connection, __: connection.sendall(good)) as server:
        connection = vendor(server.url, EVER_S, key=key)
        source = Polygon(connection, xnys(), lambda: NOW)
        info = source.reference.find("AAPL")
        connection.end()
    assert info is not None
    assert info.name == "Ford Motor Company"
