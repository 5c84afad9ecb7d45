"""What type checkers see of the public names: checked by `make check`, never run."""

from decimal import Decimal
from typing import assert_type

import numpy as np
import pandas as pd

from polytape import (
    AsyncConfluenceScanner,
    AsyncFractalEngine,
    AsyncPolygonClient,
    CacheManager,
    CamarillaEngine,
    ConfluenceScanner,
    FractalEngine,
    HVNEngine,
    PolygonClient,
    PolygonClientConfig,
    ZoneCalculator,
    scan_many,
)
from polytape.client.results import Candle, ClientStats, RateLimit, Security
from polytape.engines.camarilla_run import CamarillaRun
from polytape.engines.fractal_history_run import FractalHistoryRun
from polytape.engines.fractal_run import FractalRun
from polytape.engines.hvn_run import HvnRun
from polytape.engines.scan_result import ScanResult
from polytape.engines.session import SessionData, SessionFields
from polytape.engines.zone_run import ZoneRun
from polytape.errors import (
    DataFetchError,
    PolygonClientError,
    RateLimitError,
    ValidationError,
)
from polytape.scan.many import ScanMany


def sync_client(client: PolygonClient) -> None:
    assert_type(client.fetch_bars("AAPL", "2024-01-02", "2024-01-03", "1day"), pd.DataFrame)
    assert_type(client.validate_ticker("AAPL"), bool)
    assert_type(client.get_latest_price("AAPL"), Decimal | None)
    assert_type(client.get_candle_at_datetime("AAPL", "2024-01-02"), Candle | None)
    assert_type(client.search_symbols("apple"), list[Security])
    assert_type(client.clear_cache(), bool)
    assert_type(client.get_session_data("AAPL", "2024-01-02"), SessionFields)
    assert_type(client.session("AAPL", np.datetime64("2024-01-02")), SessionData)
    assert_type(client.rate_limit(), RateLimit)
    assert_type(client.test_connection(), tuple[bool, str])
    assert_type(client.stats(), ClientStats)
    with client as same:
        assert_type(same, PolygonClient)


async def async_client(client: AsyncPolygonClient) -> None:
    assert_type(await client.fetch_bars("AAPL", "2024-01-02", "2024-01-03", "1day"), pd.DataFrame)
    assert_type(await client.get_latest_price("AAPL"), Decimal | None)
    assert_type(await AsyncFractalEngine(client).run("AAPL"), FractalRun)
    assert_type(await AsyncConfluenceScanner(client).scan("AAPL"), ScanResult)


def engines(client: PolygonClient) -> None:
    assert_type(ConfluenceScanner(client).scan("AAPL", None, [1.0], [2.0], windows=[7]), ScanResult)
    assert_type(FractalEngine(client).run("AAPL", fractal_length=5), FractalRun)
    assert_type(FractalEngine(client).history("AAPL", history_days=5), FractalHistoryRun)
    assert_type(HVNEngine(client).run("AAPL", windows=7), HvnRun)
    assert_type(HVNEngine(client).run("AAPL", windows=np.array([7, 14]), percentile=90), HvnRun)
    assert_type(CamarillaEngine(client).run("AAPL", periods="day", variant="range"), CamarillaRun)
    assert_type(ZoneCalculator(client).run("AAPL", None, [1.0]), ZoneRun)
    assert_type(scan_many(["AAPL"], store="path"), ScanMany)
    FractalEngine(client).run("AAPL", fractal_lenght=5)  # type: ignore[call-arg]


def errors(error: RateLimitError) -> None:
    base: type[PolygonClientError] = DataFetchError
    wrong: type[ValueError] = ValidationError
    assert_type(error.retry_at is None, bool)
    assert (base, wrong, PolygonClientConfig.BASE_URL, CacheManager) is not None
