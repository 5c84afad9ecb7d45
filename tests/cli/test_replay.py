"""`polytape replay` and `polytape clock`: a day as it was, from a store, files, or a made-up market."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from math import inf
from pathlib import Path

import pytest
from msgspec import structs

from polytape import PolygonClient
from polytape.cli.clock import now_us, replay_clock, this_market
from polytape.cli.replay import ReplayRequest
from polytape.cli.replaying import make_replay, past_session, run_replay
from polytape.cli.wiring import make_app
from polytape.errors import ConfigurationError, ValidationError
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.instants import parse_instant
from polytape.model.market_bars import MarketBars
from polytape.model.query import series_query
from polytape.model.timeframes import Series
from polytape.net.storage import open_storage
from polytape.settings import Settings
from polytape.store.coverage import Coverage
from polytape.store.segments import SegmentStore
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.polygon.events import MinuteAggregate
from tests.cli.conftest import Run
from tests.conftest import MARKET, NOW, day_span

DAY, NEXT = date(2024, 7, 2), date(2024, 7, 3)
SETTINGS = Settings(port=0)
MADE_UP = ReplayRequest(f"{DAY}", ("SPY", "AAPL"), "synthetic", speed=0.001)


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with two days of two symbols, as if they were the vendor's."""
    folder = tmp_path_factory.mktemp("replay") / "store"
    store = SegmentStore(open_storage(str(folder)), "polygon", MARKET)
    source, span = Synthetic(MARKET, lambda: NOW), day_span(DAY, NEXT)
    for series in Series:
        parts = {s: source.bars(series_query(s, series, span)).bars for s in ("AAPL", "SPY")}
        coverage = [Coverage(symbol, span, NOW, True) for symbol in parts]
        store.write(series, MarketBars.of(parts), coverage)
    store.close()
    return str(folder)


@pytest.fixture
def made_up() -> Iterator[tuple[Gateway, str]]:
    """A made-up day that all but stands."""
    gateway = make_replay(MADE_UP, SETTINGS)
    with running(make_app(SETTINGS, gateway)) as url:
        yield gateway, url


def test_a_replay_says_of_slow_requests_what_the_settings_say() -> None:
    """0: none is logged, as in every gateway."""
    for seconds, limit in ((0.0, inf), (2.5, 2.5)):
        settings = structs.replace(SETTINGS, slow_request_s=seconds)
        assert make_replay(MADE_UP, settings).slow_request_s == limit


@pytest.mark.parametrize(
    ("symbol", "at", "says"),
    [
        ("SPY", "09:30", None),
        ("SPYY", "09:30", "SPYY (Slate Optics Group) trades in 78 of the 390 minutes from 09:30 to 16:00 (did you mean SPY?)"),
        ("SPYY", "16:00", "of the 240 minutes from 16:00 to 20:00 (did you mean SPY?)"),
    ],
)  # fmt: skip
def test_a_symbol_that_hardly_trades_is_said_to(
    capsys: pytest.CaptureFixture[str], symbol: str, at: str, says: str | None
) -> None:
    """Else a mistyped name of a real company plays nothing, and nobody sees why."""
    make_replay(ReplayRequest(f"{DAY}", (symbol,), "synthetic", at), SETTINGS).close()
    err = capsys.readouterr().err
    assert (err == "") if says is None else (says in err)


def minute_of(event: MinuteAggregate) -> str:
    return f"{MARKET.local(event.start * 1_000):%H:%M}"


@pytest.mark.socket
def test_a_second_answer_is_longer_and_the_stream_goes_on_from_there(
    made_up: tuple[Gateway, str],
) -> None:
    """The client's cache does not believe its own clock; a step sends each minute in order."""
    gateway, url = made_up
    assert gateway.clock is not None
    with PolygonClient(url) as client, client.stream(["AAPL", "SPY"]) as stream:
        first = client.fetch_bars("AAPL", DAY, DAY, "1min")
        events = (event for event in stream if isinstance(event, MinuteAggregate))
        for event in stream:
            if getattr(event, "kind", "") == "subscribed":
                break
        gateway.clock.step(5 * 60_000_000)
        bars = [next(events) for _ in range(10)]
        second = client.fetch_bars("AAPL", DAY, DAY, "1min")
        gateway.clock.step(24 * 3_600_000_000)
        third = client.fetch_bars("AAPL", DAY, DAY, "1min")
        hits = client.stats().cache_hits
        client.fetch_bars("AAPL", DAY, DAY, "1min")
        assert client.stats().cache_hits == hits + 1
    begin = first.timestamp.iloc[-1]
    assert begin.value // 1_000 < gateway.market.midnight(DAY) + (9 * 60 + 30) * 60_000_000
    assert len(first) < len(second) < len(third)
    assert [(minute_of(bar), bar.symbol) for bar in bars] == [
        (f"09:{minute}", symbol) for minute in range(30, 35) for symbol in ("AAPL", "SPY")
    ]
    seen = second.loc[second.timestamp > begin]
    assert seen.close.tolist() == [bar.close for bar in bars if bar.symbol == "AAPL"]
    assert f"{third.timestamp.iloc[-1].tz_convert('America/New_York'):%H:%M}" > "19:50"


@pytest.mark.socket
def test_the_commands_see_the_day_and_turn_its_clock(
    polytape: Run, made_up: tuple[Gateway, str]
) -> None:
    """In New York's time of that day."""
    _, url = made_up
    at = ("--url", url)
    code, out, err = polytape("clock", "pause", *at)
    assert (code, "Tue 2024-07-02 09:30:00 New York" in out, err) == (0, True, "")
    code, out, _ = polytape("clock", "step", "10:30", *at)
    assert (code, "10:30:00" in out) == (0, True)
    code, out, err = polytape("clock", "step", "2024-07-02 10:30:30", *at)
    assert (code, "10:30:30" in out) == (0, True)
    assert err == "2024-07-02 10:30:30 is read as New York time.\n"
    code, out, _ = polytape("clock", "step", "5", "--format", "json", *at)
    assert json.loads(out)["now"] == "2024-07-02T14:35:30Z"
    assert json.loads(polytape("clock", "speed", "60", "--format", "json", *at)[1])["speed"] == 60
    assert polytape("clock", "resume", *at)[0] == 0
    code, out, err = polytape("stream", "AAPL", "--count", "2", *at)
    _, *lines = out.splitlines()
    assert (code, {line.split()[0] for line in lines}, len(lines)) == (0, {"Tue"}, 2)
    assert "09:30" <= lines[0].split()[1] < lines[1].split()[1] < "10:40"
    assert "made up" in err
    code, out, _ = polytape("scan", "AAPL", *at)
    assert (code, "Tue 2024-07-02 10:3" in out) == (0, True)


@pytest.mark.socket
def test_a_stored_day_is_read_and_nothing_is_written(polytape: Run, location: str) -> None:
    """Not even where somebody wants history that is not there; no word of made-up prices."""
    settings = Settings(port=0, store=location)
    before = {path: path.stat().st_mtime_ns for path in Path(location).rglob("*")}
    gateway = make_replay(ReplayRequest(f"{DAY}", at="15:59", speed=100.0), settings)
    assert (gateway.store, gateway.bars.made_up) == (None, False)
    with running(make_app(settings, gateway)) as url:
        at = ("--url", url)
        code, out, err = polytape("stream", "*", "--count", "2", *at)
        assert (code, [line.split()[2] for line in out.splitlines()[1:]]) == (0, ["AAPL", "SPY"])
        assert "made up" not in err
        options = ("--start", "2024-06-28", "--end", f"{NEXT}", "--timeframe", "1min")
        code, _, err = polytape("bars", "AAPL", *options, *at)
        assert code == 1
        assert "polygon has no [2024-06-28" in err
        code, _, err = polytape("clock", *at)
        assert code == 0
    after = {path: path.stat().st_mtime_ns for path in Path(location).rglob("*")}
    assert after == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("2024-07-04", 2, "not an exchange holiday; the session before it is 2024-07-03"),
        ("2024-07-06", 2, "not a weekend"),
        ("today --from 25:00", 2, "DATE"),
        ("2h", 2, "a day, such as"),
        ("someday", 2, '"today", "yesterday", "now"'),
        ("2023-02-29", 2, "DATE='2023-02-29' is not valid: there is no day"),
        ("2024-07-02 --from 13pm", 2, "from 1:00 to 12:59 with am or pm"),
        ("2024-07-02T10:00", 2, "a day, such as"),
        ("2049-07-02", 2, "a day that is over (it is in the future); the last one is 20"),
        ("2049-07-03", 2, "it is in the future"),
        ("2049-07-04", 2, "it is in the future"),
        ("2024-07-02 --from 3:59", 2, "04:00 to 20:00"),
        ("2024-07-03 --from 17:00", 2, "04:00 to 17:00"),
        ("2024-07-02 --from noon", 2, "HH:MM"),
        ("2024-07-02 --speed 0", 2, "--speed"),
        ("2024-07-02 A!", 2, "ticker"),
        ("2024-07-02 MSFT", 1, "history backfill MSFT --from 2024-07-02 --to 2024-07-02 --store"),
        ("2024-07-05 AAPL", 1, "misses [2024-07-05 04:00 New York"),
        ("2024-07-05", 1, "no symbol with all minutes of 2024-07-05: polytape history import"),
        ("2024-07-02 --store /nowhere/at/all", 1, "is no store"),
        ("2024-07-02 --store none", 1, "name a store"),
        ("2024-07-02 --data DIR", 1, "--source flatfiles"),
        ("2024-07-02 --source flatfiles", 1, "--data DIR"),
        ("2024-07-02 APPL --source synthetic", 2, "all are replayed (did you mean AAPL?)"),
        ("2024-07-02 NOPE --source synthetic", 2, "symbols with minute bars on 2024-07-02"),
    ],
)
def test_what_cannot_be_replayed_is_one_line(
    polytape: Run, location: str, arguments: str, code: int, says: str
) -> None:
    """That names what is missing, and how to get it."""
    stored = () if "--store" in arguments or "--s" in arguments else ("--store", location)
    got, out, err = polytape("replay", *arguments.split(), *stored, "--port", "0")
    assert (got, out) == (code, ""), err
    assert says in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", ["clock stop", "clock step", "clock pause 3", "clock speed fast"]
)
def test_wrong_use_of_the_clock_is_one_line(polytape: Run, arguments: str) -> None:
    """Before any gateway is asked."""
    code, out, err = polytape(*arguments.split(), "--url", "http://127.0.0.1:9")
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_files_are_read_up_to_the_day(tmp_path: Path, write_files: Callable[[Path], None]) -> None:
    """A symbol of a later file is not there yet; the day must have its file."""
    write_files(tmp_path)
    settings = Settings(data=str(tmp_path))
    gateway = make_replay(ReplayRequest("2024-07-02", source="flatfiles"), settings)
    assert gateway.bars.reference().find("AAPL") is not None
    assert gateway.bars.reference().find("LATER") is None
    gateway.close()
    with pytest.raises(Exception, match="no minute file of 2024-07-05"):
        make_replay(ReplayRequest("2024-07-05", source="flatfiles"), settings)


@pytest.fixture
def write_files() -> Callable[[Path], None]:
    """Two minute files, the second with one symbol more."""
    import gzip

    def write(root: Path) -> None:
        for day, symbols in (("2024-07-02", ("AAPL",)), ("2024-07-03", ("AAPL", "LATER"))):
            start = MARKET.midnight(date.fromisoformat(day)) + 600 * 60_000_000
            rows = [f"{symbol},100,1,1,1,1,{start}000,1" for symbol in symbols]
            head = "ticker,volume,open,close,high,low,window_start,transactions"
            file = root / "us_stocks_sip/minute_aggs_v1" / day[:4] / day[5:7] / f"{day}.csv.gz"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(gzip.compress("\n".join([head, *rows, ""]).encode()))

    return write


def test_the_clock_of_a_replay_ends_with_the_post_market() -> None:
    """20:00 New York, or 17:00 on an early close."""
    market = this_market()
    session = market.session(NEXT)
    assert session is not None
    clock = replay_clock(session, session.open, 1.0)
    assert clock.end == market.midnight(NEXT) + 17 * 3_600_000_000
    assert clock.now() < now_us()


@pytest.mark.parametrize(
    ("now", "last"), [("2024-07-03 16:30", "2024-07-02"), ("2024-07-03 17:00", "2024-07-03")]
)
def test_a_day_that_is_not_over_says_when_it_is_and_which_one_is(
    monkeypatch: pytest.MonkeyPatch, now: str, last: str
) -> None:
    """The early close of 3 July ends at 17:00."""
    at = parse_instant(f"{now} ET", "now", MARKET)
    monkeypatch.setattr("polytape.cli.replaying.now_us", lambda: at)
    with pytest.raises(ValidationError, match=f"in the future.; the last one is {last}$"):
        past_session("2024-07-08", MARKET)
    if last == "2024-07-03":
        assert past_session("2024-07-03", MARKET).day == NEXT
        return
    with pytest.raises(
        ValidationError, match=r"ends at 17:00 New York.; the last one is 2024-07-02$"
    ):
        past_session("2024-07-03", MARKET)


@pytest.mark.parametrize(
    ("symbols", "says"),
    [((), "all symbols of Tue"), (("SPY",), "stream of SPY and bars of every symbol of Tue 2024-07-02")],
)  # fmt: skip
def test_what_symbols_limit_is_said(
    monkeypatch: pytest.MonkeyPatch, symbols: tuple[str, ...], says: str
) -> None:
    """The stream; any other symbol of the source is answered, too."""
    said: list[object] = []
    monkeypatch.setattr("polytape.cli.replaying.serve_gateway", lambda *given: said.extend(given))
    run_replay(ReplayRequest(f"{DAY}", symbols, "synthetic"), {})
    assert str(said[3]).startswith(says)
    gateway = said[1]
    assert isinstance(gateway, Gateway)
    gateway.close()


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "polytape"


def filled(place: Path, source: str, *days: date) -> None:
    """A store of one symbol."""
    store = SegmentStore(open_storage(str(place)), source, MARKET)
    for day in days:
        span = day_span(day)
        bars = Synthetic(MARKET, lambda: NOW).bars(series_query("SPY", Series.MINUTE, span)).bars
        covered = [Coverage("SPY", span, NOW, True)]
        store.write(Series.MINUTE, MarketBars.of({"SPY": bars}), covered)
    store.close()


def test_a_day_is_read_from_the_store_that_there_is(
    capsys: pytest.CaptureFixture[str], own_folder: Path
) -> None:
    """As `history status` reads it, and said; what is not in it says how to see one made up."""
    with pytest.raises(ConfigurationError, match=r"no store at .*--source synthetic plays"):
        make_replay(ReplayRequest(f"{DAY}", ("SPY",)), SETTINGS)
    filled(own_folder / "synthetic", "synthetic/0", DAY)
    gateway = make_replay(ReplayRequest(f"{DAY}", ("SPY",)), SETTINGS)
    assert gateway.bars.source_name == "synthetic/0"
    gateway.close()
    assert "synthetic (bars of synthetic/0): it is the store there is" in capsys.readouterr().err
    with pytest.raises(
        ConfigurationError, match=f"--to {NEXT} .* --source synthetic puts that day"
    ):
        make_replay(ReplayRequest(f"{NEXT}", ("SPY",)), SETTINGS)


@pytest.mark.parametrize("symbols", [("SPY",), ()])
def test_a_day_that_another_store_has_names_that_store(
    own_folder: Path, symbols: tuple[str, ...]
) -> None:
    """The vendor's is read, though made-up bars are there: they take its place by word only."""
    filled(own_folder / "polygon", "polygon", NEXT)
    filled(own_folder / "synthetic", "synthetic/0", DAY)
    with pytest.raises(ConfigurationError) as refused:
        make_replay(ReplayRequest(f"{DAY}", symbols), SETTINGS)
    said = str(refused.value)
    assert f"; --store {own_folder / 'synthetic'} (bars of synthetic/0) has that day" in said
    with pytest.raises(ConfigurationError) as refused:
        make_replay(ReplayRequest("2024-06-28", symbols), SETTINGS)
    assert "has that day" not in str(refused.value)


def test_a_day_may_be_a_word_and_its_time_have_am(
    monkeypatch: pytest.MonkeyPatch, polytape: Run
) -> None:
    """What was read is said."""
    asked: list[ReplayRequest] = []
    at = parse_instant("2024-07-03 09:00 ET", "now", MARKET)
    monkeypatch.setattr("polytape.cli.clock.now_us", lambda: at)
    monkeypatch.setattr(
        "polytape.cli.replaying.run_replay", lambda request, _: asked.append(request)
    )
    code, _, err = polytape("replay", "yesterday", "SPY", "--from", "8:30am")
    assert (code, err) == (0, f"DATE yesterday is {DAY}.\n")
    assert [request.day for request in asked] == [f"{DAY}"]
    gateway = make_replay(ReplayRequest(f"{DAY}", ("SPY",), "synthetic", "8:30am"), SETTINGS)
    assert f"{MARKET.local(gateway.now()):%H:%M}" == "08:30"
    gateway.close()
