"""The messages of stored history: two series are stored, the rest is made from them."""

import pytest

from polytape.errors import ValidationError
from polytape.model.timeframes import STANDARD, Series
from polytape.wire.api.history_messages import BackfillRequest, parse_series


@pytest.mark.parametrize(
    ("text", "series"),
    [("1min", Series.MINUTE), ("1m", Series.MINUTE), ("1day", Series.DAY), ("Daily", Series.DAY)],
)
def test_a_stored_series_may_be_spelled_in_any_way(text: str, series: Series) -> None:
    """As every other timeframe."""
    assert parse_series(text) is series


@pytest.mark.parametrize("text", [name for name in STANDARD if name not in ("1min", "1day")])
def test_what_is_made_from_them_cannot_be_filled(text: str) -> None:
    """The error names the two that can."""
    with pytest.raises(ValidationError, match="1min or 1day") as caught:
        parse_series(text)
    assert (caught.value.param, caught.value.value) == ("timeframe", text)


def test_a_backfill_is_of_minutes_where_nothing_is_said() -> None:
    """Days come with any answer; minutes are what takes time."""
    request = BackfillRequest(["SPY"], "2024-01-02")
    assert parse_series(request.timeframe) is Series.MINUTE
    assert not request.dry_run
