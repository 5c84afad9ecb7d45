"""What the clients' methods return, but for frames."""

from dataclasses import dataclass
from datetime import datetime as Moment  # noqa: N812 - `datetime` is a field's name
from decimal import Decimal
from typing import TypedDict

from polytape.client.stats import ClientStats as ClientStats  # noqa: PLC0414 - public here, too


class Candle(TypedDict):
    """A bar. `datetime` is its start, UTC; prices are in dollars, volume in shares."""

    datetime: Moment
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    vwap: Decimal | None


class Security(TypedDict):
    """A security that a search matched. `symbol` repeats `ticker` for older tools."""

    ticker: str
    symbol: str
    name: str
    type: str
    exchange: str
    active: bool


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The gateway's upstream budget. `reset_at` (UTC): when the whole window is free again."""

    limit: int
    remaining: int
    reset_at: Moment
    window_seconds: float
    used: int
