"""A running gateway, for commands that fetch and print: no numpy, no pandas, no pyarrow."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from polytape.cli.answers import Json, JsonObject, check
from polytape.cli.output import MADE_UP, note
from polytape.client.connection import Connection
from polytape.errors import DataFetchError
from polytape.net.http import SyncDriver, check_key, check_url
from polytape.settings import load
from polytape.wire.api.media import API
from polytape.wire.flow import RetryPolicy

if TYPE_CHECKING:
    from polytape.client.sync import PolygonClient


class GatewayConnection:
    """Sends requests to one gateway. Paths are below `/api/v1`.

    Raises: ConnectionError where none answers, the error that its response stands for, and
    DataFetchError for an answer that has not what its kind asks for.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = SyncDriver(connection.base_url)

    def get(self, path: str, kind: object = JsonObject, **query: str) -> Json:
        """The JSON at a path: a whole one of its kind, `cli.answers`."""
        return check(self._send("GET", f"{API}{path}", query=query), kind)

    def post(self, path: str, body: object, kind: object = JsonObject) -> Json:
        """The JSON that answers a body: a whole one of its kind."""
        return check(self._send("POST", f"{API}{path}", body=body), kind)

    def delete(self, path: str, **query: str) -> Json:
        """The JSON that answers a deletion."""
        return self._send("DELETE", f"{API}{path}", query=query)

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
        flow = self._connection.ask(method, path, query=pairs, body=body)
        response = self._driver.run(flow)
        if not isinstance(response, dict | list):
            raise DataFetchError("the answer is no JSON object")
        return response


@contextmanager
def connect(url: str | None) -> Iterator[GatewayConnection]:
    """A connection to the gateway that a command names; the owner's token opens it.

    Raises: ConfigurationError for a wrong setting, ValidationError for a wrong URL.
    """
    settings = load()
    key = None if settings.token is None else check_key(settings.token.reveal())
    address = check_url(url or settings.url).removesuffix(API)
    gateway = GatewayConnection(Connection(address, RetryPolicy(max_retries=max_retries()), key))
    try:
        yield gateway
    finally:
        gateway.close()


def open_client(url: str | None) -> "PolygonClient":
    """A client of the gateway that a command names; the owner's token opens it."""
    from polytape.client.sync import PolygonClient

    settings = load()
    key = None if settings.token is None else settings.token.reveal()
    return PolygonClient(url or settings.url, api_key=key)


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
