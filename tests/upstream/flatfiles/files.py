"""Flat files as the vendor writes them."""

import gzip
from datetime import date
from pathlib import Path

from tests.conftest import MARKET

HEADER = "ticker,volume,open,close,high,low,window_start,transactions"
DAY = date(2024, 7, 2)
OPEN_NS = (MARKET.midnight(DAY) + 34_200_000_000) * 1_000
MINUTE_NS = 60_000_000_000


def put(root: Path, kind: str, day: date, lines: list[str], header: str = HEADER) -> Path:
    path = root / "us_stocks_sip" / kind / f"{day:%Y}" / f"{day:%m}" / f"{day}.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("\n".join([header, *lines, ""]).encode()))
    return path


def line(ticker: str, minute: int = 0, volume: str = "100", close: float = 10.0) -> str:
    return f"{ticker},{volume},10.0,{close},12.0,9.0,{OPEN_NS + minute * MINUTE_NS},7"
