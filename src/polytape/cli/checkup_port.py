"""What `polytape doctor` looks at of the address that a gateway would serve."""

import socket
from collections.abc import Iterator

from polytape.cli.checkup import Finding
from polytape.errors import ConfigurationError, PolygonClientError
from polytape.settings import Settings

CONNECT_S = 1.0


def port_finding(settings: Settings) -> Finding:
    """Who listens where the gateway would."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "localhost") else settings.host  # noqa: S104 - compared
    where = f"{host} port {settings.port}"
    try:
        socket.create_connection((host, settings.port), CONNECT_S).close()
    except OSError:
        return _free_port(settings, where)
    if not _is_gateway(host, settings):
        cure = f"polytape serve --port {settings.port + 1}, or end the other program"
        return Finding("port", "trouble", f"{where}: another program listens there", cure)
    return Finding("port", "ok", f"{where}: a gateway runs there")


def tls_findings(settings: Settings) -> Iterator[Finding]:
    """The certificate of HTTPS, where there is to be one."""
    from polytape.gateway.tls import server_context

    if settings.tls_cert is None and settings.tls_key is None:
        return
    try:
        server_context(settings.tls_cert, settings.tls_key)
    except PolygonClientError as error:
        yield Finding("tls", "trouble", str(error), "name PEM files by --tls-cert and --tls-key")
    else:
        yield Finding("tls", "ok", f"{settings.tls_cert} can be used")


def _free_port(settings: Settings, where: str) -> Finding:
    """Nobody answers: whether this user may listen there."""
    from polytape.gateway.server import listen

    try:
        sockets = listen(settings.host, settings.port)
    except ConfigurationError as error:
        return Finding("port", "trouble", str(error), "polytape serve --port 8201")
    for one in sockets:
        one.close()
    return Finding("port", "ok", f"{where} is free")


def _is_gateway(host: str, settings: Settings) -> bool:
    """Whether a gateway of ours answers there: its `/health` asks for no token."""
    import msgspec

    from polytape.net.http import SyncDriver
    from polytape.wire.flow import Flow, Request, Response

    scheme = "http" if settings.tls_cert is None else "https"
    driver = SyncDriver(f"{scheme}://{host}:{settings.port}", ca=settings.ca)

    def flow() -> Flow[Response]:
        response = yield Request("GET", "/health", timeout=2 * CONNECT_S)
        assert response is not None
        return response

    try:
        response = driver.run(flow())
        alive = msgspec.json.decode(response.body)
    except (PolygonClientError, msgspec.DecodeError):
        return False
    finally:
        driver.close()
    return alive == {"health": "ok"} and "ratelimit-limit" in response.headers
