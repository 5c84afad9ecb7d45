"""Bars without a client of one's own: a line in a notebook."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from polytape.client.bars_request import When
from polytape.client.bars_view import Zone
from polytape.client.download import Shape
from polytape.client.sync import PolygonClient
from polytape.model.timeframes import Timeframe

if TYPE_CHECKING:
    import pandas as pd


def download(
    symbols: str | Iterable[str],
    start: When | None = None,
    end: When | None = None,
    interval: str | Timeframe = "1day",
    *,
    period: str | None = None,
    tz: Zone = None,
    columns: str | Iterable[str] | None = None,
    shape: Shape = "wide",
    include_extended: bool = True,
    allow_partial: bool = False,
    adjusted: bool = True,
    client: PolygonClient | None = None,
) -> "pd.DataFrame":
    """Bars of several symbols in one frame: `polytape.download(["AAPL", "MSFT"], period="1mo")`.

    As `PolygonClient.download`. Without a `client` one is made for this call, by POLYTAPE_URL.

    Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.
    """
    if client is None:
        with PolygonClient() as made:
            return download(
                symbols,
                start,
                end,
                interval,
                period=period,
                tz=tz,
                columns=columns,
                shape=shape,
                include_extended=include_extended,
                allow_partial=allow_partial,
                adjusted=adjusted,
                client=made,
            )
    return client.download(
        symbols,
        start,
        end,
        interval,
        period=period,
        tz=tz,
        columns=columns,
        shape=shape,
        include_extended=include_extended,
        allow_partial=allow_partial,
        adjusted=adjusted,
    )
