"""The vendor's live frames: what is known of a frame counts, what is not known is skipped."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from polytape.errors import DataFetchError
from polytape.wire.polygon.events import (
    CHANNELS,
    Aggregate,
    FairValue,
    Imbalance,
    LimitBands,
    LiveEvent,
    MarketEvent,
    MinuteAggregate,
    Quote,
    SecondAggregate,
    StatusMessage,
    Trade,
    channels_of,
    decode_frame,
    encode_frame,
    microseconds,
    topic_of,
)

MARKET_KINDS = (
    Trade,
    Quote,
    SecondAggregate,
    MinuteAggregate,
    LimitBands,
    Imbalance,
    FairValue,
)
KINDS = (*MARKET_KINDS, StatusMessage)
NAMES = ("T", "Q", "A", "AM", "LULD", "NOI", "FMV", "status")
TRADE = Trade("AAPL", 187.5, 1_720_000_000_000)

integers = st.integers(0, 2**63 - 1)
VALUES: dict[object, st.SearchStrategy[object]] = {
    str: st.text(max_size=12),
    bool: st.booleans(),
    int: integers,
    float: st.floats(allow_nan=False, allow_infinity=False),
    tuple[int, ...]: st.lists(integers, max_size=4).map(tuple),
    str | UnsetType: st.just(UNSET) | st.text(max_size=12),
    int | UnsetType: st.just(UNSET) | integers,
    float | UnsetType: st.just(UNSET) | st.floats(allow_nan=False, allow_infinity=False),
}


def events_of(kind: type[LiveEvent]) -> st.SearchStrategy[LiveEvent]:
    """Events of a kind, each field with anything that its type allows."""
    fields = {f.name: VALUES[f.type] for f in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


events = st.one_of([events_of(kind) for kind in KINDS])
# Parts of a frame that count for nothing: other kinds, no kind, no symbol, no object at all.
noise = st.sampled_from(
    [
        b'{"ev":"XT","pair":"BTC-USD","p":1}',
        b'{"ev":"","sym":"AAPL"}',
        b'{"ev":7}',
        b'{"sym":"AAPL","p":1,"t":1}',
        b'{"ev":"T","p":1,"t":1}',
        b'{"ev":"T","sym":null,"p":1,"t":1}',
        b'{"ev":"T","sym":"\xff","p":1,"t":1}',
        b'{"ev":"AM","sym":"AAPL","o":"1"}',
        b"{}",
        b"[]",
        b"null",
        b"3",
        b'"AM.AAPL"',
    ]
)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_every_kind_round_trips(kind: type[LiveEvent], data: st.DataObject) -> None:
    """What is written is read again as the same event of the same kind."""
    event = data.draw(events_of(kind))
    [again] = decode_frame(encode_frame([event]))
    assert type(again) is kind
    assert again == event


@given(st.lists(events, max_size=8))
def test_a_frame_mixes_kinds_and_has_an_order(frame: list[LiveEvent]) -> None:
    """A frame of any kinds comes back whole and in order, as bytes and as text."""
    wire = encode_frame(frame)
    assert decode_frame(wire) == frame
    assert decode_frame(wire.decode()) == frame


@pytest.mark.parametrize(("kind", "name"), [*zip(KINDS, NAMES, strict=True)])
def test_a_kind_has_the_name_that_the_vendor_gives_it(kind: type[LiveEvent], name: str) -> None:
    """`ev` names the kind; the channels are the names of the market's kinds."""
    assert kind.__struct_config__.tag == name
    assert (*CHANNELS, "status") == NAMES


@given(st.lists(st.one_of(events, noise), max_size=8))
def test_what_is_not_known_is_skipped(parts: list[LiveEvent | bytes]) -> None:
    """Parts that are not known take nothing from the rest of the frame, wherever they stand."""
    kind_first = b'{"ev":"brand new"}'  # so that bytes that are no text never come first
    wire = [kind_first] + [p if isinstance(p, bytes) else msgspec.json.encode(p) for p in parts]
    known = [p for p in parts if not isinstance(p, bytes)]
    assert decode_frame(b"[" + b",".join(wire) + b"]") == known


@given(
    events,
    st.dictionaries(
        st.text("abcdefghijklmnopqrstuvwxyz", min_size=5, max_size=9).filter(
            lambda name: name not in ("status", "message")
        ),
        st.none() | st.integers(-9, 9) | st.text(max_size=5) | st.lists(st.integers(), max_size=3),
        max_size=3,
    ),
)
def test_a_field_that_is_not_known_is_ignored(event: LiveEvent, more: dict[str, object]) -> None:
    """New fields come without notice and change nothing of an event."""
    fields = msgspec.json.decode(msgspec.json.encode(event)) | more
    assert decode_frame(msgspec.json.encode([fields])) == [event]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[",
        b"nonsense",
        b"{}",
        b'{"ev":"T","sym":"AAPL","p":1,"t":1}',
        b'"[]"',
        b"3",
        b"null",
        b'[{"ev":"new"},',
        b'[{"ev":"new"}] []',
        b"[] []",
        b"\xff\xfe",
        b"[" * 100_000,
        b'[{"ev":"T","sym":"A","p":1,"t":1,"u":' + b"[" * 100_000,
        b'[{"ev":"new"},' + b"[" * 100_000,
        "<html>502</html>",
    ],
    ids=lambda frame: repr(frame[:24]),
)
def test_what_is_no_array_is_an_error_of_the_data(frame: bytes | str) -> None:
    """A frame that is no JSON array raises DataFetchError, never an error of the decoder."""
    with pytest.raises(DataFetchError, match="no JSON"):
        decode_frame(frame)


@given(st.binary(max_size=40) | st.text(max_size=40))
def test_any_bytes_give_events_or_an_error_of_the_data(frame: bytes | str) -> None:
    """No input raises anything but DataFetchError."""
    try:
        decode_frame(frame)
    except DataFetchError:
        return


def test_an_empty_frame_has_no_events() -> None:
    """An empty array is a frame."""
    assert decode_frame(b"[]") == []


def test_what_the_vendor_writes_is_read() -> None:
    """The vendor's own examples have the meaning that its documentation gives them."""
    trade, quote, minute, bands = decode_frame(
        b'[{"ev":"T","sym":"MSFT","x":4,"i":"12345","z":3,"p":114.125,"s":100,"ds":"100.5",'
        b'"c":[0,12],"t":1536036818784,"q":3681328},'
        b'{"ev":"Q","sym":"MSFT","bx":4,"bp":114.125,"bs":100,"ax":7,"ap":114.128,"as":160,"c":0,'
        b'"i":[604],"t":1536036818784,"q":50385480,"z":3},'
        b'{"ev":"AM","sym":"GTE","v":4110,"av":9470157,"op":0.4372,"vw":0.4488,"o":0.4488,'
        b'"c":0.4486,"h":0.4489,"l":0.4486,"a":0.4352,"z":685,"s":1610144640000,"e":1610144700000},'
        b'{"ev":"LULD","T":"MSFT","h":218.15,"l":213.75,"i":[17],"z":3,"t":1601341200000,"q":9}]'
    )
    assert isinstance(trade, Trade)
    assert (trade.size, trade.exact_size, trade.conditions) == (100, "100.5", (0, 12))
    assert isinstance(quote, Quote)
    assert (quote.bid_price, quote.ask_price, quote.condition) == (114.125, 114.128, 0)
    assert isinstance(minute, Aggregate)
    assert (minute.vwap, minute.day_vwap, minute.end - minute.start) == (0.4488, 0.4352, 60_000)
    assert isinstance(bands, LimitBands)
    assert (bands.symbol, bands.high, bands.low) == ("MSFT", 218.15, 213.75)


def test_defaults_are_not_written() -> None:
    """A field that is absent is not written, and is absent when it is read again."""
    wire = encode_frame([TRADE])
    assert wire == b'[{"ev":"T","sym":"AAPL","p":187.5,"t":1720000000000}]'
    [trade] = decode_frame(wire)
    assert isinstance(trade, Trade)
    assert trade.exact_size is UNSET


@given(st.integers(10**12, 10**13 - 1), st.integers(0, 999), st.integers(0, 999))
def test_the_unit_of_an_instant_follows_from_its_magnitude(ms: int, us: int, ns: int) -> None:
    """13 digits are milliseconds, 16 are microseconds, 19 are nanoseconds, which are cut."""
    fine = ms * 1_000 + us
    assert microseconds(ms) == ms * 1_000
    assert microseconds(fine) == fine
    assert microseconds(fine * 1_000 + ns) == fine


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        (0, 0),
        (10**15 - 1, (10**15 - 1) * 1_000),
        (10**15, 10**15),
        (10**18 - 1, 10**18 - 1),
        (10**18, 10**15),
    ],
)
def test_where_one_unit_ends_and_the_next_begins(value: int, instant: int) -> None:
    """The limits are 10**15 and 10**18, each the first of the finer unit."""
    assert microseconds(value) == instant


@pytest.mark.parametrize("kind", MARKET_KINDS)
@given(data=st.data())
def test_an_event_belongs_to_the_topic_of_its_kind(
    kind: type[MarketEvent], data: st.DataObject
) -> None:
    """The channel is the kind's name, the symbol the event's, whatever field it is written in."""
    event = data.draw(events_of(kind))
    assert not isinstance(event, StatusMessage)
    wire = msgspec.json.decode(msgspec.json.encode(event))
    symbol = wire["T"] if kind in (LimitBands, Imbalance) else wire["sym"]
    assert topic_of(event) == (wire["ev"], symbol)


def test_text_that_is_no_utf8_is_skipped_with_its_event() -> None:
    """A symbol that is no text takes only its own event, whatever else is in the frame."""
    bad = b'{"ev":"T","sym":"\xff","p":1,"t":1}'
    for before in (b"", b'{"ev":"new"},'):
        frame = b"[%b%b,%b]" % (before, bad, msgspec.json.encode(TRADE))
        assert decode_frame(frame) == [TRADE]


def test_channels_of_events() -> None:
    """Each once."""
    bar = MinuteAggregate("A", 1.0, 1.0, 1.0, 1.0, 1.0, 1)
    assert channels_of([TRADE, bar, TRADE]) == {"T", "AM"}
    assert channels_of([]) == set()


def test_a_bar_is_not_backfilled_on_the_wire() -> None:
    """Only a client of ours says that of it."""
    bar = MinuteAggregate("A", 1.0, 1.0, 1.0, 1.0, 1.0, 1)
    assert b"backfilled" not in encode_frame([bar])
