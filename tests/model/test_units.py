"""The lengths of what time is counted in."""

from datetime import timedelta

import pytest

from polytape.model.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US


@pytest.mark.parametrize(
    ("length_us", "length"),
    [
        (SECOND_US, timedelta(seconds=1)),
        (MINUTE_US, timedelta(minutes=1)),
        (HOUR_US, timedelta(hours=1)),
        (DAY_US, timedelta(days=1)),
    ],
)
def test_a_unit_is_so_many_microseconds(length_us: int, length: timedelta) -> None:
    assert timedelta(microseconds=length_us) == length
