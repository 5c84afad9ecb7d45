"""`polytape scan` where no gateway answers, and where one is there but does not."""

from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from polytape.cli.scan import READ_STORE
from polytape.engines.confluence import ConfluenceZone
from polytape.engines.scan_result import ScanResult
from polytape.errors import ConnectionError
from polytape.model.market_bars import MarketBars
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from tests.cli.conftest import Run
from tests.conftest import MARKET, NOW, day_span, flat_bars

WHERE = "http://127.0.0.1:9/api/v1/scan"


@pytest.mark.parametrize("sent", [False, True])
def test_the_store_is_read_only_where_nobody_listens(
    polytape: Run, monkeypatch: pytest.MonkeyPatch, sent: bool
) -> None:
    """A gateway that is slow is one: what happened is said, and how to do without it."""

    def lost(_: str | None) -> AbstractContextManager[object]:
        raise ConnectionError("no answer in time", url=WHERE, sent=sent)

    read: list[object] = []
    monkeypatch.setattr("polytape.cli.scan.connect", lost)
    monkeypatch.setattr("polytape.cli.scan._scan_store", lambda *given: read.append(given))
    code, _, err = polytape("scan", "AAPL")
    said = " ".join(err.split())
    if sent:
        assert (code, read) == (1, [])
        assert f"no answer in time {READ_STORE}" in said
        assert "no gateway" not in said
    else:
        assert (code, len(read)) == (0, 1)
        assert "no gateway at http://127.0.0.1:9: reading" in said


def zone(number: int) -> ConfluenceZone:
    place = (100.0 + number, 101.0 + number, 100.5 + number, 1.0)
    return ConfluenceZone(
        f"R{number}", *place, "resistance", "L1", 10.0 - number, 1.0, 1.0, 1.0, (), (), (),
        has_swing=False, touches=0, recency=None, candle=None,
    )  # fmt: skip


def test_a_picture_shows_the_zones_that_are_printed(
    polytape: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--top 2` drew all of them."""
    at = datetime(2024, 7, 3, 15, 30, tzinfo=UTC)
    scan = ScanResult("AAPL", at, 100.0, 1.0, 1.0, 1.0, zones=tuple(map(zone, range(5))))
    drawn: list[ScanResult] = []
    monkeypatch.setattr("polytape.cli.scan._scan_to_draw", lambda *_: scan)
    monkeypatch.setattr("polytape.cli.pictures.draw", lambda result, *_, **__: drawn.append(result))
    assert polytape("scan", "AAPL", "--top", "2", "--plot", "a.png")[0] == 0
    assert polytape("scan", "AAPL", "--plot", "a.png")[0] == 0
    assert [[one.id for one in result.zones] for result in drawn] == [
        ["R0", "R1"],
        ["R0", "R1", "R2", "R3", "R4"],
    ]


def test_each_symbol_of_a_store_that_is_none_has_its_hint(polytape: Run, tmp_path: Path) -> None:
    """Of those that are stored; the others are scanned."""
    day = day_span(date(2024, 7, 2))
    store = SegmentStore(open_storage(str(tmp_path / "store")), "polygon", MARKET)
    bars = flat_bars([day.start + 40_000_000_000])
    parts = {"AAPL": bars, "BRK.B": bars}
    coverage = [Coverage(symbol, day, NOW, True) for symbol in parts]
    store.write(Series.MINUTE, MarketBars.of(parts), coverage)
    store.close()
    how = ("--store", str(tmp_path / "store"), "--as-of", "2024-07-02 16:00")
    code, out, err = polytape("scan", "APPL,BRK-B,ZZZZZZ,AAPL", *how)
    assert (code, out.startswith("AAPL 10.00 ")) == (0, True)
    assert "APPL: the store has no symbol APPL (did you mean AAPL?)\n" in err
    assert "BRK-B: the store has no symbol BRK-B (did you mean BRK.B?)\n" in err
    assert "ZZZZZZ: the store has no symbol ZZZZZZ\n" in err
