"""Swing points: strict fractals, thinned to a zigzag by ATR, and the structure they make.

Definitions: Williams, Trading Chaos (1995), for the fractal. Each swing has three instants: when it
occurred, when it could be known, and when nothing could replace it any more. `fractals` has the
swings as they are known at the end of the bars; those that had been shown and then replaced are not
among them. Trades that are tested on them at `confirmed_at` profit from that. Backtests use
`fractal_history`, which has all of them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime as Moment  # noqa: N812 - `datetime` is a field's name
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np

from polytape.engines import validation, zigzag
from polytape.engines.atr import Atr, atr
from polytape.engines.options import AtrMethod
from polytape.engines.result import Result, names_of, shown_at
from polytape.engines.zigzag import Kind, Shown
from polytape.model.arrays import Ints
from polytape.model.aware import Instant, aware
from polytape.model.bars import Bars
from polytape.model.counts import counted
from polytape.model.market import Market, xnys
from polytape.model.resample import bar_ends
from polytape.model.timeframes import Timeframe, parse_timeframe
from polytape.model.timestamps import to_datetime

Structure: TypeAlias = Literal[
    "UPTREND", "DOWNTREND", "EXPANDING", "CONTRACTING", "MIXED", "INSUFFICIENT_DATA"
]
SHOWN_SWINGS = 4


@dataclass(frozen=True)
class Swing(Result):
    """A swing point. All instants are UTC: `occurred_at` is the start of its bar (`datetime` too),
    `confirmed_at` the end of the last bar that confirms it, `settled_at` the end of the bar that
    confirmed the swing after it, from when on no later bar can replace it; None while one can.
    `index` is its place among the bars; `atr` is that at its bar, in dollars.
    """

    datetime: Moment
    kind: Kind
    price: float
    atr: float
    index: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    occurred_at: Moment
    confirmed_at: Moment
    settled_at: Moment | None

    @property
    def settled(self) -> bool:
        """Whether no later bar can replace it."""
        return self.settled_at is not None

    def __repr__(self) -> str:
        return f"{self.kind} {self.price:.2f} on {shown_at(self.datetime)}"


@dataclass(frozen=True, repr=False)
class ShownSwing(Swing):
    """A swing that was shown from `confirmed_at` on: up to `replaced_at`, when a more extreme one
    of its kind took its place, or to the end where that is None.
    """

    replaced_at: Moment | None

    def shown_at(self, moment: Instant) -> bool:
        """Whether it was among the swings at an instant, UTC where it names no zone.

        Raises: ValidationError for what is no instant.
        """
        return self._was_shown(aware(moment, "moment"))

    def known_at(self, moment: Instant) -> Swing:
        """As it was shown at an instant, UTC where it names no zone.

        Raises: ValidationError for what is no instant.
        """
        return self._known(aware(moment, "moment"))

    def _was_shown(self, moment: Moment) -> bool:
        return self.confirmed_at <= moment and (
            self.replaced_at is None or moment < self.replaced_at
        )

    def _known(self, moment: Moment) -> Swing:
        if self.settled_at is None or self.settled_at <= moment:
            return self._plain
        return replace(self._plain, settled_at=None)

    @cached_property
    def _plain(self) -> Swing:
        """Without the instant of its end."""
        own: dict[str, Any] = {name: getattr(self, name) for name in Swing.__dataclass_fields__}
        return Swing(**own)


@dataclass(frozen=True, repr=False)
class Fractals(Result):
    """Swings in order of time, highs and lows in turn, and the structure of the last two highs and
    lows. With fewer than `needed` bars there are none. ATRs are smoothed by `atr_method`.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = names_of(Swing)

    swings: tuple[Swing, ...]
    structure: Structure
    bars: int
    needed: int
    atr_method: AtrMethod
    notes: tuple[str, ...] = ()

    def since(self, moment: Instant) -> "Fractals":
        """Those that occurred from an instant on, UTC where it names no zone, and their structure.

        Raises: ValidationError for what is no instant.
        """
        first = aware(moment, "moment")
        swings = tuple(swing for swing in self.swings if swing.occurred_at >= first)
        return replace(self, swings=swings, structure=structure_of(swings))

    def rows(self) -> tuple[Swing, ...]:
        """A row for each swing."""
        return self.swings

    def __repr__(self) -> str:
        if self.bars < self.needed:
            return f"Fractals: {counted(self.bars, 'bar')}, {self.needed} are needed"
        head = f"Fractals: {self.structure}, {counted(len(self.swings), 'swing')}"
        return "\n  ".join([head, *map(repr, self.swings[-SHOWN_SWINGS:])])


@dataclass(frozen=True, repr=False)
class FractalHistory(Result):
    """Every swing that was ever shown, in order of `confirmed_at`, with the span in which it was:
    what `fractals` gave at each instant, without a run for each.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = names_of(ShownSwing)

    swings: tuple[ShownSwing, ...]
    bars: int
    needed: int
    atr_method: AtrMethod
    notes: tuple[str, ...] = ()

    def rows(self) -> tuple[ShownSwing, ...]:
        """A row for each swing."""
        return self.swings

    def at(self, moment: Instant, *, since: Instant | None = None) -> tuple[Swing, ...]:
        """The swings that were shown at an instant, as they were known then; with `since` those
        that occurred from there on. An instant that names no zone is UTC.

        Raises: ValidationError for what is no instant.
        """
        at, first = aware(moment, "moment"), 0
        end = bisect_right(self.swings, at, key=lambda swing: swing.confirmed_at)
        if since is not None:
            begin = aware(since, "since")
            first = bisect_left(self.swings, begin, key=lambda swing: swing.occurred_at)
        return tuple(swing._known(at) for swing in self.swings[first:end] if swing._was_shown(at))  # noqa: SLF001 - of this module

    def changes(self) -> Iterator[tuple[Moment, tuple[Swing, ...]]]:
        """Each instant at which the list changed, and the list from then on."""
        now: list[Swing] = []
        for number, swing in enumerate(self.swings):
            moment, before = swing.confirmed_at, self.swings[number - 1] if number else None
            if before is not None:
                now.pop()
                if before.replaced_at is None:
                    now.append(before.known_at(moment))
            now.append(swing.known_at(moment))
            if number + 1 == len(self.swings) or self.swings[number + 1].confirmed_at > moment:
                yield moment, tuple(now)

    def __repr__(self) -> str:
        if self.bars < self.needed:
            return f"FractalHistory: {counted(self.bars, 'bar')}, {self.needed} are needed"
        replaced = sum(swing.replaced_at is not None for swing in self.swings)
        shown = counted(len(self.swings), "swing was", "swings were")
        return f"FractalHistory: {shown} shown, {replaced} of them replaced"


def fractals(
    bars: object,
    *,
    timeframe: str | Timeframe = "15min",
    fractal_length: int = 11,
    min_atr_distance: float = 1.0,
    atr_period: int = 14,
    atr_method: AtrMethod = "wilder",
    check_price_overlap: bool = True,
    market: Market | None = None,
) -> Fractals:
    """Swings of bars of one timeframe, as they are known at the end of the bars.

    A high is a candidate when it is strictly above the highs of the `fractal_length // 2` bars on
    each side, a low likewise; one bar that is both counts as a high first. Highs and lows
    alternate: of two of a kind the more extreme one counts, and one of the other kind counts only
    `min_atr_distance` ATRs of its own bar away from the last. With `check_price_overlap` neither
    counts where its bar would overlap the bar of the swing before it. `market` is New York's by
    default.

    Raises: ValidationError for bad parameters or bars.
    """
    _check(fractal_length, min_atr_distance)
    checked = validation.as_bars(bars)
    ranges = atr(checked, period=atr_period, method=atr_method)
    search = _Search.of(checked, ranges, timeframe, fractal_length, market)
    shown = search.shown(min_atr_distance, apart=check_price_overlap)
    swings = tuple(Swing(**search.facts(one)) for one in shown if one.replaced_by is None)
    return Fractals(swings, structure_of(swings), len(checked), search.needed, atr_method)


def fractal_history(
    bars: object,
    *,
    timeframe: str | Timeframe = "15min",
    fractal_length: int = 11,
    min_atr_distance: float = 1.0,
    atr_period: int = 14,
    atr_method: AtrMethod = "wilder",
    check_price_overlap: bool = True,
    market: Market | None = None,
) -> FractalHistory:
    """What `fractals` gives on every prefix of the bars, for backtests without look-ahead; in the
    time of one run. The parameters are the same.

    Raises: ValidationError for bad parameters or bars.
    """
    _check(fractal_length, min_atr_distance)
    checked = validation.as_bars(bars)
    ranges = atr(checked, period=atr_period, method=atr_method)
    search = _Search.of(checked, ranges, timeframe, fractal_length, market)
    shown = search.shown(min_atr_distance, apart=check_price_overlap)
    swings = tuple(
        ShownSwing(**search.facts(one), replaced_at=search.confirmed_at(one.replaced_by))
        for one in shown
    )
    return FractalHistory(swings, len(checked), search.needed, atr_method)


def final(history: FractalHistory) -> Fractals:
    """What is known at the end of a history."""
    last = history.swings[-1].confirmed_at if history.swings else None
    swings = () if last is None else history.at(last)
    return Fractals(swings, structure_of(swings), history.bars, history.needed, history.atr_method)


def _check(fractal_length: int, min_atr_distance: float) -> None:
    odd = (
        validation.is_number(fractal_length, whole=True)
        and fractal_length >= 3  # noqa: PLR2004 - a bar and one neighbour on each side
        and fractal_length % 2 == 1
    )
    validation.require("fractal_length", fractal_length, odd, "an odd number, 3 or more")
    sound = validation.is_number(min_atr_distance) and min_atr_distance >= 0
    validation.require("min_atr_distance", min_atr_distance, sound, "a number of ATRs, 0 or more")


def structure_of(swings: tuple[Swing, ...]) -> Structure:
    """The structure of the last two highs and the last two lows."""
    highs = [swing.price for swing in swings if swing.kind == "high"][-2:]
    lows = [swing.price for swing in swings if swing.kind == "low"][-2:]
    if min(len(highs), len(lows)) < 2:  # noqa: PLR2004 - two of each are compared
        return "INSUFFICIENT_DATA"
    up, rising = np.sign(highs[1] - highs[0]), np.sign(lows[1] - lows[0])
    named: dict[tuple[float, float], Structure] = {
        (1.0, 1.0): "UPTREND",
        (-1.0, -1.0): "DOWNTREND",
        (1.0, -1.0): "EXPANDING",
        (-1.0, 1.0): "CONTRACTING",
    }
    return named.get((float(up), float(rising)), "MIXED")


class _Search(NamedTuple):
    """Bars with their ATRs, among which swings are looked for: of `side` bars on each side, with at
    least `needed` bars. `confirmed` has microseconds UTC by the place of the swing's bar.
    """

    bars: Bars
    ranges: Atr
    confirmed: Ints
    side: int
    needed: int

    @classmethod
    def of(
        cls, bars: Bars, ranges: Atr, timeframe: str | Timeframe, length: int, market: Market | None
    ) -> "_Search":
        """Raises: ValidationError for a timeframe that there is not."""
        ends = bar_ends(bars.timestamp, parse_timeframe(timeframe), market or xnys())
        side = length // 2
        return cls(bars, ranges, ends[side:], side, max(length, ranges.needed + side))

    def shown(self, distance: float, *, apart: bool) -> Iterator[Shown]:
        """Every candidate that ever was a swing."""
        candidates = zigzag.candidates(self.bars, self.ranges.values, self.side, distance)
        return zigzag.shown(candidates, apart=apart)

    def confirmed_at(self, place: int | None) -> Moment | None:
        """When the swing of the bar at a place could be known."""
        return None if place is None else to_datetime(int(self.confirmed[place]))

    def facts(self, one: Shown) -> dict[str, Any]:
        """The fields of `Swing`."""
        bars, (place, kind, high, low) = self.bars, one.candidate[:4]
        occurred = to_datetime(int(bars.timestamp[place]))
        return {
            "datetime": occurred,
            "kind": kind,
            "price": high if kind == "high" else low,
            "atr": float(self.ranges.values[place]),
            "index": place,
            "open": float(bars.open[place]),
            "high": high,
            "low": low,
            "close": float(bars.close[place]),
            "volume": float(bars.volume[place]),
            "occurred_at": occurred,
            "confirmed_at": self.confirmed_at(place),
            "settled_at": self.confirmed_at(one.settled_by),
        }
