"""Bytes that a server sent behind its response, and nobody asked for.

What is left over when a response ends would be read as the next request's response. What comes
later, the pool sees by itself: an idle connection that can be read is closed.
"""

import logging

import httpx2

log = logging.getLogger(__name__)

# From httpx2's response to httpcore2's connection. There is no other way to it: a test with a
# server that answers twice holds that it is so.
_WAY = ("_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state")


def drop_surplus(response: httpx2.Response) -> None:
    """Close the connection of a response that was read to its end, where more has come than that.
    To be called before the response is closed: from then on another thread may use the connection.
    """
    state: object = response.stream
    for name in _WAY:
        state = getattr(state, name, None)
    left = getattr(state, "trailing_data", (b"", False))[0]
    if left:
        log.warning("%s sent %d bytes more than its response: its connection is closed",
                    response.url.host, len(left))  # fmt: skip
        response.extensions["network_stream"].close()
