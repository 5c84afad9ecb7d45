"""Spans of OpenTelemetry across client, gateway and vendor; and none where they are not wanted."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import polytape
from polytape import PolygonClient
from polytape.errors import ConfigurationError, NotFoundError
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.gateway.server import running
from polytape.model.market import Market
from polytape.net.storage import open_storage
from polytape.net.tracing import Tracer, open_tracer
from polytape.store.segments import SegmentStore
from polytape.upstream.budget.budget import Budget
from tests.fakes.vendor import KEY, Street, street
from tests.upstream.polygon.conftest import NOW

TOKEN = "t0ken-that-must-never-show"
WEEK = ("AAPL", "2026-11-16", "2026-11-20", "15min")


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Tracer:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return open_tracer(provider)


@pytest.fixture
def wall() -> Iterator[Street]:
    with street(NOW) as made:
        yield made


@pytest.fixture
def client(wall: Street, tracer: Tracer, market: Market) -> Iterator[PolygonClient]:
    """A traced client of a traced gateway before a vendor."""
    upstream = wall.source("advanced").upstream()
    store = SegmentStore(open_storage("memory"), "polygon", market, now=lambda: NOW)
    gateway = Gateway(
        upstream, market, lambda: NOW, Budget.of(100, 1.0), store, wall=lambda: NOW, tracer=tracer
    )
    with running(create_app(gateway, token=TOKEN)) as url:
        with PolygonClient(url, api_key=TOKEN) as made:
            made._core.connection.tracer = tracer
            yield made


@pytest.mark.socket
def test_a_call_is_one_trace_from_the_client_to_the_vendor(
    client: PolygonClient, exporter: InMemorySpanExporter
) -> None:
    """Each span has its parent in the one that caused it, over the wire and through threads."""
    client.fetch_bars(*WEEK)
    spans = {span.name: span for span in exporter.get_finished_spans()}
    way = ["polytape.client.fetch_bars", "POST", "POST /api/v1/bars", "polytape.vendor"]
    assert parents(spans, "polytape.vendor") == way
    assert parents(spans, "polytape.store_write") == [*way[:3], "polytape.store_write"]
    assert len({span.context.trace_id for span in spans.values() if span.context}) == 1
    assert spans["POST"].kind is SpanKind.CLIENT
    route = spans["POST /api/v1/bars"]
    assert route.kind is SpanKind.SERVER
    assert route.attributes == {
        "http.request.method": "POST", "http.route": "/api/v1/bars",
        "http.response.status_code": 200,
    }  # fmt: skip


@pytest.mark.socket
def test_what_is_fetched_by_several_threads_is_one_trace(
    client: PolygonClient, exporter: InMemorySpanExporter
) -> None:
    """The threads of a call have its context."""
    client.fetch_many(["AAPL", "MSFT"], *WEEK[1:3], ["1day", "15min"], limit=3)
    roots = [span.name for span in exporter.get_finished_spans() if span.parent is None]
    assert roots == ["polytape.client.fetch_many"]


@pytest.mark.socket
def test_an_answer_from_memory_is_a_span_and_no_span_has_a_secret(
    client: PolygonClient, exporter: InMemorySpanExporter
) -> None:
    for _ in range(2):
        client.fetch_bars(*WEEK, use_cache=True)
        client._core.cache.clear()  # type: ignore[union-attr]
    with pytest.raises(NotFoundError):
        client.fetch_bars("ZZZZZZ", *WEEK[1:])
    spans = exporter.get_finished_spans()
    routes = [span for span in spans if span.name == "POST /api/v1/bars"]
    statuses = [(span.attributes or {})["http.response.status_code"] for span in routes]
    assert statuses == [200, 200, 404]
    assert all(span.parent is not None for span in routes)
    (failed,) = [span for span in spans if span.status.status_code is StatusCode.ERROR
                 and span.name == "polytape.client.fetch_bars"]  # fmt: skip
    assert (failed.attributes or {})["error.type"] == "NotFoundError"
    everything = "".join(span.to_json() for span in spans)
    assert KEY not in everything
    assert TOKEN not in everything


def test_who_does_not_want_spans_does_not_load_the_library() -> None:
    """A client loads none of it; nor does the gateway, for one module alone names it, and imports it
    inside of functions.
    """
    code = (
        "import sys; from polytape import PolygonClient; PolygonClient('http://x', tracing=False);"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    package = Path(polytape.__file__).parent
    naming = [path for path in package.rglob("*.py") if " opentelemetry" in path.read_text("utf-8")]
    assert naming == [package / "net/tracing.py"]
    top = ast.parse(naming[0].read_text("utf-8")).body
    assert not any("opentelemetry" in ast.unparse(one) for one in top if _imports(one))


def _imports(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def test_without_the_library_tracing_is_an_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ConfigurationError, match=r"pip install .*\[otel\]"):
        PolygonClient("http://localhost:1", tracing=True)
    monkeypatch.setenv("POLYTAPE_TRACING", "true")
    with pytest.raises(ConfigurationError, match="otel"):
        PolygonClient("http://localhost:1")
    assert PolygonClient("http://localhost:1", tracing=False)._core.connection.tracer is None


def parents(spans: dict[str, ReadableSpan], name: str) -> list[str]:
    """The names from the root of a trace down to a span."""
    by_id = {span.context.span_id: span for span in spans.values() if span.context}
    way, span = [name], spans[name]
    while span.parent is not None:
        span = by_id[span.parent.span_id]
        way.insert(0, span.name)
    return way
