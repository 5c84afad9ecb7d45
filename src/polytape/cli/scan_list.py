"""Several symbols scanned by a gateway: each is printed as it is there, and before that how long it
may take under the vendor's budget.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from polytape.cli import answers
from polytape.cli.budget_notice import WINDOWS
from polytape.cli.gateway import GatewayConnection, warn_if_made_up
from polytape.cli.output import note
from polytape.engines.registry import SCAN
from polytape.errors import ConnectionError, DataFetchError, PolygonClientError
from polytape.model.counts import counted
from polytape.model.symbols import parse_symbol

# Of a symbol that is not stored its minutes, days and splits; of a stored one what of its minutes
# and days is not final.
REQUESTS_NEW, REQUESTS_STORED = 3, 2
# The source that spends the budget.
VENDOR = "polygon"


@dataclass(frozen=True)
class SymbolScan:
    """A scan as the gateway's JSON, or why a symbol has none."""

    symbol: str
    result: answers.JsonObject | None = None
    error: str = ""


def scan_each(
    gateway: GatewayConnection,
    symbols: Sequence[str],
    as_of: str | None,
    options: object,
    show: Callable[[SymbolScan], None],
) -> None:
    """Scan symbols one after the other, and give each to `show` at once; with how far it is on
    stderr, where the vendor's budget makes it long.

    Raises: DataFetchError where the only symbol has no scan; ConnectionError.
    """
    estimate = _estimate(gateway, symbols, as_of)
    if estimate:
        note(estimate)
    warned = False
    for number, symbol in enumerate(symbols, start=1):
        if estimate:
            note(f"{number} of {len(symbols)}: {symbol}")
        body = {"symbol": symbol, "as_of": as_of, "options": options}
        try:
            result = gateway.post(SCAN.path, body, answers.EngineAnswer)
        except DataFetchError as error:
            if len(symbols) == 1:
                raise
            show(SymbolScan(symbol, error=str(error)))
        except ConnectionError as error:
            # What was shown must not be shown again from a store.
            error.sent = error.sent or number > 1
            raise
        else:
            if not warned:
                warn_if_made_up(gateway.status)
                warned = True
            show(SymbolScan(result["symbol"], result))


def estimate_text(symbols: int, requests: int, budget: answers.RateLimitAnswer) -> str:
    """`3 symbols, about 9 requests at 5 a minute: some 1 minute`; "" where enough are left."""
    beyond = requests - budget["remaining"]
    if beyond <= 0 or budget["limit"] < 1:
        return ""
    window = budget["window_seconds"]
    minutes = max(1, ceil(ceil(beyond / budget["limit"]) * window / 60))
    each = WINDOWS.get(window, f"in {window:g} s")
    pace = f"about {counted(requests, 'request')} at {budget['limit']} {each}"
    return f"{counted(symbols, 'symbol')}, {pace}: some {counted(minutes, 'minute')}"


def _estimate(gateway: GatewayConnection, symbols: Sequence[str], as_of: str | None) -> str:
    """What several symbols may take; "" where the gateway does not say, or it is no matter, and
    where its source asks no vendor, whatever plan the gateway was started with.
    """
    if len(symbols) == 1:
        return ""
    try:
        budget: answers.RateLimitAnswer = gateway.get("/rate-limit", answers.RateLimitAnswer)
        if budget["remaining"] >= REQUESTS_NEW * len(symbols):
            return ""
        if gateway.status().get("source") != VENDOR:
            return ""
        stored = 0 if as_of is not None else _stored(gateway, symbols)
    except PolygonClientError:  # another server of this API, or a scan that will say it better
        return ""
    requests = REQUESTS_NEW * (len(symbols) - stored) + REQUESTS_STORED * stored
    return estimate_text(len(symbols), requests, budget)


def _stored(gateway: GatewayConnection, symbols: Iterable[str]) -> int:
    """Of how many symbols the gateway has this month's days up to now, and some before them."""
    body = {"symbols": list(map(parse_symbol, symbols)), "months": 2}
    answer = gateway.post("/history/months", body, answers.MonthsAnswer)
    return sum(_is_stored(row["months"]) for row in answer["rows"])


def _is_stored(months: Sequence[answers.MonthRow]) -> bool:
    match months:
        case [before, now]:
            return before["stored"] > 0 and now["stored"] == now["days"]
        case _:
            return False
