"""A browser for all of the page's tests, and the page built."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tools.build_page import build_page, is_built

from tests.web.scene import LAPTOP, WAIT_MS, desk_at, errors_of, foreign


@pytest.fixture(scope="package")
def built() -> None:
    """The page of this checkout's source."""
    if not is_built():
        build_page()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, as a user has it: no key is sent anywhere, and nothing is loaded."""
    program = shutil.which("chromium")
    assert program is not None, "the page's tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def still(built: None) -> Iterator[str]:
    """A gateway whose market stands still at 11:00."""
    with desk_at() as url:
        yield url


@pytest.fixture
def visit(built: None, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page; whatever it complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(url: str, place: str = "", *, strict: bool = True, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": LAPTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.extend(foreign(request.url, url)))
        if strict:
            page.on("console", lambda said: complaints.extend(errors_of(said)))
        page.goto(f"{url}/{place}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
