"""Each kind of storage in turn."""

from pathlib import Path

import pytest

from polytape.net.storage import FolderStorage, Storage, open_storage


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path) if request.param == "folder" else open_storage("memory")
