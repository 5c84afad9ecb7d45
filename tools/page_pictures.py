"""Draw the pictures of the start, how-to and why pages: python -m tools.page_pictures.

Results come from the gateway whose answers never change, so a picture shows what its page does.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from polytape import ConfluenceScanner, FractalEngine, HVNEngine, PolygonClient
from tools.site.gateway import standing_gateway

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
AS_OF = "2026-11-18 11:30 America/New_York"
ZONE = "America/New_York"
DARK, GREY, HIGH, LOW = "#20232a", "#9aa0aa", "#b06000", "#2060a0"


def main() -> None:
    """All of them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        standing_gateway(Path(folder) / "store") as url,
        PolygonClient(url) as client,
    ):
        scan = ConfluenceScanner(client).scan("SPY", AS_OF)
        scan.plot(path=FOLDER / "first-scan.png")
        # What `polytape scan --top 2 --plot` draws.
        replace(scan, zones=scan.zones[:2]).plot(path=FOLDER / "first-zones.png")
        HVNEngine(client).run("SPY", AS_OF, windows=(30,)).plot(path=FOLDER / "profile-30d.png")
        draw_confirmations(client).savefig(FOLDER / "confirmed.png")
    draw_final().savefig(FOLDER / "final.png")


def draw_confirmations(client: PolygonClient) -> Figure:
    """Swings of one day at their bars, and the instants from which they were known."""
    day = "2026-11-17"
    bars = client.bars("SPY", day, day, "15min", tz=ZONE)
    run = FractalEngine(client).history("SPY", f"{day} 20:00 {ZONE}", history_days=1)
    figure, axes = _figure(
        "SPY, 17 November 2026, 15-minute bars: where swings lie, and when they were known"
    )
    axes.vlines(bars.index, bars["low"], bars["high"], color=GREY, lw=3)
    for swing in run.history.swings:
        if swing.occurred_at < bars.index[0]:
            continue
        color, mark = (HIGH, "v") if swing.kind == "high" else (LOW, "^")
        span = [pd.Timestamp(swing.occurred_at), pd.Timestamp(swing.confirmed_at)]
        axes.plot(span, [swing.price] * 2, ":", color=color)
        axes.plot(span[:1], [swing.price], mark, color=color, ms=9)
        axes.plot(span[1:], [swing.price], "o", color=color, mfc="white", ms=7)
    for mark, name, fill in (
        ("v", "swing high", HIGH),
        ("^", "swing low", LOW),
        ("o", "known", "white"),
    ):
        axes.plot([], [], mark, color=DARK if mark == "o" else fill, mfc=fill, label=name)
    axes.legend(frameon=False)
    axes.set_ylabel("dollars, made-up prices")
    axes.set_xticks(pd.date_range(f"{day} 04:00", f"{day} 20:00", freq="2h", tz=ZONE))
    axes.set_xticklabels([f"{hour:02}:00" for hour in range(4, 21, 2)])
    return figure


def draw_final() -> Figure:
    """The life of a bar of Friday's, from its start until nothing changes it any more."""
    figure, axes = _figure(
        "A 15-minute bar of Friday, 10:15 New York: when it can still change", height=1.8
    )
    parts = (
        (0, 1, HIGH, "white", "forming"),
        (1, 3, "#e0c090", DARK, "provisional: the vendor may still correct it"),
        (4, 1, LOW, "white", "final, for good"),
    )
    for left, width, color, ink, name in parts:
        axes.barh(0, width, left=left, color=color, height=0.5)
        axes.text(left + width / 2, 0, name, ha="center", va="center", color=ink)
    axes.set_xticks([0, 1, 4], ["Fri 10:15", "Fri 10:30", "Mon 11:00"])
    axes.set_yticks([])
    return figure


def _figure(title: str, height: float = 4.5) -> tuple[Figure, Any]:
    figure = Figure(figsize=(10, height), dpi=90, layout="constrained")
    axes: Any = figure.subplots()
    axes.set_title(title, loc="left", color=DARK, fontweight="bold", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


if __name__ == "__main__":
    main()
