"""The usual true range by time of day: an ATR's picture has no candles."""

import numpy as np

from polytape.engines.atr_run import AtrRun
from polytape.plot.canvas import Canvas, price_text

MINUTES_A_LABEL = 120


def draw_atr(result: AtrRun, canvas: Canvas) -> None:
    """A bar for each time of day, and the averages across."""
    begins = [one.begins.hour * 60 + one.begins.minute for one in result.usual]
    marks = [
        (at, f"{minute // 60:02}:{minute % 60:02}")
        for at, minute in enumerate(begins)
        if minute % MINUTES_A_LABEL == 0
    ]
    ranges = np.array([one.range for one in result.usual])
    canvas.columns(ranges, marks, "usual true range of a bar that begins then")
    for color, name, value in (
        (canvas.palette.accent, "all hours", result.atr),
        (canvas.palette.series[1], "regular hours", result.atr_regular),
    ):
        if value is not None:
            canvas.level(value, color, f"ATR, {name}")
            canvas.label(value, f"{price_text(value)}  ATR {name}", color)
    if result.usual_now is not None:
        canvas.label(
            result.usual_now, f"{price_text(result.usual_now)}  usual now", canvas.palette.ink
        )
