"""The bar at an instant."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.client.candle import MOST_MINUTES, candle
from polytape.client.core import Core
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.timestamps import to_datetime
from polytape.model.units import HOUR_US, MINUTE_US
from polytape.wire import arrow
from polytape.wire.api.messages import BarsMetadata
from polytape.wire.flow import Response
from tests.client.flows import connection, json, play
from tests.conftest import MARKET

START = MARKET.midnight(datetime(2024, 7, 2, tzinfo=UTC).date()) + 10 * HOUR_US
METADATA = BarsMetadata(symbol="SPY", timeframe="15min", count=0, source="test")


def answer(bars: Bars) -> Response:
    body = arrow.encode(bars, msgspec.structs.replace(METADATA, count=len(bars)))
    return Response(200, {"content-type": "application/vnd.apache.arrow.stream"}, body)


def bars_at(*minutes: int) -> Bars:
    stamps = [START + minute * MINUTE_US for minute in minutes]
    prices = [100.1 + number / 100 for number in range(len(stamps))]
    volumes = [10.5 + number for number in range(len(stamps))]
    return Bars.of(stamps, prices, prices, prices, prices, volumes)


def test_words_are_read_by_the_gateways_time() -> None:
    """As everywhere where dates go."""
    core = Core(connection(), None, MARKET)
    now = json({"now": "2024-07-02T18:00:00Z", "speed": 1.0, "paused": False, "wall": False})
    found, _ = play(candle(core, "SPY", "10:00 ET", "15min", 30), [now, answer(bars_at(0))])
    assert found is not None
    assert found["datetime"] == to_datetime(START)


def candle_of(bars: Bars, at: object, timeframe: str = "15min", tolerance: Any = 30) -> Any:
    core = Core(connection(), None, MARKET)
    return play(candle(core, "SPY", at, timeframe, tolerance), [answer(bars)])[0]


def test_it_is_in_the_requirements_shape() -> None:
    bars = Bars.of([START], [100.1], [101.0], [99.95], [100.0], [10.5], [100.123456], [3.0])
    assert candle_of(bars, to_datetime(START)) == {
        "datetime": datetime(2024, 7, 2, 14, tzinfo=UTC),
        "open": Decimal("100.1"),
        "high": Decimal("101.0"),
        "low": Decimal("99.95"),
        "close": Decimal("100.0"),
        "volume": 10,
        "vwap": Decimal("100.123456"),
    }
    assert candle_of(bars_at(0), to_datetime(START))["vwap"] is None  # nobody said it


minutes = st.lists(st.integers(-8, 8).map(lambda n: 15 * n), unique=True, min_size=1).map(sorted)


@given(minutes, st.integers(-60, 60), st.integers(0, 60))
def test_it_is_the_bar_that_contains_the_instant_else_the_nearest_within_reach(
    starts: list[int], at: int, tolerance: int
) -> None:
    nearest = candle_of(bars_at(*starts), to_datetime(START + at * MINUTE_US), "15min", tolerance)
    # What a server sends beside the span is not looked at.
    sent = [m for m in starts if at - max(tolerance, 15) <= m <= at + tolerance]
    containing = [m for m in sent if m <= at < m + 15]
    near = sorted((abs(m - at), m) for m in sent if abs(m - at) <= tolerance)
    if containing:
        wanted = containing[0]
    elif near:
        wanted = near[0][1]
    else:
        assert nearest is None
        return
    assert nearest["datetime"] == to_datetime(START + wanted * MINUTE_US)


@pytest.mark.parametrize(
    ("at", "timeframe", "tolerance", "param"),
    [
        ("soon", "15min", 30, "target_datetime"),
        ("2024-07-02", "7min", 30, "timeframe"),
        ("2024-07-02", "15min", -1, "tolerance_minutes"),
        ("2024-07-02", "15min", MOST_MINUTES + 1, "tolerance_minutes"),
        ("2024-07-02", "15min", True, "tolerance_minutes"),
        ("2024-07-02", "15min", "30", "tolerance_minutes"),
    ],
)
def test_what_is_wrong_is_named(at: str, timeframe: str, tolerance: Any, param: str) -> None:
    with pytest.raises(ValidationError) as caught:
        candle_of(Bars.empty(), at, timeframe, tolerance)
    assert caught.value.param == param
