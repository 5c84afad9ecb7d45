"""Scans as they are printed: zones as lines for people, rows for csv, whole results as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

import click
import msgspec

from polytape.cli.answers import JsonObject
from polytape.cli.engine_tables import SHOWN_IN, Row, closed_facts, fact_lines
from polytape.cli.output import basis_line, note, paragraph, print_records
from polytape.engines.as_traded import as_traded_text

if TYPE_CHECKING:
    from polytape.engines.result import EngineRunResult


class Style(TypedDict, total=False):
    """How a text looks on the screen, as `click.style` takes it."""

    fg: str
    bold: bool
    dim: bool


STYLES: dict[str, Style] = {
    "L5": {"fg": "red", "bold": True},
    "L4": {"fg": "yellow", "bold": True},
    "L3": {"fg": "yellow"},
    "L2": {"fg": "cyan"},
    "L1": {"dim": True},
}
SHOWN_LEVELS = 4
RANGES = {"5min": "atr_5min", "15min": "atr_15min", "1day": "atr_day"}


@dataclass(frozen=True)
class Scans:
    """Results by symbol as the gateway's JSON, and the errors of the symbols that have none."""

    results: Mapping[str, JsonObject]
    errors: Mapping[str, str]


def as_json(result: "EngineRunResult") -> JsonObject:
    """A result as the gateway would answer it."""
    decoded: JsonObject = msgspec.json.decode(msgspec.json.encode(result.to_dict()))
    return decoded


def show(scans: Scans, form: str, top: int) -> None:
    """Print scans, at most `top` zones of each; errors go to stderr."""
    for symbol, why in scans.errors.items():
        note(f"{symbol}: {why}")
    results = list(scans.results.values())
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(results), indent=2))
    elif form == "csv":
        print_records([row for result in results for row in _rows(result, top)], form)
    else:
        for line in (line for result in results for line in scan_lines(result, top)):
            click.echo(line)


def scan_lines(result: JsonObject, top: int) -> list[str]:
    """Zones as lines, and what is missing for them."""
    lines = [click.style(line, bold=True) for line in _heading(result)]
    for zone in result["zones"][:top]:
        lines.append(_zone_line(zone, result["price"]))
        if result.get("split_factor") not in (None, 1):
            low, high = zone["low_as_traded"], zone["high_as_traded"]
            lines.append(f"      as traded {low:.2f}-{high:.2f}")
        if zone.get("rate") is not None:
            lines += paragraph(_rate(zone["rate"]), 6)
        lines += [click.style(line, dim=True) for line in paragraph(_parts(zone), 6)]
    if not result["zones"]:
        lines.append("  no zones")
    remarks = [] if "split_factor" not in result else [as_traded_text(result["split_factor"])]
    remarks += [f"{name}: {why}" for name, why in result["errors"].items()] + result["notes"]
    remarks += filter(None, [basis_line(result.get("basis"))])
    below = [line for remark in remarks for line in paragraph(remark, 2)]
    return [*lines, *(click.style(line, fg="yellow") for line in below)]


def _zone_line(zone: JsonObject, price: float) -> str:
    """Level, prices, side, score, the distance to the centre, and whether the price lies in it."""
    level = click.style(f"  {zone['level']}", **STYLES[zone["level"]])
    inside = "  inside" if zone["low"] <= price <= zone["high"] else ""
    return (
        f"{level}  {zone['low']:.2f}-{zone['high']:.2f}  {zone['kind']}  "
        f"score {zone['score']:.1f}  {zone['distance']:+.2f} ({zone['distance_atr']:+.1f} ATR)"
        f"{inside}"
    )


def _heading(result: JsonObject) -> list[str]:
    """What was scanned, when, and how it moves: a line, or two where the screen is narrow."""
    price = "no price" if result["price"] is None else f"{result['price']:.2f}"
    at = datetime.fromisoformat(result["as_of"]).astimezone(SHOWN_IN)
    known = {name: result[field] for name, field in RANGES.items() if result[field] is not None}
    ranges = ", ".join(f"ATR {name} {atr:.2f}" for name, atr in known.items())
    symbol, moment = f"{result['symbol']} {price}", f"{at:%a %Y-%m-%d %H:%M} New York"
    preset = [] if result.get("preset") is None else [f"preset {result['preset']}"]
    facts = filter(None, (symbol, moment, *closed_facts(result), result["structure"], ranges))
    return fact_lines([*facts, *preset])


def _rows(result: JsonObject, top: int) -> Iterable[Row]:
    """A row for each zone."""
    for zone in result["zones"][:top]:
        row: Row = {name: result[name] for name in ("symbol", "as_of", "price")} | zone
        row["parts"] = ", ".join(part["name"] for part in zone["parts"])
        row["candle"] = None if zone["candle"] is None else zone["candle"]["datetime"]
        row["families"], row["votes"] = ", ".join(zone["families"]), ", ".join(zone["votes"])
        rate: JsonObject = zone.get("rate") or {}
        row.pop("rate", None)
        row["held"], row["random_held"] = rate.get("share"), rate.get("random")
        yield row


def _parts(zone: JsonObject) -> str:
    """The kinds that voted, each with its levels: `fractal 168.03/168.08`; then, in brackets, those
    that touch the zone and have no vote of their own.
    """
    by_type: dict[str, list[str]] = {}
    for part in zone["parts"]:
        name = part["name"].removeprefix(f"{part['type']} ") if part["family"] != "fractal" else ""
        shown = f"{name if part['family'] != 'hvn' else ''} {part['level']:.2f}".strip()
        by_type.setdefault(part["type"], []).append(shown)
    kinds = [(kind, _few(shown)) for kind, shown in sorted(by_type.items())]
    votes = ", ".join(f"{kind} {shown}" for kind, shown in kinds if kind in zone["votes"])
    others = ", ".join(f"{kind} {shown}" for kind, shown in kinds if kind not in zone["votes"])
    return f"{votes} ({others})" if others else votes


def _few(shown: list[str]) -> str:
    more = len(shown) - SHOWN_LEVELS
    return "/".join(shown[:SHOWN_LEVELS]) + (f" and {more} more" if more > 0 else "")


def _rate(rate: JsonObject) -> str:
    """`held 71 % of 210, random 68 % (difference -4 to +10 points)`."""
    if rate["share"] is None:
        return "no zone of this level was touched before"
    text = f"held {rate['share']:.0%} of {rate['of']}"
    if rate["random"] is not None:
        text += f", random levels {rate['random']:.0%}"
    if rate["low"] is None:
        return f"{text}; too few to tell them apart"
    return f"{text}; difference {100 * rate['low']:+.0f} to {100 * rate['high']:+.0f} points"
