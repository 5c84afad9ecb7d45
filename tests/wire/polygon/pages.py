"""Pages of bars as the vendor writes them."""

from typing import Any

import msgspec

BAR = {"o": 1, "h": 2, "l": 0.5, "c": 1.5, "v": 100, "t": 1_720_000_000_000}


def page(count: int = 1, **more: Any) -> bytes:
    rows = [BAR | {"t": BAR["t"] + 60_000 * n} for n in range(count)]
    facts = {"status": "OK", "queryCount": count, "resultsCount": count, "results": rows}
    return msgspec.json.encode(facts | more)
