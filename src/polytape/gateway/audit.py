"""Who changed what: a line for each request that changes something, done or refused.

A line is a JSON object in ASCII, so that nothing in it makes another line. Tokens and codes are in
none.
"""

import json
import logging
from dataclasses import dataclass
from urllib.parse import parse_qsl

from litestar.types import HTTPScope, Receive, ReceiveMessage, Scope

from polytape.gateway.roles import SESSION, route_of

log = logging.getLogger("polytape.audit")

MOST_BYTES = 400
# What a query may say of a change; anything else may be a secret in the wrong place.
SHOWN = frozenset({"symbol", "start_date", "end_date"})
FIRST_ERROR = 400
# Where the state of a request says that it is a dry run.
_NO_CHANGE = "polytape.no_change"


def changes_nothing(scope: Scope) -> None:
    """Say of a request that it changes nothing: it has no line."""
    scope["state"][_NO_CHANGE] = True


@dataclass
class Change:
    """One request that changes something: its body is noted as the application reads it."""

    scope: HTTPScope
    body: bytes = b""

    def watch(self, receive: Receive) -> Receive:
        """The same messages, looked at."""
        if route_of(self.scope["path"]) == SESSION:  # its body is a code
            return receive

        async def receive_on() -> ReceiveMessage:
            message = await receive()
            if message["type"] == "http.request" and len(self.body) < MOST_BYTES:
                self.body += message["body"][:MOST_BYTES]
            return message

        return receive_on

    def log(self, who: str, address: str, status: int, request_id: str) -> None:
        """Write the line: `who` is a token's name. A dry run that was let in has none."""
        if _NO_CHANGE in self.scope["state"]:
            return
        query = self.scope.get("query_string", b"").decode("latin-1")
        shown = {name: text for name, text in parse_qsl(query) if name in SHOWN}
        facts = {
            "who": who,
            "address": address,
            "what": f"{self.scope['method']} {self.scope['path'][:MOST_BYTES]}",
            **({"query": shown} if shown else {}),
            **({"body": self.body[:MOST_BYTES].decode("utf-8", "replace")} if self.body else {}),
            "result": "done" if status < FIRST_ERROR else "refused or failed",
            "status": status,
            "request_id": request_id,
        }
        log.info("%s", json.dumps(facts), extra={"facts": facts})
