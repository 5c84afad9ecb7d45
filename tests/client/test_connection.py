"""One server, and how it is asked: as flows, without I/O."""

import msgspec
import pytest

import polytape
from polytape.errors import AuthenticationError, DataFetchError, NotFoundError
from polytape.wire.flow import Request, Response
from tests.client.flows import connection, json, play
from tests.conftest import NOW


def test_a_question_is_json_both_ways() -> None:
    ask = connection().ask("POST", "/x", query=(("a", "1"),), body={"symbols": ["A"]})
    answer, (request,) = play(ask, [json({"A": True})])
    assert answer == {"A": True}
    assert (request.method, request.path, request.query) == ("POST", "/x", (("a", "1"),))
    assert msgspec.json.decode(request.body) == {"symbols": ["A"]}
    assert request.headers["content-type"] == request.headers["accept"] == "application/json"
    _, (plain,) = play(connection().ask("GET", "/x"), [json([])])
    assert (plain.body, "content-type" in plain.headers) == (b"", False)


def test_every_request_says_who_asks_and_the_key_goes_in_a_header_alone() -> None:
    headers = connection("s3cret").headers("text/x")
    assert headers == {
        "accept": "text/x",
        "user-agent": f"polytape/{polytape.__version__}",
        "authorization": "Bearer s3cret",
    }
    assert "authorization" not in connection().headers("text/x")
    assert "s3cret" not in repr(connection("s3cret"))
    _, (request,) = play(connection("s3cret").ask("GET", "/x"), [json({})])
    assert "s3cret" not in request.path + str(request.query)


def test_each_try_is_counted() -> None:
    tries: list[int] = []
    ask = connection(on_try=tries.append).ask("GET", "/x")
    answer, requests = play(ask, [json({}, 503), json({}, 500), json(1)])
    assert (answer, tries, len(requests)) == (1, [0, 1, 2], 3)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a":"\xe9"}', b"[" * 100_000])
def test_what_is_no_json_is_an_error_of_ours(body: bytes) -> None:
    with pytest.raises(DataFetchError, match="the answer could not be read"):
        play(connection().ask("GET", "/x"), [Response(200, {}, body)])


def test_an_error_is_raised_as_what_it_stands_for() -> None:
    with pytest.raises(NotFoundError, match="no such symbol"):
        play(connection().ask("GET", "/x"), [json({"detail": "no such symbol"}, 404)])
    send = connection().send(Request("GET", "/x"))
    response, _ = play(send, [json({}, 404)])
    assert response.status == 404  # whoever sends by hand looks at the status itself


def test_the_wall_clock_is_in_microseconds() -> None:
    assert connection().now_us() == NOW


OWNER = "o" * 43


def test_the_owners_token_is_sent_once_it_is_asked_for() -> None:
    """Not before: a server that asks for nothing is told nothing."""
    reads: list[str] = []

    def read() -> str:
        reads.append(OWNER)
        return OWNER

    conn = connection(read_owner_token=read)
    _, (plain,) = play(conn.ask("GET", "/x"), [json({})])
    assert ("authorization" in plain.headers, reads) == (False, [])
    ask = conn.ask("POST", "/x", body={"a": 1})
    answer, (first, second) = play(ask, [json({}, 401), json({"done": True})])
    assert answer == {"done": True}
    assert "authorization" not in first.headers
    assert second.headers["authorization"] == f"Bearer {OWNER}"
    assert second.body == first.body
    _, (third,) = play(conn.ask("GET", "/x"), [json({})])
    assert third.headers["authorization"] == f"Bearer {OWNER}"
    assert OWNER not in repr(conn)


def test_a_token_that_is_refused_is_not_sent_for_ever() -> None:
    """Nor is one sent in place of the caller's own key; a new one is read from the file."""
    tokens = [OWNER, OWNER, "n" * 43]
    conn = connection(read_owner_token=lambda: tokens.pop(0))
    with pytest.raises(AuthenticationError):
        play(conn.ask("GET", "/x"), [json({}, 401), json({}, 401)])
    with pytest.raises(AuthenticationError):
        play(conn.ask("GET", "/x"), [json({}, 401)])
    _, requests = play(conn.ask("GET", "/x"), [json({}, 401), json({})])
    assert requests[-1].headers["authorization"] == "Bearer " + "n" * 43
    own = connection("own", read_owner_token=lambda: OWNER)
    with pytest.raises(AuthenticationError):
        play(own.ask("GET", "/x"), [json({}, 401)])
