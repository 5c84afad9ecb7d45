"""What travels between gateways: entries of a log, and the position of a reader in it. Pure.

An entry carries whole batches. Its number is one more than that of the entry before it, whoever
wrote that, so a reader sees by itself that something is missing. The fencing number is that of the
lease under which it was written: it grows with every lease, and a lower one is out of date. Numbers
count within an epoch, which is as long as the server's memory lasts.
"""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, cast

import msgspec

from polytape.errors import DataFetchError
from polytape.upstream.live import FeedSink
from polytape.wire.polygon.events import MarketEvent, decode_frame, encode_frame

LIVE, BACKFILLED, NOTICE = "live", "backfilled", "notice"


class FeedNotice(msgspec.Struct, frozen=True, omit_defaults=True):
    """As `FeedSink.notice`: `start` and `end` in microseconds UTC."""

    kind: str
    detail: str = ""
    start: int | None = None
    end: int | None = None


class NewEntry(NamedTuple):
    """An entry that is yet to be written. `came`: when the last of it did, microseconds UTC."""

    kind: str
    came: int
    data: bytes


class Entry(NamedTuple):
    """An entry as it stands in the log."""

    epoch: str
    fence: int
    number: int
    kind: str
    came: int
    data: bytes


class Position(NamedTuple):
    """Up to where a reader has everything: the last entry that it took."""

    epoch: str
    fence: int
    number: int


class Verdict(Enum):
    """What an entry is to a reader."""

    NEXT = "the one that follows"
    SKIPS = "one before which others are missing"
    STALE = "written under a lease that is out of date"
    FOREIGN = "of another epoch"


def judge(position: Position, entry: Entry) -> Verdict:
    """What an entry is to a reader at a position."""
    if entry.epoch != position.epoch:
        return Verdict.FOREIGN
    if (entry.fence, entry.number) <= (position.fence, position.number):
        return Verdict.STALE
    return Verdict.NEXT if entry.number == position.number + 1 else Verdict.SKIPS


def events_entry(events: Sequence[MarketEvent], came: int, *, backfilled: bool) -> NewEntry:
    """Events that came together."""
    return NewEntry(BACKFILLED if backfilled else LIVE, came, encode_frame(events))


def notice_entry(notice: FeedNotice, came: int) -> NewEntry:
    """Something that happened to the feed."""
    return NewEntry(NOTICE, came, msgspec.json.encode(notice))


def deliver(entry: Entry, sink: FeedSink) -> None:
    """Pass on what an entry carries. Raises: DataFetchError for what cannot be read."""
    if entry.kind in (LIVE, BACKFILLED):
        # A status is never written, and at full rate a look at each event would cost a sixth.
        events = cast("list[MarketEvent]", decode_frame(entry.data))
        sink.events(events, backfilled=entry.kind == BACKFILLED)
    elif entry.kind == NOTICE:
        notice = _read_notice(entry.data)
        sink.notice(notice.kind, notice.detail, start=notice.start, end=notice.end)
    else:
        raise DataFetchError(f"an entry of an unknown kind: {entry.kind}")


def _read_notice(data: bytes) -> FeedNotice:
    try:
        return msgspec.json.decode(data, type=FeedNotice)
    except msgspec.DecodeError as error:
        raise DataFetchError(f"a notice that cannot be read: {error}") from error
