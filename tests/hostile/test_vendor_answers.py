"""A vendor that answers wrongly: never another question's bars, never a wrong one for good."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from polytape.errors import (
    DataFetchError,
    IncompleteDataError,
    ValidationError,
)
from polytape.fake_vendor.mischief import Mischief
from polytape.gateway.gateway import Gateway
from polytape.history.backfill import run_tasks
from polytape.history.bars_result import BarsResult
from polytape.history.verify import QUARANTINED
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.query import BarsQuery
from polytape.model.securities import SymbolInfo
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import HOUR_US
from polytape.net.storage import FolderStorage
from polytape.store.answers import StoredAnswers
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from tests.conftest import MARKET, day_span
from tests.fakes.vendor import Street, street

pytestmark = pytest.mark.socket

NOW = parse_instant("2026-11-23 11:30 America/New_York", "now", MARKET)
DAY = day_span(date(2026, 11, 12))
WEEK = day_span(date(2026, 11, 9), date(2026, 11, 13))
TODAY = date(2026, 11, 23)


def _kinds(quick: list[Mischief], *others: Mischief) -> list[object]:
    """The quick ones in every run, the others in the long one."""
    return [*quick, *(pytest.param(kind, marks=pytest.mark.long) for kind in others)]


# What an answer may be that is not the question's.
WRONG = _kinds(
    [Mischief.OTHER_TICKER, Mischief.HALF_ELSEWHERE, Mischief.BARE_OK],
    Mischief.ADJUSTED, Mischief.OTHER_TIME, Mischief.BAD_PRICES, Mischief.OFF_GRID,
    Mischief.CONTRADICTIONS, Mischief.NO_ROWS, Mischief.STRAYS, Mischief.LOST_ROWS, Mischief.BAD_REQUEST,
)  # fmt: skip
# Those whose rows are set aside as evidence; the others are no answer at all.
SUSPECT = _kinds(
    [Mischief.BAD_PRICES], Mischief.HALF_ELSEWHERE, Mischief.OFF_GRID, Mischief.CONTRADICTIONS
)


def _known(_: object, symbol: str) -> SymbolInfo:
    return SymbolInfo(symbol)


@dataclass
class Place:
    """A vendor, and a store that outlives the gateways before it."""

    wall: Street
    folder: Path

    def __post_init__(self) -> None:
        self.gateway = self.restarted()

    def restarted(self) -> Gateway:
        """A gateway with an empty memory, over what the last one stored."""
        if hasattr(self, "gateway"):
            self.gateway.close()
        storage = FolderStorage(self.folder)
        upstream = self.wall.source("advanced", memory=StoredAnswers(storage)).upstream()
        store = SegmentStore(storage, "polygon", MARKET)
        budget = Budget.of(100, 1.0)
        self.gateway = Gateway(upstream, xnys(), lambda: self.wall.time.now, budget, store)
        return self.gateway

    async def bars(
        self,
        symbol: str = "AAPL",
        timeframe: Timeframe = Timeframe.MIN_1,
        *,
        adjusted: bool = False,
    ) -> BarsResult:
        query = BarsQuery(symbol, timeframe, DAY, adjusted=adjusted)
        return await self.gateway.bars.bars(query)

    def findings(self, reports: list[object]) -> list[str]:
        return [
            f"{one.symbol} {finding.detail}"  # type: ignore[attr-defined]
            for one in reports
            for finding in one.report.findings  # type: ignore[attr-defined]
            if finding.kind == QUARANTINED
        ]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with street(NOW) as wall:
        made = Place(wall, tmp_path / "store")
        yield made
        made.gateway.close()


@pytest.mark.parametrize("kind", WRONG)
async def test_a_wrong_answer_is_never_served_whole_and_never_kept_for_good(
    place: Place, kind: Mischief
) -> None:
    """What is answered meanwhile is true, or an error; once the vendor is right again, all of it."""
    truth = place.wall.true_bars("AAPL", Series.MINUTE, DAY)
    place.wall.vendor.every = kind
    try:
        answer = await place.bars()
    except DataFetchError:
        pass
    else:
        at = np.isin(truth.timestamp, answer.bars.timestamp)
        assert answer.bars.same(truth.take(at))
        whole = len(answer.bars) == len(truth)
        assert answer.metadata.notes or kind is Mischief.NO_ROWS or whole
        (series,) = answer.metadata.basis.inputs if answer.metadata.basis else ()
        assert whole or series.complete_through is not None
    place.wall.vendor.every = None
    place.wall.time.now += HOUR_US
    place.restarted()
    assert (await place.bars()).bars.same(truth)
    place.restarted()
    before = len(place.wall.asked())
    assert (await place.bars()).bars.same(truth)
    assert len(place.wall.asked()) == before  # and that is final


@pytest.mark.parametrize(
    "kind", _kinds([Mischief.OTHER_TIME], Mischief.OTHER_TICKER, Mischief.ADJUSTED)
)
async def test_one_wrong_answer_is_asked_for_again(place: Place, kind: Mischief) -> None:
    """On a new connection: this one has an answer too many."""
    place.wall.spoil(kind)
    answer = await place.bars()
    assert answer.bars.same(place.wall.true_bars("AAPL", Series.MINUTE, DAY))
    assert len([path for path in place.wall.asked() if "/aggs/" in path]) == 2


async def test_no_rows_are_believed_for_an_hour_and_no_longer(place: Place) -> None:
    """Without a restart: memory does not keep them, and the vendor is not asked each time."""

    def requests() -> int:
        return len([path for path in place.wall.asked() if "/aggs/" in path])

    place.wall.vendor.every = Mischief.NO_ROWS
    for _ in range(3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("polytape.upstream.polygon.reference.PolygonReference.find", _known)
            assert not len((await place.bars()).bars)
    assert requests() == 1
    place.wall.vendor.every = None
    place.wall.time.now += HOUR_US
    truth = place.wall.true_bars("AAPL", Series.MINUTE, DAY)
    for _ in range(2):
        assert (await place.bars()).bars.same(truth)
        assert requests() == 2


async def test_a_surplus_answer_is_not_the_next_symbols(place: Place) -> None:
    """Nor the next span's of the same one: five of five were. A small answer is read with it."""
    symbols = ["AAPL", "MSFT", "SPY", "NVDA", "TSLA"]
    for symbol in symbols:
        place.wall.spoil(Mischief.SURPLUS)
        answer = await place.bars(symbol, Timeframe.DAY)
        assert answer.bars.same(place.wall.true_bars(symbol, Series.DAY, DAY))
    other = day_span(date(2026, 11, 11))
    query = BarsQuery("TSLA", Timeframe.DAY, other, adjusted=False)
    bars = (await place.gateway.bars.bars(query)).bars
    assert bars.same(place.wall.true_bars("TSLA", Series.DAY, other))
    assert len([path for path in place.wall.asked() if "/aggs/" in path]) == 6


@pytest.mark.parametrize("kind", SUSPECT)
async def test_what_cannot_be_right_is_set_aside_named_and_mended(
    place: Place, kind: Mischief
) -> None:
    """By `history verify`: whose, when, why, how many; a repair asks for it again and clears it."""
    place.wall.vendor.every = kind
    await place.bars()
    (finding,) = place.findings(list(await place.gateway.history.verify(["AAPL"], WEEK)))
    assert finding.startswith("AAPL ")
    assert "rows up to 2026-11-13T05:00:00Z: " in finding
    assert "fetched 2026-11-23T16:30:00Z" in finding
    files = list((place.folder / "quarantine").iterdir())
    assert len(files) == 1
    assert files[0].stat().st_size < 10_000
    # The vendor says the same again: one file, one finding.
    tasks = await place.gateway.history.repairs(["AAPL"], WEEK)
    place.wall.time.now += 1
    await run_tasks(place.gateway.bars.filler, tasks)
    assert len(list((place.folder / "quarantine").iterdir())) == 1
    place.wall.vendor.every = None
    place.wall.time.now += 1
    tasks = await place.gateway.history.repairs(["AAPL"], WEEK)
    count = await run_tasks(place.gateway.bars.filler, tasks)
    assert (len(tasks), count.failed) == (1, ())
    assert place.findings(list(await place.gateway.history.verify(["AAPL"], WEEK))) == []
    assert list((place.folder / "quarantine").iterdir()) == []
    truth = place.wall.true_bars("AAPL", Series.MINUTE, DAY)
    assert (await place.bars()).bars.same(truth)


async def test_a_day_of_the_market_is_checked_row_by_row(place: Place) -> None:
    """Whose row makes no sense is not in it, is set aside, and is asked for by itself."""
    days, source = place.gateway.bars.filler.days, place.gateway.upstream
    assert source is not None
    assert source.days is not None
    place.wall.spoil(Mischief.BAD_PRICES)
    market = await days.fetch(Series.DAY, MARKET.date_of(DAY.start), source.days)
    assert market is not None
    assert list(market.places) == ["SPY", "TSLA"]  # of five, three make no sense
    named = place.findings(list(await place.gateway.history.verify(["AAPL", "NVDA", "SPY"], WEEK)))
    assert [finding.split(" ")[0] for finding in named] == ["AAPL", "NVDA"]
    before = len(place.wall.asked())
    for symbol, requests in (("SPY", 0), ("AAPL", 1)):
        answer = await place.bars(symbol, Timeframe.DAY)
        assert answer.bars.same(place.wall.true_bars(symbol, Series.DAY, DAY))
        before += requests
        assert len(place.wall.asked()) == before
    assert place.findings(list(await place.gateway.history.verify(["AAPL"], WEEK))) == []


@pytest.mark.parametrize("kind", _kinds([Mischief.OTHER_TIME], Mischief.ADJUSTED))
async def test_a_day_of_the_market_is_of_its_day_and_as_traded(
    place: Place, kind: Mischief
) -> None:
    """Asked for again; believed when it is right."""
    source = place.gateway.upstream
    assert source is not None
    assert source.days is not None
    place.wall.spoil(kind)
    market = source.days.market_day(Series.DAY, MARKET.date_of(DAY.start))
    assert market is not None
    assert len(place.wall.asked()) == 2
    place.wall.vendor.every = kind
    with pytest.raises(IncompleteDataError, match="the vendor answered"):
        source.days.market_day(Series.DAY, MARKET.date_of(DAY.start))


async def test_refused_splits_are_named_in_every_answer_that_they_touch(place: Place) -> None:
    """The right ones are applied; nothing raises, now or later, with the vendor or without it."""
    place.wall.vendor.every = Mischief.BAD_SPLITS
    early = day_span(date(2013, 11, 1), date(2013, 11, 29))
    query = BarsQuery("NVDA", Timeframe.DAY, early)
    for _ in range(2):
        notes = (await place.gateway.bars.bars(query)).metadata.notes
        refused = [note for note in notes if "a record of splits was refused" in note]
        # Zero, negative, a text, a huge ratio, a far year, no day.
        assert len(refused) == 6
        assert "NVDA 0-for-1 on 2013-12-12 (split_to=0.0 is not valid" in refused[0]
        place.restarted()
    late = BarsQuery("NVDA", Timeframe.DAY, WEEK)
    notes = (await place.gateway.bars.bars(late)).metadata.notes
    assert len([note for note in notes if "refused" in note]) == 2  # those without a day
    traded = BarsQuery("NVDA", Timeframe.DAY, early, adjusted=False)
    assert (await place.gateway.bars.bars(traded)).metadata.notes == []
    place.wall.vendor.every = None
    other = BarsQuery("AAPL", Timeframe.DAY, early)
    assert not [n for n in (await place.gateway.bars.bars(other)).metadata.notes if "refused" in n]


@pytest.mark.parametrize("kind", _kinds([Mischief.BAD_NEXT_URL], Mischief.LOOP, Mischief.ENDLESS))
async def test_hostile_next_pages_are_an_error_of_ours(place: Place, kind: Mischief) -> None:
    """Soon, and never a 500."""
    place.wall.vendor.routes.most_rows = 100
    place.wall.vendor.every = kind
    with pytest.raises(DataFetchError):
        await place.bars()
    assert len(place.wall.asked()) < 30


async def test_what_the_vendor_calls_wrong_is_not_the_callers_mistake(place: Place) -> None:
    """Its text is shown; where the request is the caller's own, it is."""
    place.wall.vendor.every = Mischief.BAD_REQUEST
    with pytest.raises(DataFetchError, match="calls the request wrong: Could not parse the time"):
        await place.bars()
    source = place.gateway.upstream
    assert source is not None
    assert source.through is not None
    with pytest.raises(ValidationError, match="Could not parse"):
        source.through.read_through("/v3/trades/AAPL", (("timestamp", "x"),), daily=False)
