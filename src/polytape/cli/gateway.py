"""A running gateway, for commands that fetch and print: no numpy, no pandas, no pyarrow."""

import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from polytape.cli.answers import Json, JsonObject, Verdict, check
from polytape.cli.budget_notice import AT_ONCE, BudgetNotice
from polytape.cli.did_you_mean import candidates
from polytape.cli.output import MADE_UP, note
from polytape.client.connection import Connection, with_cure
from polytape.errors import ConnectionError, DataFetchError, NotFoundError, PolygonClientError
from polytape.net.http import SyncDriver, check_key, check_url, is_loopback
from polytape.net.owner_token import owner_token
from polytape.settings import access_folder, load
from polytape.wire.api.media import API
from polytape.wire.budget import Pacer
from polytape.wire.flow import RetryPolicy

if TYPE_CHECKING:
    from polytape.client.sync import PolygonClient

LISTEN_S = 2.0
# What spends none of the vendor's requests does not wait until there are some.
FREE = ("/status", *(f"{API}/{name}" for name in ("jobs", "history/", "rate-limit", "cache")))


class Unpaced(Pacer):
    """Never waits for the vendor's budget, whatever the gateway says of it."""

    def wait(self, now: float) -> float:  # noqa: ARG002 - as `Pacer`
        """No time at all."""
        return 0.0


class GatewayConnection:
    """Sends requests to one gateway. Paths are below `/api/v1`.

    Raises: ConnectionError where none answers, the error that its response stands for, and
    DataFetchError for an answer that has not what its kind asks for.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._free = replace(connection, pacer=Unpaced())
        self._driver = SyncDriver(connection.base_url, ca=connection.ca, quick=True)
        self._notice = BudgetNotice(connection)

    @property
    def base_url(self) -> str:
        """The gateway's address."""
        return self._connection.base_url

    def get(self, path: str, kind: object = JsonObject, **query: str) -> Json:
        """The JSON at a path: a whole one of its kind, `cli.answers`."""
        return check(self._send("GET", f"{API}{path}", query=query), kind)

    def post(self, path: str, body: object, kind: object = JsonObject) -> Json:
        """The JSON that answers a body: a whole one of its kind."""
        return check(self._send("POST", f"{API}{path}", body=body), kind)

    def delete(self, path: str, **query: str) -> Json:
        """The JSON that answers a deletion."""
        return self._send("DELETE", f"{API}{path}", query=query)

    def hint(self, symbol: str) -> str:
        """Which symbols may be meant by one that there is not: those that the gateway knows."""
        names = candidates(symbol)
        if not names:
            return ""
        try:
            verdicts = self.post("/validate", {"symbols": names}, dict[str, Verdict])
        except PolygonClientError:  # it is about the symbol, and no hint is no trouble
            return ""
        known = [name for name in names if verdicts.get(name, {}).get("valid")]
        return f" (did you mean {' or '.join(known)}?)" if known else ""

    def _with_hint(self, error: NotFoundError) -> NotFoundError:
        if error.suggestions:
            return error
        absent = re.search(r"\bno symbol ([^\s,:;]+)", error.detail)
        hint = "" if absent is None else self.hint(absent[1])
        return NotFoundError(error.detail + hint, status=error.status, request_id=error.request_id)

    def status(self) -> JsonObject:
        """What the gateway says of itself."""
        status: JsonObject = self._send("GET", "/status")
        return status

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def _send(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> Json:
        pairs = tuple((query or {}).items())
        connection = self._free if path.startswith(FREE) else self._connection
        flow = connection.ask(method, path, query=pairs, body=body)
        try:
            with self._notice.noted():
                response = self._driver.run(flow)
        except NotFoundError as error:
            raise self._with_hint(error) from error
        if not isinstance(response, dict | list):
            raise DataFetchError("the answer is no JSON object")
        return response


@contextmanager
def connect(url: str | None, policy: RetryPolicy | None = None) -> Iterator[GatewayConnection]:
    """A connection to the gateway that a command names; the settings' token opens it, or on this
    machine the owner's, where it asks for one.

    Raises: ConfigurationError for a wrong setting, ValidationError for a wrong URL.
    """
    gateway = GatewayConnection(_connection(url, policy))
    try:
        yield gateway
    finally:
        gateway.close()


def _connection(url: str | None, policy: RetryPolicy | None = None) -> Connection:
    settings = load()
    key = None if settings.token is None else check_key(settings.token.reveal())
    address = check_url(url or settings.url).removesuffix(API)
    local = is_loopback(address)
    policy = policy or RetryPolicy(max_retries=max_retries(), retries_refused=not local)
    connection = Connection(address, policy, key, ca=settings.ca)
    if local:
        connection.read_owner_token = lambda: owner_token(access_folder())
    return connection


def budget_notice(url: str | None, say: Callable[[str], None] = note) -> BudgetNotice:
    """What tells by `say` that work of a client's waits for the vendor's budget.

    Raises: as `connect`.
    """
    return BudgetNotice(_connection(url), say)


@contextmanager
def noting_waits(url: str | None) -> Iterator[None]:
    """Say that a client's work waits for the vendor's budget, as a GatewayConnection does itself.

    Raises: as `connect`.
    """
    with budget_notice(url).noted():
        yield


def open_client(url: str | None) -> "PolygonClient":
    """A client of the gateway that a command names; the owner's token opens it.

    Raises: ConnectionError at once where nothing listens on this machine: a client would try again
    for a while, since a gateway may be starting.
    """
    from polytape.client.sync import PolygonClient

    settings = load()
    key = None if settings.token is None else settings.token.reveal()
    address = check_url(url or settings.url)
    if is_loopback(address):
        _must_listen(address)
    return PolygonClient(address, api_key=key)


def _must_listen(url: str) -> None:
    """Raises: ConnectionError where nothing listens at an address of this machine."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), LISTEN_S).close()
    except OSError as error:
        unreached = ConnectionError(f"could not reach {url}: {error}", url=url, sent=False)
        raise with_cure(unreached) from None


def store_of_gateway() -> str | None:
    """Where the gateway that commands would ask keeps its store; None where it does not say, or
    there is none.
    """
    store = status_of_gateway().get("store")
    return None if store is None else str(store)


def status_of_gateway() -> JsonObject:
    """What the gateway that commands would ask says of itself; empty where there is none, or it
    says nothing.
    """
    try:
        with connect(None, AT_ONCE) as gateway:
            return gateway.status()
    except PolygonClientError:
        return {}


def warn_if_made_up(status: Callable[[], Mapping[str, object]]) -> None:
    """Warn where a gateway's prices are invented, given what fetches its `/status`. Other servers
    of this API have none: nothing is said of their prices.
    """
    try:
        made_up = status().get("made_up")
    except DataFetchError:
        return
    if made_up:
        note(MADE_UP)


def max_retries() -> int:
    """As often as a client tries again."""
    from polytape.client.config import PolygonClientConfig

    return PolygonClientConfig.MAX_RETRIES
