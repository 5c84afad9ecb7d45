"""Answers of the fake vendor, as the vendor writes them."""

import json
from dataclasses import dataclass, field
from typing import TypeAlias

Json: TypeAlias = dict[str, object]
Query: TypeAlias = dict[str, str]

# In each response where prices are invented: who reads them has to say so.
MADE_UP = {"X-Polytape-Made-Up": "true"}


@dataclass
class Answer:
    """A whole answer, and what of it does not go over the wire as it should. `promised` bytes are
    announced where there are fewer; `way` is one of "", "reset", "no-answer", "drip".
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    way: str = ""


def json_answer(content: object, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


def refused(status: int, text: str) -> Answer:
    """An error as the vendor writes it: its text under one of two keys."""
    named = {403: "NOT_AUTHORIZED", 404: "NOT_FOUND"}.get(status, "ERROR")
    key = "error" if named == "ERROR" else "message"
    return json_answer({"status": named, "request_id": "fake", key: text}, status)


def page_of(rows: list[Json], query: Query, url: str, usual_limit: int) -> tuple[list[Json], Json]:
    """The rows of one page of a list, and its `next_url` where another follows."""
    start, limit = int(query.get("cursor", 0)), int(query.get("limit", usual_limit))
    end = start + limit
    if len(rows) <= end:
        return rows[start:], {}
    rest = "".join(f"&{name}={value}" for name, value in query.items() if name != "cursor")
    return rows[start:end], {"next_url": f"{url}?cursor={end}{rest}"}
