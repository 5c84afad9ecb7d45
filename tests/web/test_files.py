"""What serves the page's files."""

import httpx2
import pytest
from tools.build_page import build_page, is_built

from polytape.gateway.app import create_app
from polytape.gateway.server import running
from polytape.upstream.synthetic.source import Synthetic
from polytape.web.page import page_routes
from tests.conftest import MARKET, gateway_of

pytestmark = [pytest.mark.socket, pytest.mark.process]


def test_files_are_served_with_a_policy_and_only_once(synthetic: Synthetic) -> None:
    """Nothing foreign may run; what the browser has it need not fetch again."""
    if not is_built():
        build_page()
    app = create_app(gateway_of(synthetic.upstream(), MARKET), page=page_routes())
    with running(app) as url, httpx2.Client(base_url=url) as client:
        page = client.get("/")
        policy = page.headers["content-security-policy"]
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        script = client.get("/page/page.js")
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        again = client.get("/page/page.js", headers={"If-None-Match": script.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/page/nothing.js").status_code == 404
        assert client.get("/page/..%2f..%2fpage.py").status_code == 404
        assert client.head("/").status_code == 200


def test_a_gateway_without_the_page_says_how_it_is_built(synthetic: Synthetic) -> None:
    with running(create_app(gateway_of(synthetic.upstream(), MARKET))) as url:
        assert "make web" in httpx2.get(url).text
