"""FastAPI and pydantic answering bars as JSON, made for each request from columns in memory.

`python -m bench.fastapi_peer BARS.json PORT`
"""

import json
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

NAMES = ("open", "high", "low", "close", "volume", "vwap", "transactions")


class Bar(BaseModel):
    """A row of the answer."""

    timestamp: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    transactions: int | None


class Answer(BaseModel):
    """The whole answer."""

    data: list[Bar]
    metadata: dict[str, str | int | bool | None]


def make_app(path: Path) -> FastAPI:
    """An app with the columns of an answer of the gateway."""
    rows = json.loads(path.read_bytes())["data"]
    columns = {name: np.array([row[name] for row in rows]) for name in NAMES}
    stamps = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    app = FastAPI()

    async def bars() -> Answer:
        lists = [columns[name].tolist() for name in NAMES]
        data = [
            Bar(timestamp=stamp, **dict(zip(NAMES, row, strict=True)))
            for stamp, *row in zip(stamps, *lists, strict=True)
        ]
        return Answer(data=data, metadata={"symbol": "AAPL", "count": len(data)})

    app.add_api_route("/bars", bars)
    return app


if __name__ == "__main__":
    uvicorn.run(
        make_app(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="error", loop="uvloop",
        http="httptools", access_log=False,
    )  # fmt: skip
