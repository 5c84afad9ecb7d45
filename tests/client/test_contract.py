"""The contract of the client, against a real gateway over real sockets."""

import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from polytape import (
    ConnectionError,
    IncompleteDataError,
    NotFoundError,
    PolygonClient,
    PolygonClientConfig,
    ValidationError,
)
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.market import Market
from polytape.model.query import series_query
from polytape.model.timeframes import Series
from polytape.model.units import HOUR_US
from polytape.upstream.budget.budget import Budget
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import day_span
from tests.upstream.flatfiles.files import put

pytestmark = pytest.mark.socket
COLUMNS = ["open", "high", "low", "close", "volume", "timestamp"]
BUDGET = Budget.of(100, 1.0)


@pytest.fixture
def client(gateway: str, make_client: Callable[..., PolygonClient]) -> PolygonClient:
    return make_client(gateway)


def check_shape(frame: pd.DataFrame) -> None:
    assert list(frame.columns) == COLUMNS
    assert [str(t) for t in frame.dtypes] == ["float64"] * 4 + ["int64", "datetime64[us, UTC]"]
    assert str(frame.index.dtype) == "datetime64[us, UTC]"
    assert frame.index.name is None
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    assert (frame.index == pd.DatetimeIndex(frame["timestamp"])).all()


def test_fetch_bars_has_the_shape_of_the_contract(client: PolygonClient) -> None:
    frame = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "15min")
    check_shape(frame)
    assert len(frame) > 200
    assert frame.attrs["source"] == "synthetic"
    assert frame.attrs["made_up"] is True
    frame.merge(frame, on="timestamp")  # what an index of the same name would make ambiguous
    frame.groupby("timestamp").sum()
    frame.sort_values("timestamp").reset_index()


def test_no_bars_are_an_empty_frame_of_the_same_types(client: PolygonClient) -> None:
    frame = client.fetch_bars("AAPL", "2024-07-06", "2024-07-07", "15min")  # a weekend
    assert frame.empty
    check_shape(frame)


def test_the_bars_are_the_sources_own(client: PolygonClient, synthetic: Synthetic) -> None:
    frame = client.fetch_bars("SPY", "2024-07-02", "2024-07-02", "1min")
    query = series_query("SPY", Series.MINUTE, day_span(date(2024, 7, 2)))
    truth = synthetic.bars(query).bars
    assert synthetic.splits("SPY") is not None
    assert frame["close"].to_numpy().tolist() == truth.close.tolist()
    assert frame["volume"].to_numpy().tolist() == truth.volume.astype(int).tolist()


@pytest.mark.parametrize("timeframe", ["1minute", "5m", "10min", "M15", "30minute", "1hour", "2h",
                                       "4hour", "daily", "weekly", "1M"])  # fmt: skip
def test_every_timeframe_comes_back(client: PolygonClient, timeframe: str) -> None:
    frame = client.fetch_bars("aapl", date(2024, 5, 1), "06/28/2024", timeframe)
    check_shape(frame)
    assert len(frame)


def test_limit_keeps_the_most_recent(client: PolygonClient) -> None:
    whole = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "15min")
    for use_cache in (True, False):
        few = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "15min", 7, use_cache=use_cache)
        pd.testing.assert_frame_equal(few, whole.tail(7))


@pytest.mark.parametrize(
    "timeframe", ["1min", "15min", "30min", "60min", "120min", "240min", "1day"]
)
@pytest.mark.parametrize("caching", [True, False])
def test_regular_hours_are_the_same_from_cache_and_server(
    gateway: str, make_client: Callable[..., PolygonClient], market: Market, timeframe: str,
    caching: bool,
) -> None:  # fmt: skip
    client = make_client(gateway, enable_caching=caching)
    span = ("2024-11-27", "2024-11-29", timeframe)  # the last day closes early
    client.fetch_bars("AAPL", *span)
    regular = client.fetch_bars("AAPL", *span, include_extended=False)
    again = client.fetch_bars("AAPL", *span, include_extended=False, limit=2)
    fresh = make_client(gateway).fetch_bars("AAPL", *span, include_extended=False)
    pd.testing.assert_frame_equal(regular, fresh)
    pd.testing.assert_frame_equal(again, fresh.tail(2))
    if timeframe != "1day":
        starts = pd.DatetimeIndex(regular.index).tz_convert("America/New_York")
        assert starts[0].strftime("%H:%M") == "09:30"
        assert starts[-1] < pd.Timestamp("2024-11-29 13:00", tz="America/New_York")


def test_a_limited_query_over_a_long_range_is_not_fetched_whole(
    gateway: str, make_client: Callable[..., PolygonClient]
) -> None:
    client = make_client(gateway)
    few = client.fetch_bars("KIMpL", "2023-01-01", "2024-07-05", "1min", limit=3)
    assert len(few) == 3
    assert client._core.cache is not None
    assert len(client._core.cache) == 0
    regular = client.fetch_bars("KIMpL", "2023-01-01", "2024-07-05", "1min", 3, False)
    hours = pd.DatetimeIndex(regular.index).tz_convert("America/New_York").strftime("%H:%M")
    assert len(regular) == 3
    assert all("09:30" <= hour < "16:00" for hour in hours)


def test_a_cached_frame_is_not_touched_by_its_owner(client: PolygonClient) -> None:
    first = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "15min")
    copy = first.copy(deep=True)
    first.iloc[:, 0] = -1.0
    first["close"] = 0.0
    del first["high"]
    again = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "15min")
    pd.testing.assert_frame_equal(again, copy)
    assert client.stats().cache_hits == 1


def test_a_query_inside_a_cached_range_asks_nobody(client: PolygonClient) -> None:
    whole = client.fetch_bars("AAPL", "2024-07-01", "2024-07-31", "15min")
    requests = client.stats().requests
    inner = client.fetch_bars("AAPL", "2024-07-09", "2024-07-10", "M15")
    assert client.stats().requests == requests
    days = pd.DatetimeIndex(whole.index).tz_convert("America/New_York").strftime("%Y-%m-%d")
    pd.testing.assert_frame_equal(inner, whole[(days >= "2024-07-09") & (days <= "2024-07-10")])


def test_use_cache_false_asks_again_and_clear_cache_forgets(client: PolygonClient) -> None:
    query = ("AAPL", "2024-07-01", "2024-07-05", "15min")
    client.fetch_bars(*query)
    client.fetch_bars(*query, use_cache=False)
    assert client.stats().requests == 2
    assert client.clear_cache("AAPL") is True
    client.fetch_bars(*query)
    assert client.stats().requests == 4


def test_fetch_table_adds_vwap_and_transactions(client: PolygonClient) -> None:
    table = client.fetch_table("AAPL", "2024-07-01", "2024-07-05", "15min")
    assert table.schema.names == ["timestamp", "open", "high", "low", "close", "volume", "vwap",
                                  "transactions"]  # fmt: skip
    assert table.schema.field("timestamp").type == pa.timestamp("us", "UTC")
    assert table.schema.field("transactions").type == pa.int64()
    assert table.column("vwap").null_count == 0


def test_fetch_many_by_symbol_and_timeframe(client: PolygonClient) -> None:
    frames = client.fetch_many(["AAPL", "spy"], "2024-07-01", "2024-07-05", ["1day", "1h"])
    assert list(frames) == [("AAPL", "1day"), ("AAPL", "60min"), ("SPY", "1day"), ("SPY", "60min")]
    alone = client.fetch_bars("SPY", "2024-07-01", "2024-07-05", "1h")
    assert isinstance(frames["SPY", "60min"], pd.DataFrame)
    pd.testing.assert_frame_equal(frames["SPY", "60min"], alone)
    own = client.fetch_many(
        [{"symbol": "AAPL", "limit": 2}, {"symbol": "SPY", "timeframe": "1h"}],
        "2024-07-01", "2024-07-05", "1day",
    )  # fmt: skip
    assert [(key, len(frame)) for key, frame in own.items()] == [  # type: ignore[arg-type]
        (("AAPL", "1day"), 2), (("SPY", "60min"), len(alone))
    ]  # fmt: skip


def test_fetch_many_raises_or_keeps_errors(client: PolygonClient) -> None:
    with pytest.raises(NotFoundError, match="ZZZZZZ") as caught:
        client.fetch_many(["AAPL", "ZZZZZZ"], "2024-07-01", "2024-07-05")
    assert caught.value.__notes__ == ["while fetching ZZZZZZ 1day"]
    outcomes = client.fetch_many(["AAPL", "ZZZZZZ"], "2024-07-01", "2024-07-05", errors="keep")
    assert isinstance(outcomes["ZZZZZZ", "1day"], NotFoundError)
    with pytest.raises(ValidationError, match="one span"):
        client.fetch_many(
            [{"symbol": "AAPL"}, {"symbol": "AAPL", "limit": 1}], "2024-07-01", "2024-07-05"
        )
    with pytest.raises(ValidationError, match="requests"):
        client.fetch_many([{"ticker": "AAPL"}], "2024-07-01", "2024-07-05")


def test_symbols_prices_and_search(client: PolygonClient, synthetic: Synthetic) -> None:
    assert client.validate_ticker("aapl") is True
    assert client.validate_ticker("ZZZZZZ") is False
    price = client.get_latest_price("AAPL")
    assert price == Decimal(repr(float(synthetic.last_bar("AAPL").close[0])))
    with pytest.raises(NotFoundError, match=r"no symbol APPL \(did you mean AAPL\?\)") as raised:
        client.get_latest_price("APPL")
    assert raised.value.suggestions == ("AAPL",)
    matches = client.search_symbols("apple")
    assert matches[0]["ticker"] == matches[0]["symbol"] == "AAPL"
    assert {"name", "type", "exchange"} <= set(matches[0])
    everything = client.search_symbols("bancorp", active_only=False)
    assert any(not row["active"] for row in everything)


def test_the_candle_at_an_instant(client: PolygonClient) -> None:
    frame = client.fetch_bars("AAPL", "2024-07-02", "2024-07-02", "15min", include_extended=False)
    table = client.fetch_table("AAPL", "2024-07-02", "2024-07-02", "15min", include_extended=False)
    candle = client.get_candle_at_datetime("AAPL", "2024-07-02 10:07 America/New_York")
    assert candle is not None
    assert list(candle) == ["datetime", "open", "high", "low", "close", "volume", "vwap"]
    assert candle["datetime"] == datetime(2024, 7, 2, 14, tzinfo=UTC)
    assert candle["datetime"].tzinfo is UTC
    row = frame.loc[candle["datetime"]]
    names = ("open", "high", "low", "close")
    prices = [candle["open"], candle["high"], candle["low"], candle["close"]]
    # Money is the shortest decimal text of the number, to the last digit.
    assert prices == [Decimal(str(row[name])) for name in names]
    assert all(type(price) is Decimal for price in (*prices, candle["vwap"]))
    assert (type(candle["volume"]), candle["volume"]) == (int, row["volume"])
    vwap = table.column("vwap").to_pylist()[frame.index.get_loc(candle["datetime"])]
    assert candle["vwap"] == Decimal(repr(vwap))
    sunday = datetime(2024, 7, 7, 16, tzinfo=UTC)
    assert client.get_candle_at_datetime("AAPL", sunday) is None
    near = client.get_candle_at_datetime("AAPL", "2024-07-02 20:10 America/New_York")
    assert near is not None
    assert near["datetime"] < datetime(2024, 7, 3, 0, 0, tzinfo=UTC)
    assert client.get_candle_at_datetime("AAPL", "2024-07-02 20:10 America/New_York",
                                         tolerance_minutes=5) is None  # fmt: skip
    day = client.get_candle_at_datetime("AAPL", "2024-07-02 20:10 America/New_York", "1day", 0)
    assert day is not None
    assert day["datetime"] == datetime(2024, 7, 2, 4, tzinfo=UTC)


def test_session_data_is_decimals_and_says_what_is_missing(client: PolygonClient) -> None:
    data = client.get_session_data("AAPL", "2024-07-02 10:30 America/New_York")
    assert list(data) == ["symbol", "session_datetime", "current_price", "pre_market_price",
                          "open_price", "atr_5min", "atr_15min", "atr_2hour", "daily_atr",
                          "atr_high", "atr_low", "error", "basis"]  # fmt: skip
    assert data["error"] is None
    assert all(isinstance(value, Decimal) for value in list(data.values())[2:-2])
    high, price = data["atr_high"], data["current_price"]
    assert high is not None
    assert price is not None
    assert high - price == data["daily_atr"]
    shown = client.session("AAPL", "2024-07-02 10:30 America/New_York")
    assert shown.to_dict() == data
    assert repr(shown).startswith("AAPL at Tue 2024-07-02 10:30 New York: current ")
    missing = client.get_session_data("ZZZZZZ", "2024-07-02 10:30 America/New_York")
    assert "ZZZZZZ" in (missing["error"] or "")
    assert missing["current_price"] is None


def test_the_gateways_figures(client: PolygonClient, gateway: str) -> None:
    limit = client.rate_limit()
    assert (limit.limit, limit.remaining, limit.used, limit.window_seconds) == (100, 100, 0, 1.0)
    assert limit.reset_at.tzinfo is not None
    assert client.test_connection() == (True, f"the gateway at {gateway} answers")
    assert client.gateway_status()["source"] == "synthetic"
    assert repr(client) == f"PolygonClient({gateway!r})"


@pytest.mark.parametrize(
    ("arguments", "param"),
    [
        (("", "2024-07-01", "2024-07-05", "15min"), "symbol"),
        (("A/B", "2024-07-01", "2024-07-05", "15min"), "symbol"),
        (("AAPL", "soon", "2024-07-05", "15min"), "start_date"),
        (("AAPL", "2024-07-01", None, "15min"), "end_date"),
        (("AAPL", "2024-07-05", "2024-07-01", "15min"), "end_date"),
        (("AAPL", "2024-07-01", "2024-07-05", "7min"), "timeframe"),
        (("AAPL", "2024-07-01", "2024-07-05", "15min", 0), "limit"),
        (("AAPL", "2024-07-01", "2024-07-05", "15min", -3), "limit"),
        (("AAPL", "2024-07-01", "2024-07-05", "15min", 2.5), "limit"),
        (("AAPL", "2024-07-01", "2024-07-05", "15min", True), "limit"),
    ],
)
def test_wrong_input_is_refused_before_anybody_is_asked(
    client: PolygonClient, arguments: tuple[object, ...], param: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        client.fetch_bars(*arguments)  # type: ignore[arg-type]
    assert caught.value.param == param
    assert client.stats().requests == 0


@pytest.mark.parametrize(
    "tolerance", [-1, 1e10, 1e300, "x", None, float("nan"), float("inf"), True]
)
def test_a_wrong_tolerance_is_refused(client: PolygonClient, tolerance: object) -> None:
    with pytest.raises(ValidationError, match="tolerance_minutes"):
        client.get_candle_at_datetime("AAPL", "2024-07-02T15:00Z", tolerance_minutes=tolerance)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="query"):
        client.search_symbols("  ")


def test_an_unknown_symbol_is_not_found(client: PolygonClient) -> None:
    with pytest.raises(NotFoundError, match="ZZZZZZ") as caught:
        client.fetch_bars("ZZZZZZ", "2024-07-01", "2024-07-05", "15min")
    assert caught.value.status == 404
    assert caught.value.request_id


def test_nobody_there_is_a_connection_error_naming_the_url(
    make_client: Callable[..., PolygonClient], waits: list[float]
) -> None:
    client = make_client("http://127.0.0.1:9")
    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:9/api/v1/bars") as caught:
        client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "15min")
    assert isinstance(caught.value, OSError)
    assert len(waits) == 3
    assert client.test_connection()[0] is False
    assert client.clear_cache() is False


def test_base_urls_and_configs(gateway: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(PolygonClientConfig):
        BASE_URL = f"{gateway}/api/v1/"
        MAX_RETRIES = 1

    for client in (PolygonClient(f"{gateway}/api/v1"), PolygonClient(f"{gateway}/"),
                   PolygonClient(config=Own), PolygonClient(config=Own())):  # fmt: skip
        with client:
            assert client.validate_ticker("AAPL")
    assert PolygonClient(config=Own)._core.connection.policy.max_retries == 1
    assert PolygonClient()._core.base_url == PolygonClientConfig.BASE_URL
    monkeypatch.setenv("POLYTAPE_URL", gateway)
    assert PolygonClient()._core.base_url == gateway


@pytest.mark.parametrize("options", [{"base_url": "localhost:8200"}, {"base_url": "ftp://x"},
                                     {"base_url": 5}, {"timeout": 0}, {"timeout": "x"},
                                     {"api_key": "a b"}, {"api_key": "\u00e9"}, {"api_key": ""},
                                     {"base_url": "http://u:s3cret@localhost"}, {"max_retries": -1}, {"max_retries": 1.5}])  # fmt: skip
def test_a_client_that_cannot_work_is_not_made(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        PolygonClient(**options)  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


def test_a_client_can_be_pickled_and_its_cache_stays_behind(gateway: str) -> None:
    with PolygonClient(gateway, timeout=5, max_retries=1) as client:
        frame = client.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "15min")
        with pickle.loads(pickle.dumps(client)) as other:
            assert other._core.connection.policy == client._core.connection.policy
            assert len(other._core.cache) == 0
            pd.testing.assert_frame_equal(
                other.fetch_bars("AAPL", "2024-07-01", "2024-07-05", "15min"), frame
            )


def test_the_config_tells_older_tools_what_they_read() -> None:
    config = PolygonClientConfig
    assert (config.BASE_URL, config.API_VERSION) == ("http://localhost:8200", "/api/v1")
    assert (config.DEFAULT_TIMEOUT, config.MAX_RETRIES, config.RETRY_BACKOFF) == (30, 3, 1.0)
    assert config.TIMEFRAME_MAPPINGS["2hours"] == "120min"
    assert np.all([name in config.TIMEFRAME_MAPPINGS.values() for name in config.TIMEFRAMES])


@pytest.fixture
def of_files(
    tmp_path: Path, market: Market, make_client: Callable[..., PolygonClient]
) -> Iterator[PolygonClient]:
    """A client on minute and daily files of Tuesday and Friday, on the Monday after."""
    for day in (date(2024, 7, 2), date(2024, 7, 5)):
        first = (market.midnight(day) + 10 * HOUR_US) * 1_000
        put(tmp_path, "minute_aggs_v1", day, [f"ZZZ,9,10,10,12,9,{first},1"])
        put(tmp_path, "day_aggs_v1", day, ["ZZZ,9,10,10,12,9,0,1"])
    now = market.midnight(date(2024, 7, 8)) + 12 * HOUR_US
    files = FlatFiles(tmp_path, market, now=lambda: now)
    with running(create_app(Gateway(files.upstream(), market, lambda: now, BUDGET))) as url:
        yield make_client(url)


@pytest.mark.parametrize("timeframe", ["15min", "1day"])
def test_a_day_without_a_file_is_an_error_and_a_part_says_so(
    of_files: PolygonClient, timeframe: str
) -> None:
    week = ("ZZZ", "2024-07-02", "2024-07-08", timeframe)
    with pytest.raises(IncompleteDataError, match=r"has no \[2024-07-03T04:00:00Z, 2024-07-04T04"):
        of_files.fetch_bars(*week)
    frame = of_files.fetch_bars(*week, allow_partial=True)
    assert len(frame) == 2
    assert frame.attrs["missing"] == [("2024-07-03T04:00:00Z", "2024-07-04T04:00:00Z")]
    assert frame.attrs["complete_through"] == "2024-07-06T04:00:00Z"  # not past the last file
    assert of_files.fetch_table(*week, allow_partial=True).num_rows == 2
    many = of_files.fetch_many(["ZZZ"], *week[1:], allow_partial=True)
    assert isinstance(many["ZZZ", timeframe], pd.DataFrame)
    assert len(of_files.fetch_bars("ZZZ", "2024-07-05", "2024-07-08", timeframe)) == 1


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2024-07-05 11:00", None),
        ("2024-07-03 11:00", "no minute bar of 2024-07-03"),
        ("2024-07-03 08:00", "1min bars are not held in full"),
        ("2024-07-08 11:00", "the price is of 2024-07-05"),
    ],
)
def test_the_session_of_a_day_without_a_file_says_so(
    of_files: PolygonClient, moment: str, said: str | None
) -> None:
    """Its price is of another day."""
    error = of_files.get_session_data("ZZZ", f"{moment} America/New_York")["error"]
    assert ("the price is of" not in str(error)) if said is None else (said in str(error))


def test_bars_as_traded_are_those_before_splits_and_cached_apart(
    client: PolygonClient, synthetic: Synthetic
) -> None:
    """One symbol with a split: adjusted prices times its ratio are those as traded, by each door;
    and one kind is never served from the cache of the other.
    """
    symbol = "T"
    (split,) = synthetic.splits(symbol) or ()
    day = f"{split.execution_date - timedelta(days=7)}"
    adjusted = client.fetch_bars(symbol, day, day, "1day")
    traded = client.fetch_bars(symbol, day, day, "1day", adjusted=False)
    assert traded["close"].iloc[0] != adjusted["close"].iloc[0]
    assert client.fetch_bars(symbol, day, day, "1day").equals(adjusted)
    (truth,) = synthetic.bars(
        series_query(symbol, Series.DAY, day_span(date.fromisoformat(day)))
    ).bars.close
    many = client.fetch_many([symbol, "SPY"], day, day, adjusted=False)[symbol, "1day"]
    assert isinstance(many, pd.DataFrame)
    others = (
        client.bars(symbol, day, day, adjusted=False)["close"],
        client.download([symbol, "SPY"], day, day, adjusted=False)["close"][symbol],
        many["close"],
        client.fetch_table(symbol, day, day, "1day", adjusted=False).to_pandas()["close"],
    )
    assert [float(one.iloc[0]) for one in (traded["close"], *others)] == [truth] * 5
