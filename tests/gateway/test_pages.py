"""The home page: what this gateway is, without a script and without anything from elsewhere."""

from msgspec.structs import replace

from polytape.gateway.gateway import Gateway
from polytape.gateway.pages import home_page
from tests.gateway.test_app import Links


def test_it_says_what_the_gateway_is_and_escapes_it(synthetic_gateway: Gateway) -> None:
    status = replace(
        synthetic_gateway.status(), source="<b>&co", made_up=False, requests=1_234, fetches=5
    )
    page = home_page(status)
    assert "&lt;b&gt;&amp;co" in page
    assert "<b>&co" not in page
    assert "1,234" in page
    assert "made up" not in page
    assert "made up" in home_page(replace(status, made_up=True))


def test_it_loads_nothing(synthetic_gateway: Gateway) -> None:
    page = home_page(synthetic_gateway.status())
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in page
    links = Links(page).loaded
    assert all(link.startswith("/") for link in links if link != "data:,")
    assert {"/docs", "/status", "/metrics", "/health"} <= set(links)
