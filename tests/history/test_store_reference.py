"""What a store alone knows of symbols."""

from polytape.history.store_reference import StoreReference
from polytape.model.securities import SymbolInfo
from polytape.model.splits import Split
from polytape.model.timeframes import Series
from polytape.store.reference import Reference
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET, day_span
from tests.history.scene import JULY
from tests.store.bars import memory, some_bars, write

FIRST = day_span(JULY[0]).start


def test_the_last_bar_is_the_last_minute_else_the_last_day() -> None:
    store = SegmentStore(memory(), "polygon", MARKET)
    reference = StoreReference(store)
    assert not len(reference.last_bar("A"))
    write(store, "A", some_bars([FIRST]), day_span(JULY[0]), 1, series=Series.DAY)
    assert reference.last_bar("A").timestamp.tolist() == [FIRST]
    second = day_span(JULY[1])
    write(store, "A", some_bars([second.start, second.start + 60_000_000]), second, 2)
    write(store, "A", some_bars([]), day_span(JULY[2]), 3)  # a day without trades
    bar = reference.last_bar("A")
    assert (bar.timestamp.tolist(), bar.close.tolist()) == ([second.start + 60_000_000], [11.0])


def test_symbols_are_those_that_have_a_bar() -> None:
    store = SegmentStore(memory(), "polygon", MARKET)
    for symbol in ("BABA", "A", "AA"):
        write(store, symbol, some_bars([FIRST]), day_span(JULY[0]), 1)
    write(store, "EMPTY", some_bars([]), day_span(JULY[0]), 1)
    reference = StoreReference(store)
    assert reference.find("A") == SymbolInfo("A")
    assert reference.find("EMPTY") is None
    assert reference.find("a") is None
    names = [info.symbol for info in reference.search("a", active_only=True)]
    assert names == ["A", "AA", "BABA"]
    assert reference.search("zz", active_only=False) == []


def test_splits_are_an_imported_table_or_nobody_knows() -> None:
    store = SegmentStore(memory(), "polygon", MARKET)
    reference = StoreReference(store)
    assert reference.splits("A") is None
    split = Split(JULY[1], "A", 1.0, 2.0)
    Reference(store.storage).put_splits([split], 1)
    assert StoreReference(store).splits("A") == (split,)
    assert StoreReference(store).checked_splits("B").used == ()


def test_only_a_synthetic_store_is_made_up() -> None:
    assert not StoreReference(SegmentStore(memory(), "polygon", MARKET)).made_up
    made_up = StoreReference(SegmentStore(memory(), "synthetic/0", MARKET))
    assert (made_up.name, made_up.made_up) == ("synthetic/0", True)
