"""Whether anything can be fetched, by what happened last."""

import pytest

from polytape.upstream.vendor_health import (
    FAILURES,
    FORGOTTEN_S,
    LOGGED_AGAIN_S,
    VendorHealth,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_only_several_failures_in_a_row_are_trouble() -> None:
    """One lost connection is chance."""
    health = VendorHealth(Clock())
    assert health.trouble() is None
    for _ in range(FAILURES - 1):
        health.failed("refused\n")
    assert health.trouble() is None
    health.answered()
    for _ in range(FAILURES - 1):
        health.failed("refused")
    assert health.trouble() is None
    health.failed("connection refused\nby v")
    assert health.trouble() == "connection refused by v"
    health.answered()
    assert health.trouble() is None


def test_a_key_that_is_refused_is_trouble_at_once() -> None:
    """Nothing else will be answered with it."""
    health = VendorHealth(Clock())
    health.refused_key("the key is unknown")
    assert health.trouble() == "the key is unknown"
    health.answered()
    assert health.trouble() is None


def test_trouble_is_forgotten_where_nobody_tries() -> None:
    """Whoever sends no requests to a gateway that is not ready would never see it recover."""
    clock = Clock()
    health = VendorHealth(clock)
    for _ in range(FAILURES):
        health.failed("refused")
    clock.now += FORGOTTEN_S
    assert health.trouble() == "refused"
    clock.now += 1
    assert health.trouble() is None
    health.failed("refused again")
    assert health.trouble() == "refused again"


def test_trouble_is_logged_when_it_begins_goes_on_and_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A line for each, not for each try."""
    clock = Clock()
    health = VendorHealth(clock)
    for _ in range(4):
        health.failed("could not reach api.vendor.test")
    assert len(caplog.records) == 1
    clock.now += LOGGED_AGAIN_S
    health.failed("could not reach api.vendor.test")
    health.answered()
    health.answered()
    assert {record.name for record in caplog.records} == {"polytape.vendor"}
    assert [text.rpartition(": ")[2] for text in caplog.messages] == [
        "could not reach api.vendor.test", "could not reach api.vendor.test",
        "the vendor answers again",
    ]  # fmt: skip


def test_the_last_try_is_what_counts_as_unanswered() -> None:
    """Until somebody is answered, or it is long ago."""
    clock = Clock()
    health = VendorHealth(clock)
    assert health.unanswered() is None
    health.failed("no route")
    assert health.unanswered() == "no route"
    health.answered()
    assert health.unanswered() is None
    health.failed("no route")
    clock.now += FORGOTTEN_S + 1
    assert health.unanswered() is None
