"""A chart: candles without the gaps of closed hours, volume, a price scale on the right, and labels
in a margin of their own, where they cover neither candles nor one another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from matplotlib.transforms import ScaledTranslation

from polytape.model.arrays import Floats
from polytape.model.bars import Bars
from polytape.model.basis import MADE_UP
from polytape.model.counts import counted
from polytape.model.market import xnys
from polytape.model.timeframes import Timeframe
from polytape.plot.dates import LONG, ticks
from polytape.plot.labels import Label, fitting, spread
from polytape.plot.palette import Palette

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

FONT_PT, LINE_PT = 7.5, 10.5
# A handle of the legend, and the space round it, in heights of a letter.
LEGEND_EMS = 3.8
# A letter's width, as a share of its height.
LETTER = 0.6
WIDEST_MARGIN, SIDE_PT, DATE_PT = 0.36, 14.0, 64
VOLUME_SHARE, AIR = 0.15, 0.04
# How far beyond the bars a level is shown, in heights of theirs.
REACH = 0.6
LONGEST_LABEL = 50
GROUND, ZONES, CANDLES, LINES, ABOVE = 0.5, 1.0, 2.0, 3.0, 4.0


@dataclass
class Canvas:
    """A chart on some axes. What is drawn on it is placed by bar and by price; `finish` last."""

    ax: "Axes"
    palette: Palette
    bars: Bars
    timeframe: Timeframe
    price: float | None = None
    labels: list[Label] = field(default_factory=list)
    legend: "dict[str, Artist]" = field(default_factory=dict)
    wanted: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    marks: list[tuple[int, str]] | None = None
    width: int = 1

    @property
    def count(self) -> int:
        """Bars on it; at least `width`, so that there is room for what has no bars."""
        return max(len(self.bars), self.width)

    def index_at(self, instant: int) -> int:
        """The first bar that starts at or after an instant (microseconds UTC)."""
        return int(np.searchsorted(self.bars.timestamp, instant))

    def place_of(self, instant: int) -> int | None:
        """The bar that starts at an instant; None where none does."""
        at = self.index_at(instant)
        there = at < len(self.bars) and int(self.bars.timestamp[at]) == instant
        return at if there else None

    def place_in(self, instant: int) -> int | None:
        """The bar in which an instant lies; None before the first."""
        at = int(np.searchsorted(self.bars.timestamp, instant, side="right")) - 1
        return None if at < 0 else at

    def label(self, price: float, text: str, color: str) -> None:
        """A text beside a price, in the margin."""
        letters = (WIDEST_MARGIN * self._points[0] - SIDE_PT) / (LETTER * FONT_PT)
        most = max(min(LONGEST_LABEL, int(letters)), 8)
        short = text if len(text) <= most else f"{text[: most - 3]}..."
        self.labels.append(Label(price, short, color))

    def zone(
        self, low: float, high: float, color: str, name: str, *, strength: float = 0.2, at: int = -1
    ) -> None:
        """A band of prices from a bar on."""
        self.wanted += [low, high]
        box = Rectangle((at, low), self.count - at, high - low)
        box.set(facecolor=color, alpha=strength, linewidth=0, zorder=ZONES)
        self.ax.add_patch(box)
        self.legend.setdefault(name, Patch(color=color, alpha=0.4))

    def box(self, low: float, high: float, color: str, *, at: int, end: int) -> None:
        """A frame round the bars from one place to another."""
        self.wanted += [low, high]
        box = Rectangle((at - 0.5, low), end - at, high - low)
        box.set(facecolor=color, edgecolor=color, alpha=0.18, linewidth=0.8, zorder=ZONES)
        self.ax.add_patch(box)

    def level(
        self,
        price: float,
        color: str,
        name: str,
        *,
        at: int = -1,
        dashes: str = "-",
        is_wanted: bool = True,
    ) -> None:
        """A price from a bar on. The picture is made higher for it where it is wanted."""
        if is_wanted:
            self.wanted.append(price)
        self.ax.hlines(price, at, self.count, color=color, lw=0.9, ls=dashes, zorder=LINES)
        self.legend.setdefault(name, Line2D([], [], color=color, lw=0.9, ls=dashes))

    def line(self, places: Sequence[float] | Floats, prices: Floats, color: str, name: str) -> None:
        """A curve over the bars."""
        self.wanted += [float(price) for price in prices[~np.isnan(prices)]]
        self.ax.plot(places, prices, color=color, lw=1.1, zorder=LINES)
        self.legend.setdefault(name, Line2D([], [], color=color, lw=1.1))

    def marker(
        self, at: int, price: float, shape: str, color: str, name: str, *, above: bool
    ) -> None:
        """A mark a little above or below a price, off the candle."""
        away = ScaledTranslation(0, (6 if above else -6) / 72, self.ax.figure.dpi_scale_trans)
        style: dict[str, Any] = {
            "marker": shape,
            "color": color,
            "markersize": 4.5,
            "linestyle": "none",
        }
        self.ax.plot(at, price, transform=self.ax.transData + away, zorder=ABOVE, **style)
        self.legend.setdefault(name, Line2D([], [], **style))

    def profile(self, prices: Floats, volumes: Floats, step: float) -> None:
        """Volume by price, from the left."""
        if not len(prices) or not volumes.max() > 0:
            return
        widths = volumes / volumes.max() * self.count * 0.22
        boxes = _boxes(np.full(len(prices), -1.0), prices - step * 0.45, widths, step * 0.9)
        self._polygons(boxes, self.palette.profile, 0.45, GROUND)
        self.legend.setdefault("volume by price", Patch(color=self.palette.profile, alpha=0.6))

    def columns(self, heights: Floats, marks: list[tuple[int, str]], name: str) -> None:
        """Columns from zero in the place of candles, with the texts below them."""
        self.width, self.marks = max(len(heights), 1), marks
        self.wanted += [0.0, *heights.tolist()]
        places = np.arange(len(heights), dtype=np.float64) - 0.4
        zeros = np.zeros(len(heights))
        boxes = _boxes(places, zeros, np.full(len(heights), 0.8), heights)
        self._polygons(boxes, self.palette.profile, 0.9, GROUND)
        self.legend.setdefault(name, Patch(color=self.palette.profile))

    def last_price(self) -> None:
        """The price, dashed."""
        if self.price is None:
            return
        self.wanted.append(self.price)
        self.ax.hlines(
            self.price, -1, self.count, color=self.palette.ink, lw=0.7, ls=(0, (4, 3)), zorder=LINES
        )
        self.label(self.price, f"{price_text(self.price)}  last", self.palette.ink)

    def finish(self, title: str, facts: Sequence[str], *, made_up: bool) -> None:
        """Everything but what was placed on it."""
        self._scale()
        self._sessions()
        self._candles()
        self._volume()
        self._labels()
        self._dates()
        self._words(title, facts, made_up=made_up)

    @cached_property
    def _range(self) -> tuple[float, float]:
        """The prices shown, with air, and room for volume below."""
        lows, highs = list(self.bars.low), list(self.bars.high)
        if not lows:
            lows = highs = self.wanted or [self.price or 1.0]
        low, high = float(min(lows)), float(max(highs))
        reach = REACH * ((high - low) or abs(high) * 0.01 or 1.0)
        near = [price for price in self.wanted if low - reach <= price <= high + reach]
        low, high = min([low, *near]), max([high, *near])
        air = AIR * ((high - low) or 1.0)
        below = air + VOLUME_SHARE * (high - low) * 1.2 if len(self.bars) else air
        return low - below, high + air

    def _scale(self) -> None:
        low, high = self._range
        ax, colors = self.ax, self.palette
        ax.set_facecolor(colors.ground)
        ax.set_ylim(low, high)
        ax.yaxis.tick_right()
        ax.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
        decimals = 2 if max(abs(low), abs(high)) >= 1 else 4
        ax.yaxis.set_major_formatter(StrMethodFormatter(f"{{x:,.{decimals}f}}"))
        ax.tick_params(colors=colors.quiet, labelsize=FONT_PT, length=3, width=0.6)
        ax.grid(axis="y", color=colors.grid, lw=0.6)
        ax.set_axisbelow(True)
        for name, spine in ax.spines.items():
            spine.set_visible(name in ("right", "bottom"))
            spine.set(color=colors.quiet, linewidth=0.6)

    def _polygons(self, boxes: Floats, color: str, alpha: float, order: float) -> None:
        self.ax.add_collection(
            PolyCollection(list(boxes), facecolor=color, alpha=alpha, linewidth=0, zorder=order),
            autolim=False,
        )

    def _sessions(self) -> None:
        """Closed hours are shaded."""
        if self.timeframe in LONG or not len(self.bars):
            return
        outside = ~xnys().regular(self.bars.timestamp)
        edges = np.flatnonzero(np.diff(outside.astype(int), prepend=0, append=0))
        starts, ends = (edges[at::2].astype(np.float64) - 0.5 for at in (0, 1))
        low, high = self._range
        boxes = _boxes(starts, np.full(len(starts), low), ends - starts, high - low)
        self._polygons(boxes, self.palette.closed_hours, 1.0, 0.1)
        if len(starts):
            self.legend["outside regular hours"] = Patch(
                facecolor=self.palette.closed_hours, edgecolor=self.palette.grid
            )

    def _candles(self) -> None:
        bars = self.bars
        places = np.arange(len(bars), dtype=float)
        rising = bars.close >= bars.open
        low, high = self._range
        least = (high - low) * 0.0012
        for color, which in ((self.palette.up, rising), (self.palette.down, ~rising)):
            x, part = places[which], bars.take(which)
            wicks = np.stack([x, part.low, x, part.high], axis=1).reshape(-1, 2, 2)
            self.ax.add_collection(
                LineCollection(list(wicks), colors=color, linewidths=0.6, zorder=CANDLES),
                autolim=False,
            )
            bottom, top = np.minimum(part.open, part.close), np.maximum(part.open, part.close)
            boxes = _boxes(x - 0.36, bottom, np.full(len(x), 0.72), np.maximum(top - bottom, least))
            self._polygons(boxes, color, 1.0, CANDLES)

    def _volume(self) -> None:
        """At the bottom, on a scale of its own."""
        bars = self.bars
        if not len(bars) or not bars.volume.max() > 0:
            return
        low, high = self._range
        heights = bars.volume / bars.volume.max() * (high - low) * VOLUME_SHARE
        places = np.arange(len(bars), dtype=np.float64) - 0.36
        boxes = _boxes(places, np.full(len(bars), low), np.full(len(bars), 0.72), heights)
        self._polygons(boxes, self.palette.quiet, 0.4, GROUND)
        self.legend["volume"] = Patch(color=self.palette.quiet, alpha=0.4)

    def _labels(self) -> None:
        """In the margin, each with a line to its price; those beyond the picture are counted."""
        low, high = self._range
        shown = [label for label in self.labels if low <= label.price <= high]
        room = int(self._points[1] / LINE_PT)
        chosen = fitting(shown, room, self.price)
        if (left := len(self.labels) - len(chosen)) > 0:
            levels = counted(left, "level lies", "levels lie")
            have = "has" if left == 1 else "have"
            self.notes.append(f"{levels} beyond the picture, or {have} no room for a label")
        longest = max((len(label.text) for label in chosen), default=0)
        points = longest * LETTER * FONT_PT + SIDE_PT if longest else 0.0
        share = min(WIDEST_MARGIN, points / self._points[0])
        margin = self.count * share / (1 - share)
        self.ax.set_xlim(-1, self.count + max(margin, 0.5))
        gap = LINE_PT / self._points[1] * (high - low)
        places = spread([label.price for label in chosen], gap, low, high)
        edge = self.count + margin * (SIDE_PT - 4) / points if points else self.count
        for label, place in zip(chosen, places, strict=True):
            lead: dict[str, Any] = {"color": label.color, "lw": 0.5, "alpha": 0.7, "zorder": LINES}
            self.ax.plot([self.count, edge], [label.price, place], **lead)
            self.ax.text(
                edge,
                place,
                f" {label.text}",
                color=label.color,
                fontsize=FONT_PT,
                va="center_baseline",
            )

    @property
    def _points(self) -> tuple[float, float]:
        """The width and the height of the axes."""
        figure, box = self.ax.get_figure(root=True), self.ax.get_position()
        assert figure is not None
        width, height = figure.get_size_inches()
        return float(box.width * width * 72), float(box.height * height * 72)

    def _dates(self) -> None:
        left, right = self.ax.get_xlim()
        most = int(self._points[0] * self.count / (right - left) / DATE_PT)
        marks = ticks(self.bars, self.timeframe, most) if self.marks is None else self.marks
        self.ax.set_xticks([at for at, _ in marks], [text for _, text in marks])
        for text in self.ax.get_xticklabels():
            text.set_horizontalalignment("left")

    def _words(self, title: str, facts: Sequence[str], *, made_up: bool) -> None:
        """Above: what it is; below: the legend and what a reader must be told; across: made up."""
        ax, colors, width = self.ax, self.palette, self._points[0]
        place: dict[str, Any] = {
            "xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False
        }  # fmt: skip
        lines = _joined(facts, int(width / (FONT_PT * LETTER)))
        up = 18 + LINE_PT * (len(lines) - 1)
        ax.annotate(title, (0, 1), (0, up), color=colors.ink, fontsize=11, weight="bold", **place)
        said = "\n".join(lines)
        ax.annotate(said, (0, 1), (0, 6), color=colors.quiet, fontsize=FONT_PT + 0.5, **place)
        rows = self._legend()
        below = "\n".join(_wrapped(self.notes, int(width / (FONT_PT * LETTER))))
        down = -52 - LINE_PT * (rows - 1)
        ax.annotate(
            below, (0, 0), (0, down), color=colors.quiet, fontsize=FONT_PT, va="top", **place
        )
        if made_up:
            ax.text(
                0.42, 0.52, MADE_UP, transform=ax.transAxes, color=colors.ink, alpha=0.09,
                fontsize=min(64.0, width * 0.075), rotation=20, ha="center", va="center",
                zorder=ABOVE, weight="bold",
            )  # fmt: skip

    def _legend(self) -> int:
        """Below the dates, in as many rows as its width takes; how many these are."""
        width, height = self._points
        columns = _columns([len(name) for name in self.legend], width)
        self.ax.legend(
            self.legend.values(),
            self.legend.keys(),
            loc="upper left",
            bbox_to_anchor=(0, -34 / height),
            ncols=columns,
            frameon=False,
            fontsize=FONT_PT,
            labelcolor=self.palette.quiet,
            borderaxespad=0,
            borderpad=0,
            handlelength=1.4,
            columnspacing=1.4,
        )
        return -(-len(self.legend) // columns)


def price_text(price: float) -> str:
    """Two decimals, below a dollar four."""
    return f"{price:,.{2 if abs(price) >= 1 else 4}f}"


def _boxes(x: Floats, y: Floats, widths: Floats, heights: Floats | float) -> Floats:
    """The corners of rectangles."""
    right, top = x + widths, y + heights
    corners = [(x, y), (x, top), (right, top), (right, y)]
    boxes: Floats = np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)
    return boxes


def _wrapped(notes: Iterable[str], width: int, most: int = 3) -> list[str]:
    import textwrap

    lines = textwrap.wrap("; ".join(notes), max(width, 20))
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][:-3]}..."]


def _joined(facts: Sequence[str], width: int) -> list[str]:
    """Short texts one after another, in lines of so many letters."""
    lines: list[str] = []
    for fact in facts:
        longer = f"{lines[-1]}  \u00b7  {fact}" if lines else fact
        if lines and len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(fact)
    return lines


def _columns(letters: Sequence[int], width: float) -> int:
    """How many columns of a legend fit into a width in points; it is filled column by column."""
    for columns in range(len(letters), 1, -1):
        rows = -(-len(letters) // columns)
        longest = [max(letters[at : at + rows]) for at in range(0, len(letters), rows)]
        if sum(count * LETTER + LEGEND_EMS for count in longest) * FONT_PT <= width:
            return columns
    return 1
