"""`/stocks`: the vendor's live protocol, so that the vendor's own clients work unchanged."""

from typing import Any
from uuid import uuid4

from litestar import WebSocket, websocket
from litestar.di import NamedDependency

from polytape.errors import PolygonClientError
from polytape.gateway.admission import Admission
from polytape.gateway.api.stream_pump import pump
from polytape.gateway.caller import Caller
from polytape.gateway.gateway import Gateway
from polytape.gateway.hub import MAX_TOPICS
from polytape.gateway.live import LiveConnection
from polytape.gateway.live_frames import POLYGON
from polytape.wire.polygon.events import StatusMessage, encode_frame
from polytape.wire.polygon.server_session import ServerSession

AnySocket = WebSocket[Any, Any, Any]


@websocket("/stocks")
async def stocks(
    socket: AnySocket, gateway: NamedDependency[Gateway], admission: NamedDependency[Admission]
) -> None:
    """The stocks cluster. The key of its `auth` message is the gateway's access token, where it
    asks for one.
    """
    await socket.accept()
    try:
        gateway.live.must_stream()
        connection = gateway.live.connect(f"stocks-{uuid4().hex}", lifecycle=False)
    except PolygonClientError as error:
        frame = encode_frame([StatusMessage("auth_failed", str(error))])
        await socket.send_data(frame.decode(), mode="text")
        await socket.close(1008, str(error)[:120])
        return
    address = socket.client.host if socket.client is not None else "-"

    def admits(key: str) -> bool:
        return isinstance(admission.admit_key(key, address), Caller)

    talk = _Talk(connection, ServerSession(admits, MAX_TOPICS))
    for frame in talk.session.data_to_send():
        await socket.send_data(frame.decode(), mode="text")
    await pump(socket, connection, POLYGON, talk.answer)


class _Talk:
    """What is said to one client."""

    def __init__(self, connection: LiveConnection, session: ServerSession) -> None:
        self._connection = connection
        self.session = session

    def answer(self, data: str | bytes) -> list[bytes]:
        """Frames that answer a message."""
        before = self.session.topics
        self.session.receive_data(data)
        try:
            if self.session.topics != before:
                self._connection.want(self.session.topics)
        except PolygonClientError as error:
            # What the session has just confirmed is not so.
            self.session.topics = before
            self.session.data_to_send()
            return [encode_frame([StatusMessage("error", str(error))])]
        return self.session.data_to_send()
