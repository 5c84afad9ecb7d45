"""Made up is said in every answer of a made-up market: by each route, command, frame and picture."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from matplotlib.text import Text

import polytape
from polytape import PolygonClient
from polytape.cli.app import run
from polytape.cli.output import MADE_UP as WARNING
from polytape.engines.registry import CLIENT_ENGINES, ENGINES, SCAN, EngineSpec
from polytape.model.basis import MADE_UP
from polytape.wire import arrow
from polytape.wire.api.media import ARROW

pytestmark = [pytest.mark.socket, pytest.mark.timeout(60)]

AS_OF = "2026-11-18T16:30:00Z"
DAYS = {"symbol": "AAPL", "timeframe": "1day", "start_date": "2026-11-16", "end_date": "2026-11-18"}
HEADER = "x-polytape-made-up"
VENDOR = "/v2/aggs/ticker/AAPL/range/1/day/2026-11-16/2026-11-18"


def result_of(spec: EngineSpec, client: PolygonClient) -> Any:
    engine = getattr(polytape, f"{spec.client_class}")(client)
    return getattr(engine, spec.method)("AAPL", AS_OF)


@pytest.mark.parametrize("spec", ENGINES, ids=lambda spec: spec.name)
def test_each_engine_says_it_in_json(spec: EngineSpec, gateway: str) -> None:
    body = {"symbol": "AAPL", "as_of": AS_OF}
    answer = httpx2.post(f"{gateway}/api/v1{spec.path}", json=body, timeout=30)
    basis = answer.json()["basis"]
    assert (basis["source"], basis["made_up"]) == ("synthetic", True)
    assert basis["line"] == MADE_UP  # and nothing else is to be told
    assert answer.headers[HEADER] == "true"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/latest/AAPL", None), ("GET", "/api/v1/search?query=apple", None),
        ("POST", "/api/v1/validate", {"symbols": ["AAPL"]}), ("POST", "/api/v1/bars", DAYS),
        ("POST", "/api/v1/bars/batch", {"requests": [DAYS]}), ("GET", VENDOR, None),
        ("GET", "/v3/reference/tickers?search=apple", None), ("GET", "/status", None),
        ("GET", "/api/v1/latest/ZZZZZZ", None),
    ],
)  # fmt: skip
def test_every_other_answer_says_it_in_its_header(
    method: str, path: str, body: object, gateway: str
) -> None:
    answer = httpx2.request(method, f"{gateway}{path}", json=body, timeout=30)
    assert answer.headers[HEADER] == "true"


def test_bars_and_prices_say_it_in_json_and_arrow(gateway: str) -> None:
    bars = httpx2.post(f"{gateway}/api/v1/bars", json=DAYS)
    assert bars.json()["metadata"]["basis"]["made_up"] is True
    streamed = httpx2.post(f"{gateway}/api/v1/bars", json=DAYS, headers={"accept": ARROW})
    _, metadata = arrow.decode(streamed.content)
    assert metadata is not None
    assert metadata.basis is not None
    assert metadata.basis.one_line() == MADE_UP
    assert [(one.expected, one.with_bars) for one in metadata.basis.inputs] == [(3, 3)]
    batch = httpx2.post(f"{gateway}/api/v1/bars/batch", json={"requests": [DAYS]}).text
    assert json.loads(bars.text)["metadata"]["basis"]["source"] == "synthetic"
    assert '"made_up":true' in batch
    latest = httpx2.get(f"{gateway}/api/v1/latest/AAPL").json()
    assert (latest["made_up"], latest["basis"]["source"]) == (True, "synthetic")


@pytest.mark.realdata
def test_a_real_answer_has_no_such_header(real_gateway: str) -> None:
    assert HEADER not in httpx2.get(f"{real_gateway}/status").headers


def test_frames_and_tables_say_it_where_they_are_displayed(gateway: str, tmp_path: Path) -> None:
    with PolygonClient(gateway) as client:
        frame = client.fetch_bars("AAPL", "2026-11-16", "2026-11-18", "1day")
        table = client.fetch_table("AAPL", "2026-11-16", "2026-11-18", "1day")
    assert MADE_UP in repr(frame)
    assert MADE_UP in frame._repr_html_()  # type: ignore[operator]
    assert MADE_UP in repr(frame.iloc[:1])
    assert frame.attrs["basis"]["line"] == MADE_UP
    assert b'"made_up":true' in table.schema.metadata[arrow.METADATA_KEY]
    frame.to_parquet(tmp_path / "frame.parquet")  # attrs are JSON


@pytest.mark.parametrize("spec", CLIENT_ENGINES, ids=lambda spec: spec.name)
def test_each_result_says_it_in_its_repr_and_frame(spec: EngineSpec, gateway: str) -> None:
    with PolygonClient(gateway) as client:
        result = result_of(spec, client)
    assert MADE_UP in repr(result)
    frame = result.to_frame()
    assert frame.attrs["basis"]["made_up"] is True
    assert MADE_UP in repr(frame) or frame.empty


def test_a_session_says_it(gateway: str) -> None:
    with PolygonClient(gateway) as client:
        session = client.get_session_data("AAPL", AS_OF)
    assert session["basis"] is not None
    assert session["basis"]["made_up"] is True
    assert session["error"] is None


def test_a_picture_says_it(gateway: str) -> None:
    with PolygonClient(gateway) as client:
        figure = result_of(SCAN, client).plot()
    assert any(MADE_UP in text.get_text() for text in figure.findobj(Text))


COMMANDS = [
    *((spec.name, "AAPL", "--as-of", AS_OF) for spec in CLIENT_ENGINES),
    ("session", "AAPL", "--at", AS_OF),
    ("price", "AAPL"),
    ("bars", "AAPL", "--start", "2026-11-16", "--end", "2026-11-18"),
]


@pytest.mark.parametrize("form", ["table", "json", "csv"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_each_command_warns(
    command: tuple[str, ...],
    form: str,
    gateway: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run([*command, "--format", form, "--url", gateway]) == 0
    out, err = capfd.readouterr()
    assert err.strip() == WARNING
    assert form != "json" or '"made_up":true' in out.replace(": ", ":")
