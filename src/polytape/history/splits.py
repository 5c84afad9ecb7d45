"""Splits, checked against prices before they are used: the vendor lists wrong ones, too."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from polytape.errors import AuthenticationError
from polytape.history.gap_filler import GapFiller
from polytape.model.bars import Bars
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.splits import (
    NEAR_US,
    RefusedSplit,
    Split,
    SplitCheck,
    SplitVerdict,
    check_split,
)
from polytape.model.timeframes import Series
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Splits:
    """The splits to adjust by (None: there is no table of splits), and what is doubtful of them."""

    used: tuple[Split, ...] | None
    notes: tuple[str, ...] = ()

    def noting(self, notes: Iterable[str]) -> "Splits":
        """The same with more to know of it."""
        return replace(self, notes=(*self.notes, *notes))


def stored_splits(store: SegmentStore, reference: Reference, symbol: str) -> Splits:
    """The splits that a store has of a symbol. Those that the vendor listed are checked against the
    stored daily bars, those of an imported table are not.

    Raises: DataFetchError.
    """
    listed = reference.splits(symbol)
    refused = tuple(map(str, reference.refused_splits(symbol)))
    if not listed or reference.imported():
        return Splits(listed, refused)
    executed = [store.zone.day_start(split.execution_date) for split in listed]
    days = store.read(symbol, Series.DAY, Span(min(executed) - NEAR_US, max(executed) + NEAR_US))
    checked = [check_split(split, days, store.zone) for split in listed]
    return _without_contradicted(listed, checked).noting(refused)


class SplitChecker:
    """Checks each split against prices once."""

    def __init__(self, filler: GapFiller) -> None:
        self._filler = filler
        self._market = filler.market
        self._checks: dict[Split, SplitCheck] = {}

    async def check(
        self, listed: tuple[Split, ...], since: int, refused: Iterable[RefusedSplit] = ()
    ) -> Splits:
        """The splits of one symbol, without those executed after `since` (microseconds UTC) that
        prices contradict. The daily bars around them are fetched once, and stored as others are.
        Records that were `refused` and would have been executed since are noted.

        Raises: errors of our tree.
        """
        first, today = (self._market.date_of(at) for at in (since, self._filler.now()))
        notes = [str(record) for record in refused if record.touches(first, today)]
        return (await self._checked(listed, since)).noting(notes)

    async def _checked(self, listed: tuple[Split, ...], since: int) -> Splits:
        upstream, today = self._filler.upstream, self._market.date_of(self._filler.now())
        past = [
            split
            for split in listed
            if split.execution_date <= today and self._executed(split) > since
        ]
        if upstream is None or not upstream.reference.checks_splits or not past:
            return Splits(listed)
        unknown = [split for split in past if split not in self._checks]
        if unknown:
            days = await self._days(unknown[0].symbol, unknown, upstream.bars.earliest())
            for split in unknown:
                self._note(check_split(split, days, self._market))
        checks = [self._checks[split] for split in past if split in self._checks]
        return _without_contradicted(listed, checks)

    def _executed(self, split: Split) -> int:
        return self._market.day_start(split.execution_date)

    def _note(self, check: SplitCheck) -> None:
        """Store a verdict, but none for lack of prices that may still come."""
        recent = self._executed(check.split) > self._filler.now() - NEAR_US
        if check.verdict is SplitVerdict.UNKNOWN and recent:
            return
        self._checks[check.split] = check
        if check.doubtful:
            log.warning("%s", _doubt(check))

    async def _days(self, symbol: str, splits: Iterable[Split], earliest: int) -> Bars:
        executed = sorted(map(self._executed, splits))
        start, end = max(executed[0] - NEAR_US, earliest), executed[-1] + NEAR_US
        span = Span(start, max(start, end)).until(self._filler.now())
        try:
            return (await self._filler.read(series_query(symbol, Series.DAY, span))).bars
        except AuthenticationError:
            return Bars.empty()  # the plan does not include these days


def _without_contradicted(listed: tuple[Split, ...], checks: Iterable[SplitCheck]) -> Splits:
    """The splits without those that prices contradict, and a note for each doubtful one."""
    doubtful = [check for check in checks if check.doubtful]
    wrong = {check.split for check in doubtful if check.verdict is SplitVerdict.CONTRADICTED}
    used = tuple(split for split in listed if split not in wrong)
    return Splits(used, tuple(map(_doubt, doubtful)))


def _doubt(check: SplitCheck) -> str:
    left = "; it is not applied" if check.verdict is SplitVerdict.CONTRADICTED else ""
    return f"doubtful split: {check}{left}"
