"""The ASGI application: routes, errors, OpenAPI, and what every answer has."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp

import polytape
from polytape.errors import ConfigurationError
from polytape.extras import install_command
from polytape.gateway.admission import Admission, simple_admission
from polytape.gateway.api.bars import BARS_ROUTES
from polytape.gateway.api.clock import CLOCK_ROUTES
from polytape.gateway.api.engines import ENGINE_ROUTES
from polytape.gateway.api.history import HISTORY_ROUTES
from polytape.gateway.api.jobs import JOB_ROUTES
from polytape.gateway.api.overview import OVERVIEW_ROUTES
from polytape.gateway.api.session import SESSION_ROUTES, open_page
from polytape.gateway.api.streams import STREAM_ROUTES
from polytape.gateway.api.symbols import SYMBOL_ROUTES
from polytape.gateway.api.system import SYSTEM_ROUTES, home
from polytape.gateway.api.watchlist import WATCH_ROUTES
from polytape.gateway.browser_guard import BrowserGuard
from polytape.gateway.dialects.registry import DIALECTS
from polytape.gateway.errors import ERROR_HANDLERS
from polytape.gateway.gateway import Gateway
from polytape.gateway.head import answering_head
from polytape.gateway.known_names import StrictBodies, refuse_unknown_parameters
from polytape.gateway.middleware import Middleware
from polytape.gateway.pages import DOCS
from polytape.gateway.request_work import timing_work
from polytape.wire.api.media import API

log = logging.getLogger(__name__)

ASSETS = f"{DOCS}/assets"


class Application(Litestar):
    """Litestar without what it would load for models of other libraries, wherever these happen to
    be installed: the fourteenth part of a gateway's start. No route of ours has such a model.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(
    gateway: Gateway,
    *,
    token: str | None = None,
    compress: bool = False,
    guard: BrowserGuard | None = None,
    admission: Admission | None = None,
    page: Sequence[HTTPRouteHandler] = (),
) -> ASGIApp:
    """The application over one gateway. `compress` gzips answers: off on loopback, where it costs
    more than it saves. The gateway's threads end with the application.

    `admission` says who may do what. For programs that serve themselves there is a simple one: with
    `token` everything asks for it, without it everybody may do everything; `guard` says which hosts
    and pages it knows, by default its own. `page` are routes that serve `/`, in place of the plain
    page.

    Raises: ConfigurationError for an empty token.
    """
    if token is not None and not token.strip():
        raise ConfigurationError("the access token is empty")

    guard = guard or BrowserGuard()
    admitted = admission or simple_admission(token, guard, DIALECTS, has_page=bool(page))

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        live = asyncio.create_task(gateway.live.run())
        live.add_done_callback(_log_failure)
        figures = asyncio.create_task(gateway.status_history.run())
        monitor = asyncio.create_task(gateway.monitor.run())
        await gateway.jobs.resume()
        yield
        await gateway.jobs.stop()
        for task in (monitor, figures, live):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        gateway.close()

    api = [*BARS_ROUTES, *SYMBOL_ROUTES, *HISTORY_ROUTES, *JOB_ROUTES, *ENGINE_ROUTES]
    api += [*CLOCK_ROUTES, *SESSION_ROUTES, *WATCH_ROUTES, *OVERVIEW_ROUTES]
    own = Router(API, route_handlers=api, before_request=refuse_unknown_parameters)
    others = [
        *(page or [home]),
        open_page,
        *(route for dialect in DIALECTS for route in dialect.routes),
    ]
    app = Application(
        [own, *SYSTEM_ROUTES, *STREAM_ROUTES, *others, _docs_assets()],
        dependencies={
            "gateway": Provide(lambda: gateway, sync_to_thread=False),
            "admission": Provide(lambda: admitted, sync_to_thread=False),
        },
        exception_handlers=ERROR_HANDLERS,
        lifespan=[lifespan],
        openapi_config=_openapi(),
        compression_config=CompressionConfig("gzip", minimum_size=2_000) if compress else None,
        logging_config=None,
        plugins=[StrictBodies()],
        state=State({"wall": gateway.wall}),
    )
    inner = timing_work(answering_head(app), gateway)
    return Middleware(inner, gateway, admitted, DIALECTS, at_once=not compress)


def _log_failure(live: "asyncio.Task[None]") -> None:
    """An error of ours in the feed is seen when it happens, not when the gateway stops."""
    if not live.cancelled() and (error := live.exception()) is not None:
        log.error("live events have ended", exc_info=error)


def _openapi() -> OpenAPIConfig:
    """`/docs` is Swagger UI from a package's own files: nothing is loaded from elsewhere."""
    page = SwaggerRenderPlugin(
        path="/",
        js_url=f"{ASSETS}/swagger-ui-bundle.js",
        css_url=f"{ASSETS}/swagger-ui.css",
        standalone_preset_js_url=f"{ASSETS}/swagger-ui-standalone-preset.js",
        favicon='<link rel="icon" href="data:,">',
    )
    return OpenAPIConfig(
        "polytape gateway",
        polytape.__version__,
        path=DOCS,
        use_handler_docstrings=True,
        render_plugins=[page, JsonRenderPlugin(path="/openapi.json")],
    )


def _docs_assets() -> Router:
    # The package is never imported: only its files are wanted.
    spec = find_spec("swagger_ui")
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"the gateway's page needs {install_command('gateway')}")
    folder = Path(spec.origin).parent / "static"
    return create_static_files_router(ASSETS, [folder], include_in_schema=False, name="docs-assets")
