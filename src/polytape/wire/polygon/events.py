"""The vendor's live messages, typed: trades, quotes, bars, bands, imbalances. No I/O.

https://massive.com/docs/websocket/stocks

A frame is a JSON array that may mix kinds, symbols and statuses. Fields that are not listed here
come without notice and are ignored, and so are kinds that nobody has heard of. The vendor's labels
for the unit of a timestamp are wrong on some channels: an instant's unit is told by its magnitude.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias, get_args

import msgspec
from msgspec import UNSET, UnsetType, field

from polytape.errors import DataFetchError

# 10**15 lies in the year 2001 as microseconds, and in 33,658 as milliseconds.
FIRST_MICROSECONDS, FIRST_NANOSECONDS = 10**15, 10**18
CHANNELS = ("T", "Q", "A", "AM", "LULD", "NOI", "FMV")


class Trade(msgspec.Struct, tag_field="ev", tag="T", omit_defaults=True, gc=False):
    """`T`: one trade. `size` is whole shares, `exact_size` what was traded as text."""

    symbol: str = field(name="sym")
    price: float = field(name="p")
    timestamp: int = field(name="t")
    size: float = field(name="s", default=0)
    exchange: int = field(name="x", default=0)
    trade_id: str = field(name="i", default="")
    tape: int = field(name="z", default=0)
    conditions: tuple[int, ...] = field(name="c", default=())
    sequence: int = field(name="q", default=0)
    exact_size: str | UnsetType = field(name="ds", default=UNSET)
    participant_timestamp: int | UnsetType = field(name="pt", default=UNSET)
    reporting_facility: int | UnsetType = field(name="trfi", default=UNSET)
    reporting_timestamp: int | UnsetType = field(name="trft", default=UNSET)


class Quote(msgspec.Struct, tag_field="ev", tag="Q", omit_defaults=True, gc=False):
    """`Q`: the best bid and offer. Here a condition is one number, not a list."""

    symbol: str = field(name="sym")
    timestamp: int = field(name="t")
    bid_exchange: int = field(name="bx", default=0)
    bid_price: float = field(name="bp", default=0.0)
    bid_size: float = field(name="bs", default=0)
    ask_exchange: int = field(name="ax", default=0)
    ask_price: float = field(name="ap", default=0.0)
    ask_size: float = field(name="as", default=0)
    condition: int = field(name="c", default=0)
    indicators: tuple[int, ...] = field(name="i", default=())
    sequence: int = field(name="q", default=0)
    tape: int = field(name="z", default=0)


class Aggregate(msgspec.Struct, tag_field="ev", omit_defaults=True, gc=False):
    """One bar of a second or a minute. `start` and `end` as the vendor writes them, milliseconds;
    `vwap` is the window's, `day_vwap` the day's; `official_open` is 0 or absent before the bell.
    """

    symbol: str = field(name="sym")
    open: float = field(name="o")
    high: float = field(name="h")
    low: float = field(name="l")
    close: float = field(name="c")
    volume: float = field(name="v")
    start: int = field(name="s")
    end: int = field(name="e", default=0)
    vwap: float | UnsetType = field(name="vw", default=UNSET)
    day_volume: float = field(name="av", default=0)
    day_vwap: float = field(name="a", default=0.0)
    official_open: float = field(name="op", default=0.0)
    average_size: float = field(name="z", default=0)
    exact_volume: str | UnsetType = field(name="dv", default=UNSET)
    exact_day_volume: str | UnsetType = field(name="dav", default=UNSET)
    otc: bool = False
    # Not the vendor's, and in none of its frames: our clients set it of a bar that came late.
    backfilled: bool = False

    @property
    def shares(self) -> float:
        """The volume, with its fraction where the vendor says it."""
        return self.volume if isinstance(self.exact_volume, UnsetType) else float(self.exact_volume)


class SecondAggregate(Aggregate, tag="A", gc=False):
    """`A`: a bar of a second."""


class MinuteAggregate(Aggregate, tag="AM", gc=False):
    """`AM`: a bar of a minute. One may come again with other values: the last one counts."""


class LimitBands(msgspec.Struct, tag_field="ev", tag="LULD", omit_defaults=True, gc=False):
    """`LULD`: the bands in which a stock may trade."""

    symbol: str = field(name="T")
    timestamp: int = field(name="t")
    high: float = field(name="h", default=0.0)
    low: float = field(name="l", default=0.0)
    indicators: tuple[int, ...] = field(name="i", default=())
    tape: int = field(name="z", default=0)
    sequence: int = field(name="q", default=0)


class Imbalance(msgspec.Struct, tag_field="ev", tag="NOI", omit_defaults=True, gc=False):
    """`NOI`: the order imbalance of an auction; `auction_time` is hour * 100 + minute, New York."""

    symbol: str = field(name="T")
    timestamp: int = field(name="t")
    auction_time: int = field(name="at", default=0)
    auction: str = field(name="a", default="")
    sequence: int = field(name="i", default=0)
    exchange: int = field(name="x", default=0)
    imbalance: float = field(name="o", default=0)
    paired: float = field(name="p", default=0)
    clearing_price: float = field(name="b", default=0.0)


class FairValue(msgspec.Struct, tag_field="ev", tag="FMV", omit_defaults=True, gc=False):
    """`FMV`: the vendor's fair market value."""

    symbol: str = field(name="sym")
    price: float = field(name="fmv")
    timestamp: int = field(name="t")


class StatusMessage(msgspec.Struct, tag_field="ev", tag="status"):
    """`status`: what the server says of the session."""

    status: str
    message: str = ""


MarketEvent: TypeAlias = (
    Trade | Quote | SecondAggregate | MinuteAggregate | LimitBands | Imbalance | FairValue
)
LiveEvent: TypeAlias = MarketEvent | StatusMessage

_CHANNEL_OF: dict[type[MarketEvent], str] = {
    kind: str(kind.__struct_config__.tag) for kind in get_args(MarketEvent)
}
_FRAME = msgspec.json.Decoder(list[LiveEvent])
_LOOSE = msgspec.json.Decoder(list[msgspec.Raw])
_EVENT = msgspec.json.Decoder(LiveEvent)
_ENCODER = msgspec.json.Encoder()


def decode_frame(frame: bytes | str) -> list[LiveEvent]:
    """The events of a frame; kinds that are not known are left out, and so are single events whose
    text is broken.

    Raises: DataFetchError for what is no JSON array of objects.
    """
    try:
        return _FRAME.decode(frame)
    except (msgspec.ValidationError, UnicodeDecodeError):
        return _decode_one_by_one(frame)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataFetchError(f"a frame that is no JSON: {error}") from error


def encode_frame(events: Sequence[LiveEvent]) -> bytes:
    """A frame as the vendor writes it."""
    return _ENCODER.encode(events)


def microseconds(value: int) -> int:
    """An instant in microseconds UTC from one in milliseconds, microseconds or nanoseconds, known
    by its magnitude (13, 16, 19 digits).
    """
    if value >= FIRST_NANOSECONDS:
        return value // 1_000
    return value if value >= FIRST_MICROSECONDS else value * 1_000


def ended_at(event: MarketEvent) -> int:
    """When what an event says was over, microseconds UTC: the end of a bar."""
    if isinstance(event, Aggregate):
        return microseconds(event.end or event.start)
    return microseconds(event.timestamp)


def topic_of(event: MarketEvent) -> tuple[str, str]:
    """The channel and the symbol of an event."""
    return _CHANNEL_OF[type(event)], event.symbol


def channels_of(events: Iterable[MarketEvent]) -> set[str]:
    """The channels of events."""
    return {_CHANNEL_OF[kind] for kind in set(map(type, events))}


def _decode_one_by_one(frame: bytes | str) -> list[LiveEvent]:
    """A frame in which something is unknown or wrong: the rest of it counts."""
    events: list[LiveEvent] = []
    try:
        parts = _LOOSE.decode(frame)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataFetchError(f"a frame that is no JSON array: {error}") from error
    for part in parts:
        try:
            events.append(_EVENT.decode(part))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # a kind that nobody has heard of, or one without its symbol
    return events
