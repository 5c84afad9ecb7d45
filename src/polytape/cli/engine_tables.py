"""Results of the engines as tables: rows from the gateway's JSON."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from polytape.cli.answers import JsonObject

SHOWN_IN = ZoneInfo("America/New_York")
LEVEL_NAMES = (*(f"R{n}" for n in range(6, 0, -1)), "PP", *(f"S{n}" for n in range(1, 7)))

Row: TypeAlias = dict[str, object]


def rows_of(engine: str, result: JsonObject) -> list[Row]:
    """The table of an engine's result. `engine` is its name in the registry."""
    return ROWS.get(engine, plain_rows)(result)


def heading(engine: str, result: JsonObject) -> str | None:
    """A line above the table."""
    if engine == "fractals":
        structure = result["fractals"]["structure"]
        return f"{result['symbol']} {result['timeframe']} {structure}"
    if engine == "zones" and result["price"] is not None:
        return f"{result['symbol']} {result['price']:.2f}"
    return None


def moment_text(text: str) -> str:
    """An instant, ISO 8601, in New York time."""
    return f"{datetime.fromisoformat(text).astimezone(SHOWN_IN):%a %Y-%m-%d %H:%M}"


def fractal_rows(result: JsonObject) -> list[Row]:
    """A row for each swing."""
    return [
        {
            "at": moment_text(swing["datetime"]),
            "kind": swing["kind"],
            "price": round(swing["price"], 4),
            "atr": round(swing["atr"], 4),
            "known": moment_text(swing["confirmed_at"]),
            "settled": swing["settled"],
        }
        for swing in result["fractals"]["swings"]
    ]


def hvn_rows(result: JsonObject) -> list[Row]:
    """A row for the point of control, the ends of the value area and each node of each window."""
    rows: list[Row] = []
    for window, profile in result["profiles"].items():
        prices = {
            "poc": profile["poc"],
            "value area low": profile["value_area_low"],
            "value area high": profile["value_area_high"],
        }
        levels = [(name, price) for name, price in prices.items() if price is not None]
        levels += [(f"HVN {node['rank']}", node["price"]) for node in profile["hvns"]]
        rows += [{"days": int(window), "what": n, "price": round(p, 4)} for n, p in levels]
    return rows


def camarilla_rows(result: JsonObject) -> list[Row]:
    """A row for each level, a column for each period."""
    pivots = result["pivots"].items()
    return [
        {"level": name} | {period: round(made["levels"][name], 4) for period, made in pivots}
        for name in LEVEL_NAMES
    ]


def zone_rows(result: JsonObject) -> list[Row]:
    """A row for each zone, the highest first."""
    return [
        {
            "zone": zone["name"],
            "type": zone["type"],
            "low": round(zone["low"], 4),
            "level": round(zone["level"], 4),
            "high": round(zone["high"], 4),
            "side": zone["side"],
        }
        for zone in sorted(result["zones"], key=lambda zone: -zone["level"])
    ]


def plain_rows(result: JsonObject) -> list[Row]:
    """For an engine without a table of its own: its first list of records."""
    lists = (value for value in result.values() if isinstance(value, list) and value)
    return next((rows for rows in lists if isinstance(rows[0], dict)), [])


ROWS: dict[str, Callable[[JsonObject], list[Row]]] = {
    "fractals": fractal_rows,
    "hvn": hvn_rows,
    "camarilla": camarilla_rows,
    "zones": zone_rows,
}
