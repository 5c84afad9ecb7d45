"""Results of the engines as tables: rows from the gateway's JSON."""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from polytape.cli.answers import Json, JsonObject
from polytape.cli.output import screen_width
from polytape.engines.as_traded import as_traded_text, only_as_traded, only_in_todays_shares
from polytape.engines.market_state import closed_text

SHOWN_IN = ZoneInfo("America/New_York")
# The engines whose heading has the price.
WITH_PRICE = frozenset({"zones", "hvn", "vwap", "opening-range", "gaps", "poc", "bad-prints"})
LEVEL_NAMES = (*(f"R{n}" for n in range(6, 0, -1)), "PP", *(f"S{n}" for n in range(1, 7)))

Row: TypeAlias = dict[str, Json]

# Of several prices in a row the one that is shown as traded, too.
MAIN_PRICES = ("level", "price")
# Columns that make room for prices as traded; csv and JSON have them.
GIVES_WAY = frozenset({"side", "was", "percent", "bars", "settled", "share"})


def rows_of(engine: str, result: JsonObject, form: str = "csv") -> list[Row]:
    """The table of an engine's result. `engine` is its name in the registry. Where prices as traded
    were wanted and differ, they stand in columns of their own; in a table for people in brackets.
    """
    make = (NARROW_ROWS if form == "table" else {}).get(engine) or ROWS.get(engine, plain_rows)
    if "split_factor" not in result:
        return make(result)
    rows = make(only_in_todays_shares(result))
    if result["split_factor"] in (None, 1):
        return rows
    both = list(zip(rows, make(only_as_traded(result)), strict=True))
    prices = {name for row, other in both for name in row if row[name] != other[name]}
    put = _in_brackets if form == "table" else _in_columns
    return [put(row, other, prices) for row, other in both]


def how_lines(result: JsonObject) -> list[str]:
    """The preset of a result, and how prices as traded differ where they were wanted."""
    lines = [] if result.get("preset") is None else [f"preset {result['preset']}"]
    if "split_factor" in result:
        lines.append(as_traded_text(result["split_factor"]))
    return lines


def _in_columns(row: Row, traded: Row, prices: Collection[str]) -> Row:
    made: Row = {}
    for name, value in row.items():
        made[name] = value
        if name in prices:
            made[f"{name} as traded"] = traded[name]
    return made


def _in_brackets(row: Row, traded: Row, prices: Collection[str]) -> Row:
    """`119.62 (598.10)` for the price that matters most, on a screen of 80 columns."""
    main = next(({name} for name in MAIN_PRICES if name in prices), set(prices) - {"middle"})
    return {
        name: f"{_cents(value)} ({_cents(traded[name])})"
        if name in main and isinstance(value, float)
        else value
        for name, value in row.items()
        if name not in GIVES_WAY
    }


def _cents(price: float) -> str:
    """A price with two decimals, below a dollar with four."""
    return f"{price:.{2 if price >= 1 else 4}f}"


def heading(engine: str, result: JsonObject) -> list[str]:
    """The lines above the table: of what it is, as of when, and, where the market was closed then,
    why, and of which session.
    """
    subject, *facts = _subject(engine, result)
    alone = not facts and subject == result["symbol"]
    if "as_of" not in result:  # another server's
        return [] if alone else fact_lines([subject, *facts])
    at = f"{moment_text(result['as_of'])} New York"
    first = [f"{subject} as of {at}"] if alone else [subject, at]
    return fact_lines([*first, *facts, *closed_facts(result)])


def _subject(engine: str, result: JsonObject) -> list[str]:
    """The symbol and what an engine says of it first, then facts beside the instant."""
    if engine == "fractals":
        return [f"{_with_timeframe(result)} {result['fractals']['structure']}"]
    if engine == "fractal-history":
        # Swings of before the span were shown in it, until others took their place.
        shown = f"swings shown since {moment_text(result['start'])}, older ones too"
        return [_with_timeframe(result), shown]
    if engine == "camarilla":
        pivots = result["pivots"].items()
        return [result["symbol"], *(f"{period} to {made['end']}" for period, made in pivots)]
    if engine == "atr":
        if result["atr"] is None:
            return [f"{result['symbol']} no ATR of {result['timeframe']}"]
        regular = result["atr_regular"]
        text = "" if regular is None else f", of regular hours {regular:.4f}"
        return [f"{result['symbol']} ATR of {result['timeframe']} {result['atr']:.4f}{text}"]
    return _price_facts(result) if engine in WITH_PRICE else [result["symbol"]]


def _with_timeframe(result: JsonObject) -> str:
    return f"{result['symbol']} {result['timeframe']}"


def _price_facts(result: JsonObject) -> list[str]:
    """The symbol with its price, and since when prices count, where they have an anchor."""
    since = [f"since {moment_text(result['anchor'])}"] if "anchor" in result else []
    if "price" not in result:  # an older server's
        return [result["symbol"], *since]
    price = "no price" if result["price"] is None else _cents(result["price"])
    return [f"{result['symbol']} {price}", *since]


def closed_facts(result: JsonObject) -> list[str]:
    """`closed: exchange holiday; levels of Wed 2026-11-25`; none while the market was open, and
    where a server does not say.
    """
    day = result.get("session_day")
    session_day = None if day is None else date.fromisoformat(day)
    moment = datetime.fromisoformat(result["as_of"]).astimezone(SHOWN_IN)
    return list(filter(None, [closed_text(result.get("closed"), session_day, moment)]))


def fact_lines(facts: Iterable[str]) -> list[str]:
    """Facts with dots between them: a line, or more where the screen is narrow."""
    first, *others = facts
    lines = [first]
    for fact in others:
        longer = f"{lines[-1]} · {fact}"
        fits = len(longer) <= screen_width()
        lines = [*lines[:-1], longer] if fits else [*lines, f"  {fact}"]
    return lines


def moment_text(text: str) -> str:
    """An instant, ISO 8601, in New York time."""
    return f"{datetime.fromisoformat(text).astimezone(SHOWN_IN):%a %Y-%m-%d %H:%M}"


def fractal_rows(result: JsonObject) -> list[Row]:
    """A row for each swing."""
    return [_swing_row(swing) for swing in result["fractals"]["swings"]]


def fractal_history_rows(result: JsonObject) -> list[Row]:
    """A row for each swing that was shown, with the instant at which another took its place."""
    return [
        _swing_row(swing) | {"replaced": _moment_or_blank(swing["replaced_at"])}
        for swing in result["history"]["swings"]
    ]


def narrow_history_rows(result: JsonObject) -> list[Row]:
    """The same for people, on a screen of 80 columns: a swing is settled, or was replaced, or
    neither yet, so that one column says which and when.
    """
    rows = []
    for row in fractal_history_rows(result):
        settled, replaced = row.pop("settled"), row.pop("replaced")
        known = f"replaced {replaced}" if replaced else f"settled {settled}" if settled else ""
        rows.append(row | {"outcome": known or "may be replaced"})
    return rows


def _swing_row(swing: JsonObject) -> Row:
    # Without weekday and ATR it fits 80 columns.
    return {
        "occurred": _moment_or_blank(swing["occurred_at"]),
        "kind": swing["kind"],
        "price": round(swing["price"], 4),
        "confirmed": _moment_or_blank(swing["confirmed_at"]),
        "settled": _moment_or_blank(swing["settled_at"]),
    }


def _moment_or_blank(text: str | None) -> str:
    """An instant, ISO 8601, in New York time; blank without one."""
    if text is None:
        return ""
    return f"{datetime.fromisoformat(text).astimezone(SHOWN_IN):%Y-%m-%d %H:%M}"


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
        anchor = result.get("anchors", {}).get(window)
        levels += [] if anchor is None else [("anchor", anchor)]
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


def narrow_zone_rows(result: JsonObject) -> list[Row]:
    """The same for people: beside the side whether the price lies in the zone."""
    price = result.get("price")

    def marked(zone: JsonObject) -> JsonObject:
        inside = price is not None and zone["low"] <= price <= zone["high"]
        return {**zone, "side": f"{zone['side']} inside"} if inside else zone

    return zone_rows({**result, "zones": [marked(zone) for zone in result["zones"]]})


def opening_range_rows(result: JsonObject) -> list[Row]:
    """A row for each range; the times are New York's."""
    return [
        {
            "minutes": one["minutes"],
            "low": round(one["low"], 4),
            "middle": round(one["middle"], 4),
            "high": round(one["high"], 4),
            "bars": one["bars"],
            "above": _moment_or_blank(one["above_at"])[-5:],
            "below": _moment_or_blank(one["below_at"])[-5:],
        }
        for one in result.get("ranges", ())
    ]


def bad_print_rows(result: JsonObject) -> list[Row]:
    """A row for each bad print."""
    return [
        {
            "at": moment_text(one["datetime"]),
            **{name: round(one[name], 4) for name in ("high", "low", "close", "before", "after")},
            "percent": round(one["percent"], 2),
            "settled": one["settled"],
        }
        for one in result.get("prints", ())
    ]


def gap_rows(result: JsonObject) -> list[Row]:
    """A row for each gap: what is left of it, and how large it was."""
    return [
        {
            "day": one["day"],
            "gap": one["direction"],
            "open from": round(one["open_low"], 4),
            "to": round(one["open_high"], 4),
            "was": f"{one['low']:.2f}-{one['high']:.2f}",
            "percent": round(one["size_percent"], 2),
            "sessions": one["sessions"],
        }
        for one in result.get("gaps", ())
    ]


def narrow_poc_rows(result: JsonObject) -> list[Row]:
    """For people: the naked points of control, and where the session's own stands, since when."""
    naked: list[Row] = [
        {
            "day": one["day"],
            "point of control": "naked",
            "price": one["price"],
            "since": "",
            "volume": f"{one['volume']:,.0f}",
            "share": f"{one['share']:.1%}",
            "sessions": one["sessions"],
        }
        for one in result.get("naked", ())
    ]
    own: list[Row] = [
        {
            "day": result["day"],
            "point of control": "developing",
            "price": last["price"],
            "since": _moment_or_blank(last["known_at"])[-5:],
            **dict.fromkeys(("volume", "share", "sessions"), ""),
        }
        for last in result.get("developing", ())[-1:]
    ]
    return own + naked


def plain_rows(result: JsonObject) -> list[Row]:
    """For an engine without a table of its own: its first list of records."""
    lists = (value for value in result.values() if isinstance(value, list) and value)
    records = next((rows for rows in lists if isinstance(rows[0], dict)), [])
    return [{name: _rounded(value) for name, value in record.items()} for record in records]


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


ROWS: dict[str, Callable[[JsonObject], list[Row]]] = {
    "fractals": fractal_rows,
    "fractal-history": fractal_history_rows,
    "hvn": hvn_rows,
    "camarilla": camarilla_rows,
    "zones": zone_rows,
    "opening-range": opening_range_rows,
    "bad-prints": bad_print_rows,
    "gaps": gap_rows,
}
# In tables for people, where those of csv and JSON are too wide, or say less.
NARROW_ROWS: dict[str, Callable[[JsonObject], list[Row]]] = {
    "fractal-history": narrow_history_rows,
    "zones": narrow_zone_rows,
    "poc": narrow_poc_rows,
}
