"""An answer to another question than was asked: the connection has an answer too many."""

from collections.abc import Callable
from typing import TypeVar

from polytape.upstream.polygon.connection import VendorConnection
from polytape.wire.polygon.errors import WrongAnswerError

T = TypeVar("T")


def until_right(vendor: VendorConnection, fetch: Callable[[], T]) -> T:
    """What `fetch` gives. Where that answers another question, all connections are closed, since
    one of them has an answer too many, and the vendor is asked once more.

    Raises: WrongAnswerError where it stays so.
    """
    try:
        return fetch()
    except WrongAnswerError:
        vendor.driver.close()
        return fetch()
