"""The fake vendor's side of a live session: a plan's topics, and refusals in the vendor's words."""

import json
from collections.abc import Collection

import pytest

from polytape.fake_vendor.live_mischief import LiveMischief
from polytape.fake_vendor.live_session import NO_LIVE, VendorSession
from polytape.wire.polygon.topics import Topic

EVERYTHING = ("A", "AM", "T", "Q")


def session(
    channels: Collection[str] = EVERYTHING, *mischief: LiveMischief, key: str | None = "k"
) -> VendorSession:
    return VendorSession(lambda offered: key in (None, offered), channels, mischief)


def said(session: VendorSession) -> list[tuple[str, str]]:
    """The statuses that it has to send."""
    return [
        (one["status"], one["message"])
        for frame in session.data_to_send() for one in json.loads(frame)
    ]  # fmt: skip


def tell(session: VendorSession, action: str, params: object) -> list[tuple[str, str]]:
    session.receive_data(json.dumps({"action": action, "params": params}))
    return said(session)


def test_a_session_as_the_vendor_documents_it() -> None:
    """Greeting, key, topics and their end."""
    one = session()
    assert said(one) == [("connected", "Connected Successfully")]
    assert tell(one, "auth", "k") == [("auth_success", "authenticated")]
    assert tell(one, "subscribe", "AM.AAPL,T.BRK.B") == [
        ("success", "subscribed to: AM.AAPL"), ("success", "subscribed to: T.BRK.B"),
    ]  # fmt: skip
    assert one.topics == {Topic("AM", "AAPL"), Topic("T", "BRK.B")}
    assert tell(one, "unsubscribe", "AM.AAPL") == [("success", "unsubscribed to: AM.AAPL")]
    assert one.key == "k"
    assert one.topics == {Topic("T", "BRK.B")}


def test_topics_outside_the_plan_get_an_error_and_the_others_live() -> None:
    """One status a topic."""
    one = session(("A", "AM"))
    said(one)
    tell(one, "auth", "k")
    assert tell(one, "subscribe", "T.AAPL,AM.AAPL,Q.*") == [
        ("error", "not authorized"), ("error", "not authorized"),
        ("success", "subscribed to: AM.AAPL"),
    ]  # fmt: skip
    assert one.topics == {Topic("AM", "AAPL")}


def test_a_plan_without_live_data_refuses_a_good_key_in_its_words() -> None:
    """A wrong key is wrong whatever the plan."""
    one = session(())
    said(one)
    assert tell(one, "auth", "k") == [("auth_failed", NO_LIVE)]
    assert tell(one, "subscribe", "AM.AAPL")[0][0] == "auth_required"
    assert tell(one, "auth", "x") == [("auth_failed", "authentication failed")]
    assert one.key is None


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"action": 3}', '{"action": "auth"}', '{"action":"auth","params":1}',
             '{"action":"subscribe","params":"AM.AAPL"}', "[" * 5_000],
)  # fmt: skip
def test_whatever_a_client_says_the_session_lives(text: str) -> None:
    """It is answered, and a good message after it is heard."""
    one = session()
    said(one)
    one.receive_data(text)
    assert len(said(one)) == 1
    assert tell(one, "auth", "k") == [("auth_success", "authenticated")]


def test_mischief_of_the_handshake() -> None:
    """Each once."""
    assert said(session(EVERYTHING, LiveMischief.NO_GREETING)) == []
    for kind, status in (
        (LiveMischief.AUTH_REFUSED, "auth_failed"), (LiveMischief.AUTH_TIMEOUT, "auth_timeout"),
    ):  # fmt: skip
        one = session(EVERYTHING, kind)
        said(one)
        assert tell(one, "auth", "k")[0][0] == status
        assert one.key is None
    one = session(EVERYTHING, LiveMischief.TOPIC_ERROR)
    said(one)
    tell(one, "auth", "k")
    assert [status for status, _ in tell(one, "subscribe", "AM.A,AM.B")] == ["error", "success"]
    assert one.topics == {Topic("AM", "B")}
