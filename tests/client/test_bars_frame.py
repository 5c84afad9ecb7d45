"""Frames for people who know pandas: every verb of its cookbook works on them, on either pandas."""

import io
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self

import msgspec
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from polytape.client import one_call
from polytape.client.bars_request import BarsRequest
from polytape.client.bars_view import COLUMNS, BarsView, parse_view
from polytape.client.batch import read_many
from polytape.client.cache import CacheManager
from polytape.client.core import Core
from polytape.client.download import bars_frame, joint_frame
from polytape.client.frames import FrameMaker
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.units import MINUTE_US
from polytape.wire import arrow
from polytape.wire.api.media import ARROW
from polytape.wire.api.messages import BarsMetadata
from polytape.wire.flow import Response
from tests.client.flows import connection, json, play
from tests.conftest import MARKET

START = int(datetime(2024, 7, 1, 13, 30, tzinfo=UTC).timestamp()) * 1_000_000
QUARTER = 15 * MINUTE_US
CLOCK = json({"now": "2024-07-05T14:00:00Z", "speed": 1.0, "paused": False, "wall": False})


def walk(count: int = 200, start: int = START, seed: int = 0) -> Bars:
    steps = np.random.default_rng(seed).normal(0, 0.1, count)
    close = 100 + np.cumsum(steps)
    stamps = start + QUARTER * np.arange(count)
    open_ = np.append(100.0, close[:-1])
    high, low = np.maximum(open_, close) + 0.05, np.minimum(open_, close) - 0.05
    return Bars.of(stamps, open_, high, low, close, np.full(count, 10.5), (high + low) / 2, close)


def about(bars: Bars, symbol: str = "SPY", *, made_up: bool = True) -> BarsMetadata:
    return BarsMetadata(
        symbol=symbol, timeframe="15min", count=len(bars), source="test", made_up=made_up,
        basis=Basis(source="test", made_up=made_up),
    )  # fmt: skip


def frame_of(bars: Bars, view: BarsView | None = None) -> pd.DataFrame:
    return FrameMaker(bars, about(bars)).make_numbers(view or BarsView())


def test_a_frame_has_numbers_alone_under_a_named_index() -> None:
    bars = walk()
    frame = frame_of(bars)
    assert tuple(frame.columns) == COLUMNS
    assert {str(dtype) for dtype in frame.dtypes} == {"float64"}
    assert str(frame.index.dtype) == "datetime64[us, UTC]"
    assert frame.index.name == "timestamp"
    assert frame["volume"].iloc[0] == 10.5  # the vendor's fractions are left
    assert frame.attrs["basis"]["made_up"] is True
    assert "made-up prices" in repr(frame)
    empty = frame_of(Bars.empty())
    assert tuple(empty.columns) == COLUMNS
    assert str(empty.index.dtype) == "datetime64[us, UTC]"


def test_a_view_has_its_zone_and_its_columns_in_order() -> None:
    frame = frame_of(walk(), parse_view(["close", "open"], "America/New_York"))
    assert list(frame.columns) == ["close", "open"]
    assert str(frame.index[0]) == "2024-07-01 09:30:00-04:00"
    assert frame.index.name == "timestamp"
    assert list(frame_of(walk(), parse_view("close", UTC)).columns) == ["close"]
    for columns, tz in ((["x"], None), ([], None), (["open", "open"], None)):
        with pytest.raises(ValidationError, match="columns="):
            parse_view(columns, tz)
    assert parse_view(None, "ET") == parse_view(None, "America/New_York")
    for zone in ("Mars/Base", "EST", 5):
        with pytest.raises(ValidationError, match="tz="):
            parse_view(None, zone)  # type: ignore[arg-type]


def test_who_gets_a_frame_may_change_it() -> None:
    bars = walk()
    maker = FrameMaker(bars, about(bars))
    mine, copy = maker.make_numbers(BarsView()), maker.make_numbers(BarsView())
    before = copy.copy(deep=True)
    mine["close"] = 0.0
    mine.iloc[:, 0] = 0.0
    mine.attrs["basis"].clear()
    pd.testing.assert_frame_equal(maker.make_numbers(BarsView()), before)
    assert copy.attrs["basis"]
    assert bars.same(walk())
    part = FrameMaker(bars.take(slice(5, 9)), about(bars), maker, slice(5, 9))
    pd.testing.assert_frame_equal(part.make_numbers(BarsView()), before.iloc[5:9])


def _read_back(frame: pd.DataFrame) -> pd.DataFrame:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return pd.read_parquet(buffer)


def _csv(frame: pd.DataFrame) -> pd.DataFrame:
    text = frame.to_csv()
    return pd.read_csv(io.StringIO(text), index_col="timestamp", parse_dates=True)


def _plotted(frame: pd.DataFrame) -> int:
    axes: Any = Figure(figsize=(2, 1)).subplots()
    frame[["close", "vwap"]].plot(ax=axes)
    return len(axes.lines)


# Each verb, and what must hold of its outcome.
COOKBOOK: dict[str, Callable[[Any], Any]] = {
    "pct_change": lambda f: f.pct_change().shape == f.shape,
    "diff": lambda f: np.isclose(f.diff().sum()["close"], f.close.iloc[-1] - f.close.iloc[0]),
    "shift": lambda f: np.allclose((f / f.shift() - 1).iloc[1:], f.pct_change().iloc[1:]),
    "log": lambda f: np.isfinite(np.log(f)).all().all(),
    "rolling": lambda f: f.rolling(20).mean().notna().sum().eq(181).all(),
    "rolling by time": lambda f: f.rolling("1h")["close"].max().iloc[-1] >= f.close.iloc[-1],
    "ewm": lambda f: f.ewm(span=10).mean().notna().all().all(),
    "expanding": lambda f: f.expanding().max()["high"].iloc[-1] == f.high.max(),
    "cumprod": lambda f: np.isclose(
        (1 + f.close.pct_change().fillna(0)).cumprod().iloc[-1], f.close.iloc[-1] / f.close.iloc[0]
    ),
    "resample agg": lambda f: f.resample("1h").agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    )["volume"].sum() == f.volume.sum(),
    "resample ohlc": lambda f: f.close.resample("2h").ohlc().high.max() == f.close.max(),
    "resample mean": lambda f: len(f.resample("1D").mean()) == 3,
    "groupby date": lambda f: f.groupby(f.index.date)["volume"].sum().sum() == f.volume.sum(),
    "groupby hour": lambda f: len(f.groupby(f.index.hour)["close"].mean()) == 24,
    "groupby level": lambda f: f.groupby("timestamp").sum().equals(f),
    "groupby grouper": lambda f: len(f.groupby(pd.Grouper(freq="1D")).close.last()) == 3,
    "sort_values": lambda f: f.sort_values("timestamp", ascending=False).iloc[-1].equals(f.iloc[0]),
    "sort_index": lambda f: f[::-1].sort_index().equals(f),
    "reset_index": lambda f: list(f.reset_index().columns) == ["timestamp", *COLUMNS],
    "set_index": lambda f: f.reset_index().set_index("timestamp").equals(f),
    "merge": lambda f: len(f.merge(f, on="timestamp", suffixes=("", "_b"))) == len(f),
    "merge on index": lambda f: f.merge(
        f[["close"]], left_index=True, right_index=True, suffixes=("", "_b")
    )["close_b"].equals(f["close"].rename("close_b")),
    "merge_asof": lambda f: len(
        pd.merge_asof(f, f[["close"]].add_suffix("_b").iloc[::4], on="timestamp")
    ) == len(f),
    "join": lambda f: f.join(f.add_suffix("_b")).shape == (200, 14),
    "concat": lambda f: pd.concat([f.iloc[:100], f.iloc[100:]]).equals(f),
    "concat columns": lambda f: pd.concat({"a": f, "b": f}, axis=1)["a"].equals(f),
    "assign": lambda f: (f.assign(range=lambda x: x.high - x.low)["range"] > 0).all(),
    "eval": lambda f: (f.eval("high - low") > 0).all(),
    "query": lambda f: len(f.query("close > open")) == (f.close > f.open).sum(),
    "where": lambda f: f.where(f.close > f.open).notna().sum()["close"] < len(f),
    "clip": lambda f: f.clip(lower=0).equals(f),
    "describe": lambda f: f.describe().loc["count"].eq(200).all(),
    "corr": lambda f: np.isclose(f[["close", "open"]].corr().loc["close", "close"], 1),
    "quantile": lambda f: f.quantile(0.5)["close"] == f.close.median(),
    "rank": lambda f: f.close.rank().max() == 200,
    "idxmax": lambda f: f.high.max() == f.loc[f.high.idxmax(), "high"],
    "nlargest": lambda f: f.nlargest(3, "close").iloc[0]["close"] == f.close.max(),
    "apply": lambda f: f.apply(np.ptp).shape == (7,),
    "transform": lambda f: f.transform(lambda x: x - x.mean()).shape == f.shape,
    "agg": lambda f: f.agg(["min", "max"]).shape == (2, 7),
    "between_time": lambda f: set(f.between_time("13:30", "15:59").index.hour) == {13, 14, 15},
    "at_time": lambda f: len(f.at_time("14:00")) == 3,
    "a day by its text": lambda f: set(f.loc["2024-07-02"].index.day) == {2},
    "a slice by texts": lambda f: len(f.loc["2024-07-01":"2024-07-02"]) == 138,
    "tz_convert": lambda f: str(f.tz_convert("America/New_York").index.tz) == "America/New_York",
    "asfreq": lambda f: f.asfreq("5min").volume.notna().sum() == len(f),
    "reindex": lambda f: (f.reindex(f.index.shift(1, "15min")).dtypes == "float64").all(),
    "interpolate": lambda f: f.asfreq("5min").interpolate().notna().all().all(),
    "fillna": lambda f: f.shift().fillna(0.0).iloc[0].eq(0).all(),
    "dropna": lambda f: len(f.pct_change().dropna()) == 199,
    "stack": lambda f: len(f.stack()) == 1400,  # noqa: PD013 - the verb itself
    "melt": lambda f: len(f.melt(ignore_index=False)) == 1400,
    "pivot_table": lambda f: f.pivot_table(
        "close", index=f.index.date, columns=f.index.hour
    ).shape == (3, 24),
    "cut": lambda f: pd.cut(f.close, 4).notna().all(),
    "rename": lambda f: "Close" in f.rename(columns=str.title),
    "drop": lambda f: "vwap" not in f.drop(columns="vwap"),
    "iterate": lambda f: sum(1 for _ in f.itertuples()) == 200,
    "numpy": lambda f: f.to_numpy().dtype == np.float64,
    "records": lambda f: f.to_dict("records")[0]["open"] == 100.0,
    "to_parquet": lambda f: _read_back(f).equals(f),
    "to_csv": lambda f: np.allclose(_csv(f), f),
    "to_json": lambda f: len(msgspec.json.decode(f.to_json(date_format="iso"))["close"]) == 200,
    "pickle": lambda f: pickle.loads(pickle.dumps(f)).equals(f),
    "plot": lambda f: _plotted(f) == 2,
    "html": lambda f: "timestamp" in f.to_html(max_rows=4),
}  # fmt: skip


# pandas 2 draws through what the newest matplotlib warns of.
@pytest.mark.filterwarnings("ignore:The locs attribute was deprecated")
@pytest.mark.parametrize("verb", COOKBOOK)
def test_every_verb_of_the_cookbook(verb: str) -> None:
    """pandas' own verbs, each with a law of its outcome; a warning is an error."""
    assert COOKBOOK[verb](frame_of(walk()))


def core_of() -> Core:
    return Core(connection(), CacheManager(clock=lambda: 0.0), MARKET)


def response(*answers: tuple[str, Bars], batch: bool = False) -> Response:
    parts: list[Any] = [(bars, about(bars, symbol)) for symbol, bars in answers]
    body = arrow.encode_many(parts) if batch else arrow.encode(*parts[0])
    return Response(200, {"content-type": ARROW}, body)


def dates_of(request: Any) -> tuple[str, str]:
    row = msgspec.json.decode(request.body)
    return row["start_date"], row["end_date"]


def test_words_are_read_by_the_gateways_time_and_never_cached() -> None:
    """The same text on another day is another query, in `fetch_bars`, `bars` and `fetch_many`."""
    core = core_of()
    days = []
    for clock in ("2024-07-05T14:00:00Z", "2024-07-08T14:00:00Z"):
        now = json({"now": clock, "speed": 1.0, "paused": False, "wall": False})
        fetch = core.fetch("SPY", "yesterday", "today", "15min", None, True, True)
        _, (_, sent, _) = play(fetch, [now, response(("SPY", Bars.empty())), now])
        days.append(dates_of(sent)[0])
    assert days == ["2024-07-03", "2024-07-05"]
    request = BarsRequest("5d", None, None, "15min")
    _, (*_, sent) = play(
        bars_frame(core_of(), "spy", request, BarsView()), [CLOCK, response(("SPY", walk()))]
    )
    assert dates_of(sent) == ("2024-06-28", "2024-07-05")
    many, _ = play(
        read_many(
            core, ["SPY", {"symbol": "A", "start_date": "ytd"}], "2024-07-01", "today", "1day",
            limit=None, include_extended=True, use_cache=True, errors="raise",
        ),
        [CLOCK, CLOCK],
    )  # fmt: skip
    begins = [query.span.start for query in many.queries.values()]
    assert begins == [MARKET.midnight(datetime(2024, m, 1, tzinfo=UTC).date()) for m in (7, 1)]


def test_without_dates_it_is_a_month_and_two_beginnings_are_an_error() -> None:
    frame = bars_frame(core_of(), "SPY", BarsRequest(None, None, None, "15min"), BarsView())
    _, (*_, sent) = play(frame, [CLOCK, response(("SPY", walk()))])
    assert dates_of(sent) == ("2024-06-04", "2024-07-05")
    both = BarsRequest("2024-07-01", None, "5d", "15min")
    with pytest.raises(ValidationError, match=r"period='5d'.*one of them begins"):
        play(bars_frame(core_of(), "SPY", both, BarsView()), [])


def test_a_start_in_the_future_without_an_end_is_at_fault_itself() -> None:
    """Nobody wrote the end that it would lie behind."""
    for start in ("2024-07-06", "tomorrow"):
        request = BarsRequest(start, None, None, "15min")
        with pytest.raises(ValidationError, match=r"^start=.* where no end is named"):
            play(bars_frame(core_of(), "SPY", request, BarsView()), [CLOCK])


def test_a_misspelt_word_is_answered_with_those_there_are() -> None:
    for flow in (
        core_of().fetch("SPY", "yesteday", "today", "15min", None, True, True),
        bars_frame(core_of(), "SPY", BarsRequest("yesteday", None, None, "15min"), BarsView()),
    ):
        with pytest.raises(ValidationError, match=r"='yesteday'.*\"yesterday\", \"now\", \"ytd\""):
            play(flow, [CLOCK])


REQUEST = BarsRequest("2024-07-01", "2024-07-05", None, "15min")


def joint(shape: str, **parts: Bars) -> pd.DataFrame:
    flow = joint_frame(core_of(), list(parts), REQUEST, BarsView(), shape)  # type: ignore[arg-type]
    frame, requests = play(flow, [response(*parts.items(), batch=True), CLOCK])
    # Where a symbol has no bars, why is a matter of the gateway's time.
    assert len(requests) == (1 if all(map(len, parts.values())) else 2)
    assert isinstance(frame, pd.DataFrame)
    return frame


def test_several_symbols_are_one_request_and_one_wide_frame() -> None:
    a, b = walk(), walk(start=START + 3 * QUARTER, seed=1)
    frame = joint("wide", AAPL=a, MSFT=b, NONE=Bars.empty())
    assert len(frame) == 203
    assert list(frame["close"].columns) == ["AAPL", "MSFT", "NONE"]
    one = frame.xs("MSFT", axis=1, level="symbol").dropna()
    assert np.array_equal(one["close"], b.close)
    assert tuple(one.columns) == COLUMNS
    assert np.isnan(frame["close"]["MSFT"].iloc[0])
    assert frame.attrs["empty"] == ["NONE"]
    (note,) = frame.attrs["notes"]
    assert note.startswith("NONE: no bars: nothing was traded in 2024-07-01 and later sessions, or")
    assert frame.attrs["basis"]["made_up"] is True
    assert "made-up prices" in repr(frame)
    assert frame.index.name == "timestamp"
    closes: Any = frame["close"]  # a frame, of two levels of columns
    assert closes.pct_change(fill_method=None).corr().shape == (3, 3)


def test_several_symbols_are_one_long_frame() -> None:
    frame = joint("long", AAPL=walk(), MSFT=walk(seed=1))
    assert frame.index.names == ["symbol", "timestamp"]
    assert tuple(frame.columns) == COLUMNS
    assert np.array_equal(frame.loc["MSFT"]["close"], walk(seed=1).close)
    assert frame.groupby("symbol")["close"].last().index.tolist() == ["AAPL", "MSFT"]
    means = frame.groupby("symbol")["close"].rolling(5).mean()
    assert means.notna().sum() == 2 * 196


@pytest.mark.parametrize(
    ("symbols", "shape", "param"),
    [([], "wide", "symbols"), (None, "wide", "symbols"), (["SPY"], "tall", "shape")],
)
def test_a_download_of_nothing_or_of_another_shape_is_refused(
    symbols: Any, shape: Any, param: str
) -> None:
    with pytest.raises(ValidationError, match=f"{param}="):
        play(joint_frame(core_of(), symbols, REQUEST, BarsView(), shape), [])


@pytest.mark.parametrize("symbols", ["AAPL MSFT", "aapl,MSFT", " AAPL, MSFT "])
def test_a_text_may_name_several_symbols(symbols: str) -> None:
    """With blanks or commas between, as other libraries have it."""
    answer = response(("AAPL", walk()), ("MSFT", walk()), batch=True)
    flow = joint_frame(core_of(), symbols, REQUEST, BarsView(), "wide")
    frame, _ = play(flow, [answer])
    assert list(frame["close"].columns) == ["AAPL", "MSFT"]


def test_a_download_needs_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one it makes a client of the settings, and closes it."""
    made: list[object] = []

    class Client:
        def __enter__(self) -> Self:
            made.append("open")
            return self

        def __exit__(self, *_: object) -> None:
            made.append("closed")

        def download(self, symbols: Any, *rest: Any, **named: Any) -> Any:
            made.append((symbols, rest, named["period"]))
            return pd.DataFrame()

    monkeypatch.setattr(one_call, "PolygonClient", Client)
    one_call.download(["A"], interval="15min", period="1mo")
    assert made == ["open", (["A"], (None, None, "15min"), "1mo"), "closed"]
