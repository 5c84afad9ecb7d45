"""Splits are checked against prices before they are used: wrong rows are listed too."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from polytape.errors import AuthenticationError
from polytape.history.gap_filler import GapFiller
from polytape.model.bars import Bars
from polytape.model.newyork import date_of, midnight
from polytape.model.spans import Span
from polytape.model.splits import NEAR_US, Checked, Split, SplitVerdict, check_split
from polytape.model.timeframes import Series
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Splits:
    """The splits to adjust by (None: there is no table of splits), and what is doubtful of them."""

    used: tuple[Split, ...] | None
    notes: tuple[str, ...]


def held_splits(store: SegmentStore, reference: Reference, symbol: str) -> Splits:
    """The splits that a store knows of a symbol. Those that the vendor listed are checked against
    the daily bars held; an imported table is taken at its word.
    """
    listed = reference.splits(symbol)
    if not listed or reference.imported():
        return Splits(listed, ())
    executed = [midnight(split.execution_date) for split in listed]
    days = store.read(symbol, Series.DAY, Span(min(executed) - NEAR_US, max(executed) + NEAR_US))
    return _sorted_out(listed, [check_split(split, days) for split in listed])


class SplitCheck:
    """Remembers what prices said of each split."""

    def __init__(self, filler: GapFiller) -> None:
        self._filler = filler
        self._checked: dict[Split, Checked] = {}

    async def checked(self, listed: tuple[Split, ...], since: int) -> Splits:
        """The splits of one symbol executed after `since`, without those that prices contradict.

        The daily bars around them are asked for once, and kept as others are.
        """
        source, today = self._filler.source, date_of(self._filler.now())
        past = [
            s for s in listed if s.execution_date <= today and midnight(s.execution_date) > since
        ]
        if source is None or not source.checks_splits or not past:
            return Splits(listed, ())
        unknown = [split for split in past if split not in self._checked]
        if unknown:
            days = await self._days(unknown[0].symbol, unknown)
            for one in (check_split(split, days) for split in unknown):
                self._note(one)
        told = [self._checked[split] for split in past if split in self._checked]
        return _sorted_out(listed, told)

    def _note(self, one: Checked) -> None:
        """Remember a verdict; where prices may still come, it is none yet."""
        if one.seen is SplitVerdict.UNKNOWN and midnight(one.split.execution_date) > (
            self._filler.now() - NEAR_US
        ):
            return
        self._checked[one.split] = one
        if one.seen in (SplitVerdict.CONTRADICTED, SplitVerdict.ROUGH):
            log.warning("%s", _doubt(one))

    async def _days(self, symbol: str, splits: Iterable[Split]) -> Bars:
        source = self._filler.source
        assert source is not None
        executed = sorted(midnight(split.execution_date) for split in splits)
        start, end = executed[0] - NEAR_US, executed[-1] + NEAR_US
        start = max(start, source.earliest())
        span = Span(start, max(start, min(end, self._filler.now())))
        try:
            return (await self._filler.base(symbol, Series.DAY, span)).bars
        except AuthenticationError:
            return Bars.empty()  # the plan does not hold these days: nobody can tell


def _sorted_out(listed: tuple[Split, ...], told: Iterable[Checked]) -> Splits:
    """Without those that prices contradict, and with a note for each doubtful one."""
    doubtful = [one for one in told if one.seen in (SplitVerdict.CONTRADICTED, SplitVerdict.ROUGH)]
    wrong = {one.split for one in doubtful if one.seen is SplitVerdict.CONTRADICTED}
    used = tuple(split for split in listed if split not in wrong)
    return Splits(used, tuple(map(_doubt, doubtful)))


def _doubt(one: Checked) -> str:
    left = "; it is not applied" if one.seen is SplitVerdict.CONTRADICTED else ""
    return f"doubtful split: {one}{left}"
