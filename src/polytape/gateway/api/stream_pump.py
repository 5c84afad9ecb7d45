"""One WebSocket of a stream: what the hub has goes out, what the client says is answered."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from polytape.errors import PolygonClientError, ValidationError
from polytape.gateway.live import EndedError, LiveConnection
from polytape.gateway.live_frames import Protocol
from polytape.gateway.outlet import Outlet, frame_writer

AnySocket = WebSocket[Any, Any, Any]
MAX_MESSAGE = 1024 * 1024


async def pump(
    socket: AnySocket,
    connection: LiveConnection,
    protocol: Protocol,
    on_message: Callable[[str | bytes], list[bytes]],
) -> None:
    """Send what the hub has for a client and answer what it sends, until one of them leaves."""
    outlet = Outlet(frame_writer(socket), connection, protocol)
    tasks = [
        asyncio.ensure_future(_receive(socket, outlet, on_message)),
        asyncio.ensure_future(outlet.ended()),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except EndedError as ended:
        await outlet.close(socket, str(ended))
    except WebSocketDisconnect:
        pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        connection.close()


async def _receive(
    socket: AnySocket, outlet: Outlet, on_message: Callable[[str | bytes], list[bytes]]
) -> None:
    while True:
        outlet.answer(on_message(await socket.receive_data(mode="text")))
        # Nobody who reads no answers may go on asking.
        await outlet.answered()


async def refuse(socket: AnySocket, error: PolygonClientError) -> None:
    """Say why there is no stream, and end."""
    with contextlib.suppress(WebSocketDisconnect):
        await socket.send_data(error_message(error).decode(), mode="text")
        await socket.close(1008, str(error)[:120])


def read_message(data: str | bytes, kind: type[Any]) -> Any:
    if len(data) > MAX_MESSAGE:
        raise ValidationError("message", len(data), f"at most {MAX_MESSAGE:,} bytes")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValidationError.from_detail(f"message: {error}", "message") from error


def error_message(error: PolygonClientError) -> bytes:
    return encode({"type": "error", "message": str(error)})


def encode(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode(message)
