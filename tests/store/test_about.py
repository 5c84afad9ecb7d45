"""`store.json`: whose bars a store has, and of which schema."""

import msgspec
import pytest

from polytape.errors import ConfigurationError
from polytape.model.timeframes import Series
from polytape.net.storage import Storage
from polytape.store.about import ABOUT, claim, source_of
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import FIRST, WEEK, some_bars, write


def test_a_store_belongs_to_one_source_and_one_schema(storage: Storage) -> None:
    SegmentStore(storage, "synthetic/0", MARKET)
    with pytest.raises(ConfigurationError, match="holds bars of synthetic/0, not of polygon"):
        SegmentStore(storage, "polygon", MARKET)
    storage.put("store.json", lambda sink: sink.write(b'{"schema":99,"source":"polygon"}'))
    with pytest.raises(ConfigurationError, match="schema 99"):
        SegmentStore(storage, "polygon", MARKET)
    storage.put("store.json", lambda sink: sink.write(b"?"))
    with pytest.raises(ConfigurationError, match="damaged"):
        SegmentStore(storage, "polygon", MARKET)


def test_an_existing_store_is_opened_whosever_bars_it_has(storage: Storage) -> None:
    with pytest.raises(ConfigurationError, match=r"is no store: it has no store\.json"):
        SegmentStore.existing(storage, MARKET)
    assert storage.names("") == []  # looking founds nothing
    write(SegmentStore(storage, "polygon", MARKET), "A", some_bars([FIRST]), WEEK, 1)
    opened = SegmentStore.existing(storage, MARKET)
    assert opened.source == "polygon"
    assert opened.symbols(Series.MINUTE) == ["A"]
    storage.put("store.json", lambda sink: sink.write(b"{"))
    with pytest.raises(ConfigurationError, match="damaged"):
        SegmentStore.existing(storage, MARKET)


def test_a_claim_is_made_once_and_read_by_everybody(storage: Storage) -> None:
    claim(storage, "polygon")
    assert msgspec.json.decode(storage.read(ABOUT)) == {"schema": 1, "source": "polygon"}
    claim(storage, "polygon")
    assert source_of(storage) == "polygon"
    with pytest.raises(ConfigurationError, match="bars of two sources never mix"):
        claim(storage, "flatfiles")
    assert source_of(storage) == "polygon"
