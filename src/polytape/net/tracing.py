"""Spans of OpenTelemetry, made by hand: a client's call, its HTTP request, the gateway's route,
reads of the store, requests of the vendor's. Nothing is imported unless `open_tracer` is called.

No key, token, query string or body is in an attribute, nor the text of an error: only its type.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from http import HTTPStatus
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from polytape.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, SpanKind, TracerProvider
    from opentelemetry.trace import Tracer as OtelTracer

P = ParamSpec("P")
T = TypeVar("T")
SCOPE = "polytape"


def open_tracer(provider: "TracerProvider | None" = None) -> "Tracer":
    """What makes spans, by the process's own provider where none is given.

    Raises: ConfigurationError where OpenTelemetry is not installed.
    """
    try:
        from opentelemetry import trace
    except ImportError as error:
        # What it loads takes as long as the rest of a client without pandas.
        from polytape.extras import install_command

        raise ConfigurationError(
            f"tracing needs OpenTelemetry: {install_command('otel')}"
        ) from error
    import polytape

    return Tracer(trace.get_tracer(SCOPE, polytape.__version__, provider))


def in_context(call: Callable[P, T]) -> Callable[P, T]:
    """The call, in whichever threads it runs, with the context of now: their spans are of its
    trace.
    """
    context = copy_context()
    return lambda *arguments, **named: context.copy().run(call, *arguments, **named)


class RequestSpan:
    """The span of one HTTP request. `headers` name it to the server (traceparent)."""

    def __init__(self, span: "Span", headers: Mapping[str, str]) -> None:
        self._span = span
        self.headers = headers

    def name(self, name: str, **attributes: str) -> None:
        """What the request turned out to be."""
        self._span.update_name(name)
        self._span.set_attributes({key.replace("_", "."): text for key, text in attributes.items()})

    def answered(self, status: int, worst: int = HTTPStatus.BAD_REQUEST) -> None:
        """The response has this status; from `worst` on the span is one of an error."""
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("http.response.status_code", status)
        if status >= worst:
            self._span.set_attribute("error.type", str(status))
            self._span.set_status(StatusCode.ERROR)


class Tracer:
    """Makes spans. Usable from many threads."""

    def __init__(self, tracer: "OtelTracer") -> None:
        self._tracer = tracer

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """What is done inside is a span, the parent of those inside it."""
        from opentelemetry.trace import SpanKind

        with self._current(name, SpanKind.INTERNAL, {}):
            yield

    @contextmanager
    def client_request(self, method: str, path: str) -> Iterator[RequestSpan]:
        """A request of ours. It is nobody's parent in this process: a flow that is stopped between
        two steps leaves nothing behind in the context of its caller.
        """
        from opentelemetry import propagate
        from opentelemetry.trace import SpanKind, set_span_in_context

        attributes = {"http.request.method": method, "url.path": path}
        span = self._tracer.start_span(method, kind=SpanKind.CLIENT, attributes=attributes)
        headers: dict[str, str] = {}
        propagate.inject(headers, set_span_in_context(span))
        try:
            yield RequestSpan(span, headers)
        except BaseException as error:
            _failed(span, error)
            raise
        finally:
            span.end()

    @contextmanager
    def server_request(self, method: str, headers: Mapping[str, str]) -> Iterator[RequestSpan]:
        """A request of somebody's, whose `headers` may name the trace that it belongs to."""
        from opentelemetry import propagate
        from opentelemetry.trace import SpanKind

        parent = propagate.extract(headers)
        attributes = {"http.request.method": method}
        with self._current(method, SpanKind.SERVER, attributes, parent) as span:
            yield RequestSpan(span, {})

    def answered_at_once(self, method: str, route: str, headers: Mapping[str, str]) -> None:
        """A request of somebody's was answered from memory, in no time."""
        with self.server_request(method, headers) as span:
            span.name(f"{method} {route}", http_route=route)
            span.answered(HTTPStatus.OK)

    @contextmanager
    def _current(
        self, name: str, kind: "SpanKind", attributes: Mapping[str, str], parent: object = None
    ) -> Iterator["Span"]:
        with self._tracer.start_as_current_span(
            name,
            context=parent,  # type: ignore[arg-type]
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                _failed(span, error)
                raise


def _failed(span: "Span", error: BaseException) -> None:
    from opentelemetry.trace import StatusCode

    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)
