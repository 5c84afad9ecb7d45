"""One gateway for the pages of a session; each page has a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.site.gateway import standing_gateway

from polytape.net.owner_token import make_owner_token
from tests.conftest import OWNER_TOKEN


@pytest.fixture(scope="session")
def docs_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which that gateway stores."""
    return tmp_path_factory.mktemp("docs") / "store"


@pytest.fixture(scope="session")
def docs_gateway(docs_store: Path) -> Iterator[str]:
    """The URL of a gateway whose answers are the same each time."""
    with standing_gateway(docs_store) as url:
        yield url


@pytest.fixture
def reader(
    docs_gateway: str, docs_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A reader's machine: an empty folder, 80 columns, a gateway; its host and port."""
    monkeypatch.chdir(tmp_path)
    # Tokens that a page adds are for no other test's gateway.
    state = tmp_path / ".state"
    make_owner_token(state / "polytape", OWNER_TOKEN)
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(state))
    monkeypatch.setenv("POLYTAPE_URL", docs_gateway)
    monkeypatch.setenv("POLYTAPE_STORE", str(docs_store))
    monkeypatch.setenv("POLYTAPE_SOURCE", "synthetic")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    return docs_gateway.partition("//")[2]
