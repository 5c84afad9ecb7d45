"""One key at one address: in a header only, within the budget, and in no answer or error."""

import socket
from collections.abc import Callable

import httpx2
import pytest

from polytape.errors import (
    AuthenticationError,
    ConnectionError,
    DataFetchError,
    IncompleteDataError,
    NotFoundError,
    RateLimitError,
)
from polytape.fake_vendor.mischief import Mischief
from polytape.net.http import SyncDriver
from polytape.upstream.budget.budget import BACKFILL_PATIENCE_S, Budget
from polytape.upstream.polygon.connection import POLICIES, VendorConnection
from polytape.wire.budget import MovingWindow
from polytape.wire.flow import Request
from polytape.wire.polygon.responses import read_tickers
from tests.fakes.vendor import KEY, Street, Time

pytestmark = pytest.mark.socket

STATUS = Request("GET", "/v1/marketstatus/now")
TICKERS = Request("GET", "/v3/reference/tickers", (("limit", "2"),))


@pytest.fixture
def connection(wall: Street) -> VendorConnection:
    return wall.source("advanced").vendor


def test_the_key_goes_in_a_header_and_is_in_no_repr(
    wall: Street, connection: VendorConnection
) -> None:
    """URLs are logged by everybody; headers are not."""
    assert connection.get(STATUS).status == 200
    assert wall.vendor.keys_in_urls == 0
    assert wall.vendor.requests[0].query == ()
    assert KEY not in repr(connection)


def test_every_page_is_read(wall: Street, connection: VendorConnection) -> None:
    """What follows a page belongs to the answer."""
    pages = connection.pages(TICKERS, read_tickers)
    symbols = [row.ticker for page in pages for row in page.results or ()]
    assert sorted(symbols) == sorted(wall.vendor.routes.market.universe)
    assert len(pages) == len(wall.asked()) == 3


@pytest.mark.parametrize(
    ("kind", "error"),
    [(Mischief.UNKNOWN_KEY, AuthenticationError), (Mischief.SERVER_ERROR, DataFetchError)],
)
def test_a_refusal_is_an_error_of_our_tree(
    wall: Street, connection: VendorConnection, kind: Mischief, error: type[Exception]
) -> None:
    """The vendor's statuses have a type each."""
    wall.vendor.every = kind
    with pytest.raises(error):
        connection.get(STATUS)


def test_a_path_that_is_not_there_is_not_found(connection: VendorConnection) -> None:
    """A 404 is no reason to try again."""
    with pytest.raises(NotFoundError):
        connection.get(Request("GET", "/v9/nothing"))


def test_a_try_that_failed_is_made_again(wall: Street, connection: VendorConnection) -> None:
    """The vendor's own servers restart, and connections are lost."""
    wall.spoil(Mischief.UNAVAILABLE, Mischief.RESET)
    connection.get(STATUS)
    assert len(wall.asked()) == 3


def test_a_refusal_without_a_time_says_when_the_budget_opens(
    wall: Street, connection: VendorConnection
) -> None:
    """The vendor rarely says when to come back; the budget knows."""
    wall.vendor.every = Mischief.TOO_MANY
    with pytest.raises(RateLimitError) as caught:
        connection.get(STATUS)
    assert caught.value.retry_at is not None
    assert caught.value.retry_at.timestamp() > wall.time.now / 1e6


def test_an_unreadable_page_is_asked_for_once_more(
    wall: Street, connection: VendorConnection
) -> None:
    """A body may be cut on the way; one that is wrong twice is wrong."""
    wall.spoil(Mischief.GARBAGE)
    assert len(connection.pages(TICKERS, read_tickers)) == 3
    wall.spoil(Mischief.GARBAGE, Mischief.GARBAGE)
    with pytest.raises(IncompleteDataError):
        connection.pages(TICKERS, read_tickers)


def test_nothing_is_asked_once_it_was_ended(wall: Street, connection: VendorConnection) -> None:
    """Who still waits for a turn is sent away, not kept."""
    connection.end()
    with pytest.raises(DataFetchError, match="stopping"):
        connection.get(STATUS)
    assert wall.asked() == []


def test_a_backfill_is_more_patient_than_a_person() -> None:
    """Nobody waits for it: it may stand in line for a day."""
    assert POLICIES[True].deadline_s - POLICIES[False].deadline_s > 0.9 * BACKFILL_PATIENCE_S
    assert all(policy.gated for policy in POLICIES.values())


def unresolved(_: httpx2.Request) -> httpx2.Response:
    """On a machine whose DNS does not know the vendor."""
    try:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    except OSError as error:
        raise httpx2.ConnectError(str(error)) from error


def silent(_: httpx2.Request) -> httpx2.Response:
    """From a vendor that takes a request and says nothing."""
    raise httpx2.ReadTimeout("")


def free_plan(handler: Callable[[httpx2.Request], httpx2.Response], time: Time) -> VendorConnection:
    """A connection of five requests a minute."""
    budget = Budget(
        MovingWindow(5, 60.0), monotonic=lambda: time.seconds, wall=lambda: time.now / 1e6,
        pause=time.pause,
    )  # fmt: skip
    transport = httpx2.MockTransport(handler)
    driver = SyncDriver("https://api.vendor.test", transport=transport, sleep=time.sleep)
    return VendorConnection(driver, budget, KEY, time.runtime())


def test_an_unreachable_vendor_is_named_and_not_the_budget(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Tries that never reached it use up nothing of the free plan's five requests. The log has a
    line of it, whatever is asked.
    """
    time = Time(0)
    connection = free_plan(unresolved, time)
    for _ in range(6):
        with pytest.raises(ConnectionError, match=r"DNS does not know the host api\.vendor\.test"):
            connection.get(STATUS)
    assert time.slept < 15
    assert connection.budget.state().used == 0
    lines = [r.getMessage() for r in caplog.records if r.name == "polytape.vendor"]
    assert len(lines) == 1
    assert "DNS does not know the host api.vendor.test (Name or service not known)" in lines[0]


def test_a_silent_vendor_is_named_and_not_the_budget() -> None:
    """It may have counted the tries that it did not answer: they are what has used the budget up."""
    connection = free_plan(silent, Time(0))
    for _ in range(3):
        with pytest.raises(ConnectionError, match=r"no answer from https://api\.vendor\.test"):
            connection.get(STATUS)
    assert connection.budget.state().remaining == 0


def test_a_budget_that_answered_requests_used_up_is_blamed(wall: Street) -> None:
    """The vendor is there: it is our own limit."""
    connection = wall.source("basic").vendor
    for _ in range(5):
        connection.get(STATUS)
    with pytest.raises(RateLimitError, match="request budget"):
        connection.get(STATUS)


def test_while_the_vendor_is_down_nobody_tries_five_times(
    wall: Street, connection: VendorConnection
) -> None:
    """The first has found out; a backfill is patient, and one answer ends it."""
    wall.vendor.every = Mischief.RESET
    for _ in range(2):
        with pytest.raises(ConnectionError):
            connection.get(STATUS)
    assert len(wall.asked()) == POLICIES[False].max_retries + 2
    wall.vendor.every = None
    assert connection.get(STATUS).status == 200
    wall.spoil(Mischief.RESET)
    assert connection.get(STATUS).status == 200
