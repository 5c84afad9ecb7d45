"""What the gateway shows of itself, outside `/api/v1`."""

from http import HTTPStatus

from litestar import MediaType, Response, get, route
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec

from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.gateway.pages import home_page
from polytape.gateway.readiness import readiness
from polytape.wire.api.messages import Status
from polytape.wire.api.readiness_message import Readiness

NOT_READY = ResponseSpec(
    Readiness, description="Not able to; `reasons` say why", generate_examples=False
)


@route("/health", http_method=["GET", "HEAD"])
async def health() -> dict[str, str]:
    """Alive."""
    return {"health": "ok"}


@route("/ready", http_method=["GET", "HEAD"], responses={503: NOT_READY})
async def ready(gateway: NamedDependency[Gateway]) -> Response[Readiness]:
    """Able to fetch, to store and to stream, by what happened last: the vendor is not asked. Else
    503, with the reasons; it recovers by itself.
    """
    state = await readiness(gateway)
    status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
    return Response(state, status_code=status)


@get("/status", responses=PROBLEMS)
async def status(gateway: NamedDependency[Gateway]) -> Status:
    """Everything the gateway knows of itself."""
    return gateway.status()


@get("/metrics", media_type=MediaType.TEXT, include_in_schema=False)
async def metrics(gateway: NamedDependency[Gateway]) -> Response[bytes]:
    """Prometheus."""
    # The framework adds the charset.
    return Response(gateway.render_metrics(), media_type="text/plain; version=0.0.4")


@route("/", http_method=["GET", "HEAD"], media_type=MediaType.HTML, include_in_schema=False)
async def home(gateway: NamedDependency[Gateway]) -> str:
    """What this is and where to look."""
    return home_page(gateway.status())


SYSTEM_ROUTES = [health, ready, status, metrics]
