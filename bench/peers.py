"""Other ways to the same bars: the vendor's own client, and how the older tools ask."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import requests
from massive import RESTClient

PAGE = 50_000


def massive_frame(url: str, symbol: str, start_ms: int, end_ms: int) -> Callable[[], pd.DataFrame]:
    """The vendor's client asks the gateway for minute bars, and a frame is made of them."""
    client = RESTClient(api_key="any", base=url, retries=0)

    def fetch() -> pd.DataFrame:
        aggs = client.list_aggs(symbol, 1, "minute", start_ms, end_ms, limit=PAGE)
        frame = pd.DataFrame([vars(agg) for agg in aggs])
        frame["timestamp"] = pd.to_datetime(frame["timestamp"], unit="ms", utc=True)
        return frame.set_index("timestamp", drop=False)

    return fetch


def by_requests(url: str, body: dict[str, Any]) -> Callable[[], pd.DataFrame]:
    """As the older tools do it: requests, `.json()`, a frame of rows, `to_datetime`."""
    session = requests.Session()

    def fetch() -> pd.DataFrame:
        answer = session.post(f"{url}/api/v1/bars", json=body, timeout=60)
        answer.raise_for_status()
        frame = pd.DataFrame(answer.json()["data"])
        frame["timestamp"] = pd.to_datetime(frame["timestamp"])
        return frame.set_index("timestamp", drop=False)

    return fetch
