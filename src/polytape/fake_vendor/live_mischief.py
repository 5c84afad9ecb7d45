"""How the fake vendor's live side misbehaves: each a thing that the real one did, or that its
documents say it may do.

https://massive.com/docs/websocket/quickstart
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

import msgspec

from polytape.fake_vendor.answers import Json

# The frames of one batch of events, in order.
Frames: TypeAlias = list[list[Json]]

# What clients take by default, and the vendor's own largest.
LARGEST_FRAME = 1024 * 1024
TIMES = ("s", "e", "t")
STAMP_MS = 1_795_530_600_000


class LiveMischief(StrEnum):
    """One thing to do wrong on the live side. Those of `AT_ONCE` are done to every connection there
    is, those of `AT_HANDSHAKE` to the next one that comes, the others to the next batch of events.
    """

    DROP = "drop"
    CLOSE_OK = "close-1000"
    CLOSE_POLICY = "close-1008"
    CLOSE_ERROR = "close-1011"
    EVICT = "evict"
    FORCE_DISCONNECT = "force-disconnect"
    SLOW_CONSUMER = "slow-consumer"
    MUTE = "mute"
    DEAF = "deaf"
    GARBAGE = "garbage"
    UNKNOWN_STATUS = "unknown-status"
    UNKNOWN_KIND = "unknown-kind"
    NO_GREETING = "no-greeting"
    AUTH_REFUSED = "auth-refused"
    AUTH_TIMEOUT = "auth-timeout"
    TOPIC_ERROR = "topic-error"
    REPEAT = "repeat"
    DELAY = "delay"
    REORDER = "reorder"
    DUPLICATES = "duplicates"
    MIXED = "mixed"
    UNKNOWN_FIELDS = "unknown-fields"
    MICROSECONDS = "microseconds"
    NANOSECONDS = "nanoseconds"
    ZERO_SIZE = "zero-size"
    LARGE_FRAME = "large-frame"
    FRAGMENTS = "fragments"


AT_ONCE = frozenset(
    {
        LiveMischief.DROP,
        LiveMischief.CLOSE_OK,
        LiveMischief.CLOSE_POLICY,
        LiveMischief.CLOSE_ERROR,
        LiveMischief.EVICT,
        LiveMischief.FORCE_DISCONNECT,
        LiveMischief.SLOW_CONSUMER,
        LiveMischief.MUTE,
        LiveMischief.DEAF,
        LiveMischief.GARBAGE,
        LiveMischief.UNKNOWN_STATUS,
        LiveMischief.UNKNOWN_KIND,
    }
)
AT_HANDSHAKE = frozenset(
    {
        LiveMischief.NO_GREETING,
        LiveMischief.AUTH_REFUSED,
        LiveMischief.AUTH_TIMEOUT,
        LiveMischief.TOPIC_ERROR,
    }
)

EVICTED = (
    "Maximum number of websocket connections exceeded. You have reached the connection limit for "
    "your account. Please contact support at support@massive.com to increase your limit."
)
GARBAGE_FRAME = b'[{"ev":"AM","sym":"AAPL","v":'
UNKNOWN_STATUS_FRAME = b'[{"ev":"status","status":"weather","message":"cloudy","since":3}]'
UNKNOWN_KIND_FRAME = b'[{"ev":"ZZ","sym":"AAPL","q":{"deep":[1,2,{}]}},{"ev":"XX"}]'


def status_frame(status: str, message: str) -> bytes:
    """A frame of one status."""
    return encode([{"ev": "status", "status": status, "message": message}])


def spoiled_frames(kind: LiveMischief, events: list[Json]) -> Frames:
    """The frames that are sent in place of one of these events."""
    if kind is LiveMischief.DUPLICATES:
        return [events, events]
    spoil = SPOILED.get(kind)
    return [events if spoil is None else spoil(events)]


def corrected(event: Json) -> Json:
    """A bar of a minute as it comes again: another close and volume, the same start."""
    volume = float(str(event.get("dv", event["v"]))) + 100
    close = round(float(str(event["c"])) * 1.001, 4)
    changes: Json = {"c": close, "v": int(volume), "dv": f"{volume:.6f}"}
    changes["h"] = max(float(str(event["h"])), close)
    return event | changes


def _mixed(events: list[Json]) -> list[Json]:
    """An array of several kinds, with a status between them: bands and imbalances name their symbol
    `T`, and count in microseconds and nanoseconds whatever the label says.
    """
    symbol = _symbol(events)
    bands: Json = {"ev": "LULD", "T": symbol, "h": 11.0, "l": 9.0, "i": [17], "z": 3, "q": 4}
    imbalance: Json = {"ev": "NOI", "T": symbol, "at": 1600, "a": "C", "i": 7, "x": 10, "o": 5}
    return [
        {"ev": "status", "status": "success", "message": f"subscribed to: T.{symbol}"},
        bands | {"t": STAMP_MS * 1_000},
        *events,
        imbalance | {"t": STAMP_MS * 1_000_000, "p": 4, "b": 10.5},
        _zero_size_trade(events),
    ]


def _zero_size(events: list[Json]) -> list[Json]:
    return [*events, _zero_size_trade(events)]


def _zero_size_trade(events: list[Json]) -> Json:
    """A trade of less than a share: its whole size is 0."""
    trade: Json = {"ev": "T", "sym": _symbol(events), "x": 4, "i": "71", "z": 3, "p": 10.25, "s": 0}
    return trade | {"ds": "0.007300", "c": [12, 37], "t": STAMP_MS, "q": 99, "trfi": 202}


def _unknown_fields(events: list[Json]) -> list[Json]:
    return [event | {"pt": STAMP_MS, "mood": {"of": ["the", None, 1.5]}} for event in events]


def _scaled(factor: int) -> Callable[[list[Json]], list[Json]]:
    def spoil(events: list[Json]) -> list[Json]:
        return [
            event | {k: v * factor for k in TIMES if isinstance(v := event.get(k), int)}
            for event in events
        ]

    return spoil


def _large(events: list[Json]) -> list[Json]:
    """One frame of a megabyte, filled up with a kind that nobody has heard of."""
    filler: Json = {"ev": "ZZ", "text": ""}
    length = len(encode([*events, filler]))
    return [*events, filler | {"text": "x" * (LARGEST_FRAME - length)}]


def encode(events: list[Json]) -> bytes:
    """A frame without a needless byte."""
    return msgspec.json.encode(events)


def _symbol(events: list[Json]) -> str:
    return next((str(event["sym"]) for event in events if "sym" in event), "AAPL")


SPOILED: dict[LiveMischief, Callable[[list[Json]], list[Json]]] = {
    LiveMischief.MIXED: _mixed,
    LiveMischief.ZERO_SIZE: _zero_size,
    LiveMischief.UNKNOWN_FIELDS: _unknown_fields,
    LiveMischief.MICROSECONDS: _scaled(1_000),
    LiveMischief.NANOSECONDS: _scaled(1_000_000),
    LiveMischief.LARGE_FRAME: _large,
}
