"""What the gateway shows of itself, outside `/api/v1`."""

from litestar import MediaType, Response, get, route
from litestar.di import NamedDependency

from polytape.gateway.api.responses import PROBLEMS
from polytape.gateway.gateway import Gateway
from polytape.gateway.pages import home_page
from polytape.wire.api.messages import Status


@route("/health", http_method=["GET", "HEAD"])
async def health() -> dict[str, str]:
    """Alive."""
    return {"health": "ok"}


@get("/status", responses=PROBLEMS)
async def status(gateway: NamedDependency[Gateway]) -> Status:
    """Everything the gateway knows of itself."""
    return gateway.status()


@get("/metrics", media_type=MediaType.TEXT, include_in_schema=False)
async def metrics(gateway: NamedDependency[Gateway]) -> Response[bytes]:
    """Prometheus."""
    return Response(gateway.render_metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


@route("/", http_method=["GET", "HEAD"], media_type=MediaType.HTML, include_in_schema=False)
async def home(gateway: NamedDependency[Gateway]) -> str:
    """What this is and where to look."""
    return home_page(gateway.status())


SYSTEM_ROUTES = [health, status, metrics, home]
