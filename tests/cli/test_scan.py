"""`polytape scan` where no gateway answers, and where one is there but does not."""

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.cli.answers import RateLimitAnswer
from polytape.cli.scan import READ_STORE
from polytape.cli.scan_list import estimate_text
from polytape.cli.scan_output import as_json
from polytape.engines.confluence import ConfluenceZone
from polytape.engines.scan_result import ScanResult
from polytape.errors import ConnectionError, NotFoundError
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
    monkeypatch.setattr("polytape.cli.stores.readable_location", lambda _: "/some/where")
    code, _, err = polytape("scan", "AAPL")
    said = " ".join(err.split())
    if sent:
        assert (code, read) == (1, [])
        assert f"no answer in time {READ_STORE}" in said
        assert "no gateway" not in said
    else:
        assert (code, len(read)) == (0, 1)
        assert "no gateway at http://127.0.0.1:9: reading /some/where" in said


def test_without_a_gateway_and_a_store_both_ways_out_are_named(
    polytape: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It ended in a store that there was not, without a word of `serve`."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("POLYTAPE_URL", "http://127.0.0.1:1")
    code, out, err = polytape("scan", "SPY")
    said = " ".join(err.split())
    assert (code, out) == (1, "")
    assert "no gateway at http://127.0.0.1:1 (polytape serve starts one), and there is no " in said
    assert "(--store names one; polytape serve, history import and history backfill" in said


class FakeGateway:
    """Answers scans, but for symbols that begin with X, and takes down what was on stdout then."""

    def __init__(self, remaining: int) -> None:
        self.remaining = remaining
        self.source = "polygon"
        self.paths: list[str] = []

    def get(self, path: str, _: object) -> dict[str, object]:
        assert path == "/rate-limit"
        return {"limit": 5, "remaining": self.remaining, "window_seconds": 60.0}

    def post(self, path: str, body: dict[str, Any], _: object) -> dict[str, object]:
        if path == "/history/months":
            stored = {"days": 9, "stored": 9}
            rows = [[stored, {"days": 9, "stored": 9 * (s == "SPY")}] for s in body["symbols"]]
            return {"rows": [{"months": months} for months in rows]}
        self.paths.append(body["symbol"])
        if body["symbol"].startswith("X"):
            raise NotFoundError(f"there is no symbol {body['symbol']}")
        at = datetime(2024, 7, 3, 15, 30, tzinfo=UTC)
        return dict(as_json(ScanResult(body["symbol"], at, 100.0, 1.0, 1.0, 1.0)))

    def status(self) -> dict[str, object]:
        return {"made_up": False, "source": self.source}


def through(monkeypatch: pytest.MonkeyPatch, gateway: FakeGateway) -> None:
    monkeypatch.setattr("polytape.cli.scan.connect", lambda _: nullcontext(gateway))


def test_each_scan_of_a_list_is_printed_as_it_is_there(
    polytape: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minutes passed behind two lines, and the first answer came with the last. Under a small
    budget the minutes are said at once, and then how far it is.
    """
    gateway, events = FakeGateway(remaining=2), list[str]()
    through(monkeypatch, gateway)
    monkeypatch.setattr(
        "polytape.cli.scan_output.show", lambda scans, *_: events.append(*scans.results)
    )
    monkeypatch.setattr("polytape.cli.scan_list.note", events.append)
    assert polytape("scan", "SPY", "AAPL", "MSFT")[0] == 0
    assert events == [
        "3 symbols, about 8 requests at 5 a minute: some 2 minutes",
        *("1 of 3: SPY", "SPY", "2 of 3: AAPL", "AAPL", "3 of 3: MSFT", "MSFT"),
    ]
    for gateway.remaining, gateway.source in ((9, "polygon"), (2, "synthetic")):
        events.clear()
        assert polytape("scan", "SPY", "AAPL", "MSFT")[0] == 0
        assert events == ["SPY", "AAPL", "MSFT"]  # nothing waits, or no vendor is asked: no word


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_list_with_a_symbol_that_fails_fails(
    polytape: Run, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """A list of nothing but errors looked like success; what there is is printed all the same."""
    through(monkeypatch, FakeGateway(remaining=99))
    code, out, err = polytape("scan", "XA", "SPY", "--format", form)
    assert (code, out.count("SPY")) == (1, 1)
    assert "XA: there is no symbol XA\n" in err
    assert "1 of 2 symbols has no scan: exit code 1\n" in err
    code, _, err = polytape("scan", "XA", "XB", "--format", form)
    assert (code, "2 of 2 symbols have no scan" in err) == (1, True)


@given(st.integers(1, 20), st.integers(0, 60), st.integers(1, 10), st.integers(0, 10))
def test_the_minutes_of_an_estimate_hold_the_requests(
    symbols: int, requests: int, limit: int, used: int
) -> None:
    """So many windows, and what is left of this one, have room for all; one window less has not."""
    remaining = max(0, limit - used)
    budget = RateLimitAnswer(
        limit=limit, remaining=remaining, reset_at="", window_seconds=60.0, used=used
    )
    text = estimate_text(symbols, requests, budget)
    if requests <= remaining:
        assert text == ""
    else:
        minutes = int(text.split()[-2])
        assert remaining + (minutes - 1) * limit < requests <= remaining + minutes * limit


def test_a_gateway_that_goes_between_two_scans_is_no_reason_to_begin_again(
    polytape: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first table would be printed twice, the second time from a store."""

    class Going(FakeGateway):
        def post(self, path: str, body: dict[str, Any], kind: object) -> dict[str, object]:
            if body["symbol"] == "AAPL":
                raise ConnectionError("gone", url=WHERE, sent=False)
            return super().post(path, body, kind)

    through(monkeypatch, Going(remaining=99))
    code, out, err = polytape("scan", "SPY", "AAPL")
    assert (code, out.startswith("SPY 100.00")) == (1, True)
    assert f"gone {READ_STORE}" in " ".join(err.split())


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
    """Of those that are stored; the others are scanned, and the exit code tells of it."""
    day = day_span(date(2024, 7, 2))
    store = SegmentStore(open_storage(str(tmp_path / "store")), "polygon", MARKET)
    bars = flat_bars([day.start + 40_000_000_000])
    parts = {"AAPL": bars, "BRK.B": bars}
    coverage = [Coverage(symbol, day, NOW, True) for symbol in parts]
    store.write(Series.MINUTE, MarketBars.of(parts), coverage)
    store.close()
    how = ("--store", str(tmp_path / "store"), "--as-of", "2024-07-02 16:00")
    code, out, err = polytape("scan", "APPL,BRK-B,ZZZZZZ,AAPL", *how)
    assert (code, out.startswith("AAPL 10.00 ")) == (1, True)
    assert "3 of 4 symbols have no scan: exit code 1\n" in err
    assert "APPL: the store has no symbol APPL (did you mean AAPL?)\n" in err
    assert "BRK-B: the store has no symbol BRK-B (did you mean BRK.B?)\n" in err
    assert "ZZZZZZ: the store has no symbol ZZZZZZ\n" in err
