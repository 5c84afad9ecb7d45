"""A gateway's routes beside bars, as flows: symbols, prices, its cache, its budget, its state."""

import logging
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

import msgspec

from polytape import errors
from polytape.client import results
from polytape.client.connection import Connection
from polytape.model.instants import parse_instant
from polytape.model.market import Market
from polytape.model.money import money
from polytape.model.symbols import parse_symbol
from polytape.model.timestamps import to_datetime
from polytape.wire import flow
from polytape.wire.api.clock_messages import ClockState
from polytape.wire.api.media import JSON
from polytape.wire.api.messages import RateLimitState

log = logging.getLogger(__name__)
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Api:
    """The routes of one gateway. Every flow raises the error that the response stands for, and
    DataFetchError for a response that does not have what it should.
    """

    connection: Connection
    market: Market

    def validate_ticker(self, symbol: object) -> flow.Flow[bool]:
        """Whether the symbol exists. Raises: ValidationError for what is no symbol at all."""
        text = parse_symbol(symbol)
        body = {"symbols": [text], "detailed": False}
        path = f"{self.connection.version}/validate"
        response = _object((yield from self.connection.ask("POST", path, body=body)))
        verdict = response.get(text)
        if not isinstance(verdict, dict) or not isinstance(verdict.get("valid"), bool):
            raise errors.DataFetchError(f"the answer says nothing of {text}: {_short(response)}")
        return bool(verdict["valid"])

    def latest(self, symbol: object) -> flow.Flow[Decimal | None]:
        """The last price in dollars, None for a symbol that has none yet.

        Raises: NotFoundError for a symbol that there is not, ValidationError for what is none.
        """
        text = parse_symbol(symbol)
        try:
            response = yield from self._get(f"{self.connection.version}/latest/{text}")
        except errors.NoPriceError:
            return None
        price = _price(response.get("price"))
        if price is None:
            raise errors.DataFetchError(f"the answer has no price: {_short(response)}")
        return price

    def clock(self) -> flow.Flow[ClockState]:
        """The gateway's time."""
        response = yield from self._get(f"{self.connection.version}/clock")
        try:
            return msgspec.convert(response, ClockState)
        except msgspec.ValidationError as error:
            raise errors.DataFetchError(f"the answer is no clock: {_short(response)}") from error

    def search(self, query: object, active_only: object) -> flow.Flow[list[results.Security]]:
        """Securities whose symbol or name contains a text. Raises: ValidationError."""
        if not isinstance(query, str) or not query.strip():
            raise errors.ValidationError("query", query, "some text of a symbol or a name")
        try:
            query.encode()
        except UnicodeEncodeError as error:
            raise errors.ValidationError("query", query, "text that is valid Unicode") from error
        active = "true" if active_only else "false"
        response = yield from self._get(
            f"{self.connection.version}/search", query=query.strip(), active_only=active
        )
        rows = response.get("results")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise errors.DataFetchError(f"the answer has no results: {_short(response)}")
        return cast("list[results.Security]", rows)

    def clear_cache(self, symbol: str | None) -> flow.Flow[None]:
        """Drop the gateway's cached answers of a symbol, or all."""
        query = (("symbol", symbol),) if symbol else ()
        path = f"{self.connection.version}/cache"
        _object((yield from self.connection.ask("DELETE", path, query=query)))

    def rate_limit(self) -> flow.Flow[results.RateLimit]:
        """The gateway's upstream budget."""
        response = yield from self._get(f"{self.connection.version}/rate-limit")
        try:
            state = msgspec.convert(response, RateLimitState, strict=False)
            reset_at = to_datetime(parse_instant(state.reset_at, "reset_at", self.market))
        except (msgspec.ValidationError, errors.ValidationError, OverflowError) as error:
            shown = _short(response)
            raise errors.DataFetchError(f"the answer is no rate limit: {shown}") from error
        return results.RateLimit(
            state.limit, state.remaining, reset_at, state.window_seconds, state.used
        )

    def status(self) -> flow.Flow[Json]:
        """The gateway's description of itself."""
        return (yield from self._get("/status"))

    def test_connection(self) -> flow.Flow[tuple[bool, str]]:
        """Whether the gateway answers and takes the token, and a sentence about it. Does not
        raise.
        """
        policy = self.connection.policy
        quick = replace(policy, max_retries=min(1, policy.max_retries))
        once = replace(self, connection=replace(self.connection, policy=quick))
        answers = f"the gateway at {self.connection.base_url} answers"
        request = flow.Request("GET", "/health", headers=self.connection.headers(JSON))
        try:
            response = yield from once.connection.send(request)
            flow.checked(response, self.connection.runtime)
        except errors.PolygonClientError as error:
            return False, str(error)
        try:
            yield from once.clock()  # that a server lives is told to everybody
        except errors.AuthenticationError as error:
            return False, f"{answers}, but not to this client: {error}"
        except errors.PolygonClientError as error:
            log.debug("the clock of %s: %s", self.connection.base_url, error)
        return True, answers

    def _get(self, path: str, **query: str) -> flow.Flow[Json]:
        return _object((yield from self.connection.ask("GET", path, query=tuple(query.items()))))


def _object(response: object) -> Json:
    if not isinstance(response, dict):
        raise errors.DataFetchError(f"the answer is no JSON object: {_short(response)}")
    return response


def _price(price: object) -> Decimal | None:
    """A finite price, None for what is none."""
    if isinstance(price, bool) or not isinstance(price, int | float | str):
        return None
    try:
        dollars = Decimal(price) if isinstance(price, str) else money(float(price))
    except ArithmeticError:
        return None
    return dollars if dollars.is_finite() else None


def _short(response: object) -> str:
    text = msgspec.json.encode(response).decode()
    return text if len(text) <= 120 else text[:117] + "..."  # noqa: PLR2004 - a line and a half
