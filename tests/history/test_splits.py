"""Splits that the vendor lists: checked against prices while it answers, and from the store alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from polytape import scan_many
from polytape.gateway.gateway import Gateway
from polytape.history.bars_result import BarsResult
from polytape.history.splits import Splits, stored_splits
from polytape.model.instants import parse_instant
from polytape.model.market import xnys
from polytape.model.query import BarsQuery
from polytape.model.splits import Split, adjust
from polytape.model.timeframes import Series, Timeframe
from polytape.net.storage import FolderStorage
from polytape.store.answers import StoredAnswers
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from tests.conftest import MARKET, day_span
from tests.fakes.vendor import Street, street

pytestmark = [pytest.mark.socket, pytest.mark.timeout(120)]

NOW = parse_instant("2026-11-23 11:30 America/New_York", "now", MARKET)
TODAY = date(2026, 11, 23)
AUTUMN = day_span(date(2013, 10, 1), date(2014, 1, 31))
QUERY = BarsQuery("NVDA", Timeframe.DAY, AUTUMN)
RIGHT = Split(date(2013, 12, 12), "NVDA", 1.0, 4.0)
WRONG = Split(date(2013, 12, 20), "NVDA", 1.0, 2.0)


@dataclass
class Shop:
    wall: Street
    store: SegmentStore

    def gateway(self, *, vendor: bool) -> Gateway:
        answers = StoredAnswers(self.store.storage)
        upstream = self.wall.source(memory=answers).upstream() if vendor else None
        store = SegmentStore(self.store.storage, "polygon", MARKET)
        return Gateway(upstream, xnys(), lambda: NOW, Budget.of(100, 1.0), store)

    async def answer(self, *, vendor: bool) -> BarsResult:
        gateway = self.gateway(vendor=vendor)
        result = await gateway.bars.bars(QUERY)
        gateway.close()
        return result


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with street(NOW, extra_splits=(WRONG,)) as wall:
        store = SegmentStore(FolderStorage(tmp_path / "store"), "polygon", MARKET)
        yield Shop(wall, store)
        store.close()


async def test_the_store_alone_adjusts_as_the_vendor_did(shop: Shop) -> None:
    fetched = await shop.answer(vendor=True)
    traded = shop.wall.true_bars("NVDA", Series.DAY, AUTUMN)
    assert fetched.bars.same(adjust(traded, [RIGHT], TODAY, MARKET))
    assert not fetched.bars.same(traded)
    before = len(shop.wall.asked())
    alone = await shop.answer(vendor=False)
    assert alone.bars.same(fetched.bars)
    assert len(shop.wall.asked()) == before


async def test_a_split_that_prices_contradict_is_not_applied_and_noted(shop: Shop) -> None:
    for vendor in (True, False):
        (note,) = (await shop.answer(vendor=vendor)).metadata.notes
        assert note.startswith(
            "doubtful split: NVDA 2-for-1 on 2013-12-20: the price did not move ("
        )
        assert note.endswith("; it is not applied")


async def test_a_scan_of_the_store_knows_the_splits_too(shop: Shop) -> None:
    await shop.answer(vendor=True)
    as_of = "2014-01-15 12:00 America/New_York"
    scan = scan_many(["NVDA"], store=shop.store.storage.url, as_of=as_of, workers=1)
    basis = scan.results["NVDA"].basis
    assert basis is not None
    assert [n for n in basis.notes if n.startswith("doubtful split: NVDA 2-for-1")]


def test_an_imported_table_is_taken_at_its_word(shop: Shop) -> None:
    reference = Reference(shop.store.storage)
    assert not reference.imported()
    assert reference.splits("NVDA") is None
    reference.put_splits([WRONG], MARKET.midnight(TODAY))
    assert reference.imported()
    gateway = shop.gateway(vendor=False)
    assert gateway.bars.reference().splits("NVDA") == (WRONG,)
    assert gateway.bars.reference().splits("AAPL") == ()
    assert stored_splits(shop.store, reference, "NVDA") == Splits((WRONG,))
    gateway.close()
