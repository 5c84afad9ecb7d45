"""What each engine's result adds to its candles."""

from collections.abc import Callable
from datetime import date
from itertools import cycle
from typing import Any, TypeAlias

import numpy as np

from polytape.engines.bad_print_run import BadPrintRun
from polytape.engines.camarilla import KEY_LEVELS
from polytape.engines.camarilla_run import CamarillaRun
from polytape.engines.fractal_history_run import FractalHistoryRun
from polytape.engines.fractal_run import FractalRun
from polytape.engines.fractals import Swing
from polytape.engines.gap_run import GapRun
from polytape.engines.hvn_run import HvnRun
from polytape.engines.opening_range_run import OpeningRangeRun
from polytape.engines.poc_run import PocRun
from polytape.engines.scan_result import ScanResult
from polytape.engines.session import SessionData
from polytape.engines.vwap_run import VwapRun
from polytape.engines.zone_run import ZoneRun
from polytape.model.counts import counted
from polytape.model.market import xnys
from polytape.model.timestamps import to_us
from polytape.plot.canvas import Canvas, price_text

Overlay: TypeAlias = Callable[[Any, Canvas], None]

STRENGTH = {"L1": 0.10, "L2": 0.15, "L3": 0.21, "L4": 0.28, "L5": 0.36}
DASHES = {"day": "-", "week": "--", "month": ":"}
# Of weeks and months; R5 and R6 of a month would make its picture twice as high.
SHOWN_PIVOTS = ("R3", "R4", "S3", "S4")
SHOWN_VOTES, SHOWN_SWINGS, SHOWN_PRINTS = 3, 8, 8


def scan(result: ScanResult, canvas: Canvas) -> None:
    """Zones as strong as their level, swings, the profile of the longest window."""
    for zone in result.zones:
        color = canvas.palette.side(zone.kind)
        canvas.zone(zone.low, zone.high, color, zone.kind, strength=STRENGTH[zone.level])
        votes = list(zone.votes[:SHOWN_VOTES])
        more = len(zone.votes) - len(votes)
        said = ", ".join(votes) + (f" +{more}" if more else "")
        canvas.label(zone.centre, f"{price_text(zone.centre)}  {zone.level}  {said}", color)
    _swings(result.swings, canvas)
    if result.profile is not None:
        canvas.profile(result.profile.prices, result.profile.volumes, result.profile.step)
    canvas.last_price()


def swings(result: FractalRun, canvas: Canvas) -> None:
    """Swings joined to a zigzag, the last ones by their price."""
    known = result.fractals.swings
    _zigzag(known, canvas)
    _swings(known, canvas)
    for swing in known[-SHOWN_SWINGS:]:
        _name(swing, canvas)


def swing_history(result: FractalHistoryRun, canvas: Canvas) -> None:
    """Swings that stayed, joined, and those that were replaced."""
    stayed = tuple(one for one in result.history.swings if one.replaced_at is None)
    _zigzag(stayed, canvas)
    _swings(stayed, canvas)
    for swing in result.history.swings:
        at = canvas.place_of(to_us(swing.occurred_at))
        if at is not None and swing.replaced_at is not None:
            is_high = swing.kind == "high"
            color = canvas.palette.down
            canvas.marker(at, swing.price, "x", color, "replaced later", above=is_high)
    for swing in stayed[-SHOWN_SWINGS:]:
        _name(swing, canvas)


def profiles(result: HvnRun, canvas: Canvas) -> None:
    """The profile of the longest window with its nodes, and each window's point of control."""
    if not result.profiles:
        return
    longest = max(result.profiles)
    widest = result.profiles[longest]
    canvas.profile(widest.prices, widest.volumes, widest.step)
    for color, (days, profile) in zip(
        cycle(canvas.palette.series), result.profiles.items(), strict=False
    ):
        if profile.poc is not None:
            canvas.level(profile.poc, color, f"point of control, {counted(days, 'day')}")
            canvas.label(profile.poc, f"{price_text(profile.poc)}  POC {days}d", color)
    quiet = canvas.palette.quiet
    for name, price in (("low", widest.value_area_low), ("high", widest.value_area_high)):
        if price is not None:
            canvas.level(price, quiet, f"value area, {counted(longest, 'day')}", dashes=":")
            canvas.label(price, f"{price_text(price)}  value area {name}", quiet)
    for node in widest.hvns[1:]:
        canvas.label(node.price, f"{price_text(node.price)}  HVN {node.rank}", canvas.palette.ink)


def pivots(result: CamarillaRun, canvas: Canvas) -> None:
    """The key levels of each period over the last days. The picture is as high as the shortest
    period's take, and has those of longer ones that lie in it.
    """
    begin = canvas.count - canvas.count // 3
    for period, made in result.pivots.items():
        for name, price in made.levels.items():
            if name not in SHOWN_PIVOTS and not (period == "day" and name in (*KEY_LEVELS, "PP")):
                continue
            side = {"R": canvas.palette.resistance, "S": canvas.palette.support}
            color = side.get(name[0], canvas.palette.ink)
            how: dict[str, Any] = {"at": begin, "dashes": DASHES[period]}
            is_wanted = period == result.shortest
            canvas.level(price, color, f"of the {period}", is_wanted=is_wanted, **how)
            canvas.label(price, f"{price_text(price)}  {name} {period}", color)


def zones(result: ZoneRun, canvas: Canvas) -> None:
    """Every zone by its name."""
    for zone in result.zones:
        color = canvas.palette.side(zone.side)
        canvas.zone(zone.low, zone.high, color, zone.side, strength=0.16)
        canvas.label(zone.level, f"{price_text(zone.level)}  {zone.name}  {zone.family}", color)
    canvas.last_price()


def vwap(result: VwapRun, canvas: Canvas) -> None:
    """The VWAP and its bands as they ran."""
    lines = {} if result.drawn is None else result.drawn.lines
    for name, prices in lines.items():
        is_mean = name == "VWAP"
        color = canvas.palette.accent if is_mean else canvas.palette.quiet
        canvas.line(
            np.arange(len(prices), dtype=np.float64), prices, color, name if is_mean else "bands"
        )
    for level in result.levels:
        color = canvas.palette.quiet if level.deviations else canvas.palette.accent
        canvas.label(level.price, f"{price_text(level.price)}  {level.name}", color)
    canvas.last_price()


def session(result: SessionData, canvas: Canvas) -> None:
    """The prices that a session begins with, and a usual day's range about the last one."""
    colors, market = canvas.palette, xnys()
    day = market.session(market.date_of(to_us(result.session_datetime)))
    bell = -1 if day is None else canvas.index_at(day.open)
    prices = (
        ("pre-market", result.pre_market_price, colors.quiet, ":", bell),
        ("open", result.open_price, colors.accent, "-", bell),
        ("ATR high", result.atr_high, colors.resistance, "--", -1),
        ("ATR low", result.atr_low, colors.support, "--", -1),
    )
    for name, price, color, dashes, at in prices:
        if price is not None:
            canvas.level(float(price), color, name, at=at, dashes=dashes)
            canvas.label(float(price), f"{price_text(float(price))}  {name}", color)
    canvas.last_price()


def ranges(result: OpeningRangeRun, canvas: Canvas) -> None:
    """A box for each range, its ends carried on."""
    session = None if result.day is None else xnys().session(result.day)
    if session is None:
        return
    at = canvas.index_at(session.open)
    for color, one in zip(cycle(canvas.palette.series), result.ranges, strict=False):
        name = f"first {counted(one.minutes, 'minute')}"
        end = canvas.index_at(to_us(one.known_at))
        canvas.box(one.low, one.high, color, at=at, end=end)
        for end_name, price in (("high", one.high), ("low", one.low)):
            canvas.level(price, color, name, at=end, dashes=":")
            canvas.label(price, f"{price_text(price)}  {one.minutes}min {end_name}", color)
    canvas.last_price()


def gaps(result: GapRun, canvas: Canvas) -> None:
    """What is left of each gap, from its day on."""
    if not result.gaps:
        canvas.notes.append("no open gap")
    for gap in result.gaps:
        color = canvas.palette.side("support" if gap.direction == "up" else "resistance")
        at = max(canvas.index_at(_start(gap.day)), 0)
        name = f"gap {gap.direction}, still open"
        canvas.zone(gap.open_low, gap.open_high, color, name, strength=0.3, at=at)
        text = f"{price_text(gap.open_low)}-{price_text(gap.open_high)}  {gap.day:%d %b %Y}"
        canvas.label((gap.open_low + gap.open_high) / 2, text, color)
    canvas.last_price()


def points_of_control(result: PocRun, canvas: Canvas) -> None:
    """Naked ones from their day on, and the session's own as it developed."""
    for color, one in zip(cycle(canvas.palette.series[1:]), result.naked, strict=False):
        at = canvas.index_at(_start(one.day))
        canvas.level(one.price, color, "naked point of control", at=at)
        canvas.label(one.price, f"{price_text(one.price)}  naked {one.day:%d %b}", color)
    moves = [(canvas.index_at(to_us(move.known_at)), move.price) for move in result.developing]
    if moves and result.poc is not None:
        moves.append((canvas.count, result.poc))
        places = np.repeat([float(at) for at, _ in moves], 2)[1:]
        prices = np.repeat([price for _, price in moves], 2)[:-1]
        canvas.line(places, prices, canvas.palette.accent, "developing point of control")
        canvas.label(result.poc, f"{price_text(result.poc)}  POC", canvas.palette.accent)
    canvas.last_price()


def bad_prints(result: BadPrintRun, canvas: Canvas) -> None:
    """A mark at each, the worst by their distance."""
    worst = sorted(result.prints, key=lambda one: -abs(one.percent))[:SHOWN_PRINTS]
    if not result.prints:
        canvas.notes.append(f"no bad print in {counted(result.bars, 'bar')}")
    for one in result.prints:
        at = canvas.place_in(to_us(one.datetime))
        price = one.high if one.percent > 0 else one.low
        if at is not None:
            canvas.wanted.append(price)
            color = canvas.palette.accent
            canvas.marker(at, price, "x", color, "bad print", above=one.percent > 0)
            if one in worst:
                canvas.label(price, f"{price_text(price)}  {one.percent:+.1f} %", color)


def _start(day: date) -> int:
    return xnys().day_start(day)


def _swings(known: tuple[Swing, ...], canvas: Canvas) -> None:
    for swing in known:
        at = canvas.place_of(to_us(swing.occurred_at))
        if at is not None:
            is_high = swing.kind == "high"
            shape = ("v" if is_high else "^") if swing.settled else "o"
            name = f"swing {swing.kind}" if swing.settled else "swing that may still be replaced"
            canvas.marker(at, swing.price, shape, canvas.palette.ink, name, above=is_high)


def _zigzag(known: tuple[Swing, ...], canvas: Canvas) -> None:
    places = [(canvas.place_of(to_us(one.occurred_at)), one.price) for one in known]
    there = [(at, price) for at, price in places if at is not None]
    if there:
        prices = np.array([price for _, price in there])
        canvas.line([float(at) for at, _ in there], prices, canvas.palette.quiet, "zigzag")


def _name(swing: Swing, canvas: Canvas) -> None:
    canvas.label(swing.price, f"{price_text(swing.price)}  {swing.kind}", canvas.palette.ink)
