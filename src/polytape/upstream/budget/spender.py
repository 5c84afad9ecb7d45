"""On whose behalf the vendor is asked. A caller that may not spend requests is refused where one
would be sent, whatever it asked for: what is stored needs none.
"""

from contextvars import ContextVar
from typing import Protocol

from polytape.errors import PolygonClientError


class Spender(Protocol):
    """Somebody whose requests are counted. Usable from many threads."""

    def spending_refusal(self) -> PolygonClientError | None:
        """Why no request of the vendor's may be made now; None where one may."""
        ...

    def count_request(self) -> None:
        """Count one request of the vendor's."""
        ...


# Of a request under way; None: nobody counts.
SPENDER: ContextVar[Spender | None] = ContextVar("polytape_spender", default=None)


def may_spend() -> bool:
    """Whether the request under way may cause one of the vendor's. Who may not does not share a
    fetch with who may: its refusal would be everybody's.
    """
    spender = SPENDER.get()
    return spender is None or spender.spending_refusal() is None


def check_spending() -> None:
    """Go on where a request of the vendor's may be made.

    Raises: DataFetchError (403) for who may make none, RateLimitError for who may none today.
    """
    spender = SPENDER.get()
    refusal = None if spender is None else spender.spending_refusal()
    if refusal is not None:
        raise refusal


def count_spent() -> None:
    """Count one request of the vendor's for the request under way."""
    spender = SPENDER.get()
    if spender is not None:
        spender.count_request()
