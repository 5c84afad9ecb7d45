"""`GET /ready`, as JSON."""

import msgspec


class Readiness(msgspec.Struct):
    """Whether a gateway can do what it is there for. `reasons` say why it cannot, in words; `feed`
    is the live feed's state in one word, `requests_left` what is left of the vendor's budget.
    """

    ready: bool
    reasons: tuple[str, ...]
    source: str
    store: str | None
    feed: str
    requests_left: int
