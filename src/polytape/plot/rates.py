"""Hold rates of a calibration, less those of random levels: a point a level, with its interval."""

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from polytape.engines.rates import Calibration, LevelRates
from polytape.plot.palette import Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONT_PT = 7.5


def draw_rates(made: Calibration, ax: "Axes", palette: Palette) -> None:
    """Draw it on axes: off the line is what chance alone would hardly make."""
    ax.set_facecolor(palette.ground)
    ax.axhline(0, color=palette.quiet, lw=0.8)
    for at, one in enumerate(made.levels):
        _level(one, at, ax, palette)
    ax.set_xticks(range(len(made.levels)), [one.level for one in made.levels])
    ax.set_xlim(-0.5, max(len(made.levels), 1) - 0.3)
    ax.margins(y=0.15)
    ax.yaxis.tick_right()
    ax.tick_params(colors=palette.quiet, labelsize=FONT_PT, length=3, width=0.6, labelright=True)
    ax.grid(axis="y", color=palette.grid, lw=0.6)
    ax.set_axisbelow(True)
    for name, spine in ax.spines.items():
        spine.set_visible(name in ("right", "bottom"))
        spine.set(color=palette.quiet, linewidth=0.6)
    _words(made, ax, palette)


def _level(one: LevelRates, at: int, ax: "Axes", palette: Palette) -> None:
    gap = one.hold_difference
    if not one.held.of:
        ax.annotate("none touched", (at, 0), (0, 4), textcoords="offset points", fontsize=FONT_PT,
                    ha="center", color=palette.quiet)  # fmt: skip
        return
    color = palette.down if gap.stands_out else palette.support
    ax.plot(at, 100 * gap.rate, "o", color=color)
    ax.vlines(at, 100 * gap.joint_low, 100 * gap.joint_high, color=color)
    ax.annotate(f"{one.held.count} of {one.held.of}", (at, 100 * gap.rate), (7, 7), color=color,
                textcoords="offset points", fontsize=FONT_PT, va="center")  # fmt: skip


def _words(made: Calibration, ax: "Axes", palette: Palette) -> None:
    above: dict[str, Any] = {
        "xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False
    }  # fmt: skip
    title = f"{made.symbol}  zones that held, less random levels (points)"
    ax.annotate(title, (0, 1), (0, 18), color=palette.ink, fontsize=11, weight="bold", **above)
    facts = "  \u00b7  ".join(made.facts())
    ax.annotate(facts, (0, 1), (0, 6), color=palette.quiet, fontsize=FONT_PT + 0.5, **above)
    chance = Line2D([], [], color=palette.support, marker="o")
    beyond = Line2D([], [], color=palette.down, marker="o")
    ax.legend(
        [chance, beyond],
        ["within what chance makes (95 %, for all levels together)", "beyond it"],
        loc="upper left", bbox_to_anchor=(0, -0.09), ncols=2, frameon=False, fontsize=FONT_PT,
        labelcolor=palette.quiet, borderpad=0, borderaxespad=0,
    )  # fmt: skip
