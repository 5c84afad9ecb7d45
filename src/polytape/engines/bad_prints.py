"""Bad prints: bars with a price that nothing around them confirms. Flagged, left out on request,
never deleted.

The rule is the data-quality report's (`model.quality.spikes`): a high or low further than 10 %, or
20 times the usual step, from the median close of the five bars before and of the five after, or
from the other end of its own bar. At the newest bar there is nothing after it yet: it is flagged by
what is before it, and may be acquitted by the next five, so `settled` is False until then.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from polytape.engines.result import Result
from polytape.engines.validation import as_bars, checked
from polytape.model.bars import Bars
from polytape.model.counts import counted
from polytape.model.quality import SPIKE_NEIGHBOURS, spikes
from polytape.model.timestamps import iso, to_datetime

NAMED = 3


@dataclass(frozen=True)
class BadPrint(Result):
    """A bar with a bad print, its start in UTC and its prices in dollars as they are; `before` and
    `after` are the median closes round it, `percent` is how far its worst price is from the nearer.
    """

    datetime: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    before: float
    after: float
    percent: float
    settled: bool


def bad_prints(bars: object) -> tuple[BadPrint, ...]:
    """The bad prints among some bars, in their order.

    Raises: ValidationError for bad bars.
    """
    sound = as_bars(bars)
    made = spikes(sound)
    return tuple(
        _print(sound, place, float(made.before[place]), float(made.after[place]))
        for place in np.flatnonzero(made.where).tolist()
    )


def without_bad_prints(bars: object) -> Bars:
    """The bars without those that have a bad print. Their volume goes with them.

    Raises: ValidationError for bad bars.
    """
    sound = as_bars(bars)
    return sound.take(~spikes(sound).where)


def screen(bars: Bars, *, exclude: bool) -> tuple[Bars, tuple[str, ...]]:
    """The bars that an engine shall use, and a note on those that are left out.

    Raises: ValidationError for bad bars, where some are to be left out.
    """
    if not exclude:
        return bars, ()
    bad = spikes(checked(bars)).where
    starts = [iso(stamp) for stamp in bars.timestamp[bad].tolist()]
    if not starts:
        return bars, ()
    named = ", ".join(starts[:NAMED]) + (", ..." if len(starts) > NAMED else "")
    return bars.take(~bad), (f"left out as bad prints: {counted(len(starts), 'bar')} ({named})",)


def _print(bars: Bars, place: int, before: float, after: float) -> BadPrint:
    columns = {
        name: float(getattr(bars, name)[place])
        for name in ("open", "high", "low", "close", "volume")
    }
    away = [
        min((price / before - 1, price / after - 1), key=abs)
        for price in (columns["high"], columns["low"])
    ]
    return BadPrint(
        datetime=to_datetime(int(bars.timestamp[place])),
        **columns,
        before=before,
        after=after,
        percent=100 * max(away, key=abs),
        settled=place + SPIKE_NEIGHBOURS < len(bars),
    )
