"""What must hold under either pandas: the frame's shape, and that its owner may change it."""

import warnings

import pandas as pd
import pytest

from polytape import PolygonClient
from tests.client.test_contract import check_shape

pytestmark = pytest.mark.socket


def test_frames_are_the_callers_own_under_either_pandas(gateway: str) -> None:
    with PolygonClient(gateway) as client:
        frame = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "2hour")
        check_shape(frame)
        copy = frame.copy(deep=True)
        frame["close"] = 0.0
        frame.iloc[:, 1] = 0.0
        frame.index = pd.RangeIndex(len(frame))
        pd.testing.assert_frame_equal(
            client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "2H"), copy
        )


def test_older_tools_resample_what_they_get(gateway: str) -> None:
    with PolygonClient(gateway) as client, warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "1min")
        hours = frame["volume"].resample("60min").sum()
        hourly = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "1hour")
        assert hours[hours > 0].tolist() == hourly["volume"].tolist()


def test_people_who_know_pandas_get_numbers_alone_under_either_pandas(gateway: str) -> None:
    """`bars` and `download` over a real gateway: a named index, and verbs that need numbers."""
    with PolygonClient(gateway) as client:
        frame = client.bars("AAPL", "2024-07-01", "2024-07-05", tz="America/New_York")
        assert frame.index.name == "timestamp"
        assert str(frame.index[0]) == "2024-07-01 00:00:00-04:00"
        assert (frame / frame.shift() - 1).iloc[1:].notna().all().all()
        same = client.download(["AAPL", "MSFT"], "2024-07-01", "2024-07-05", tz="America/New_York")
        pd.testing.assert_series_equal(
            same["close"]["AAPL"], frame["close"], check_names=False, check_freq=False
        )
        long = client.download(["AAPL", "MSFT"], "2024-07-01", "2024-07-05", shape="long")
        assert long.groupby("symbol")["volume"].sum()["AAPL"] == frame["volume"].sum()
