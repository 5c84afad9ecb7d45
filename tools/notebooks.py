"""Run the notebooks of the docs on the gateway whose answers never change, and store their outputs.

python -m tools.notebooks            all of docs/notebooks
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from tools.site.gateway import standing_gateway

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
CELL_TIMEOUT_S = 60
# Written by the kernel for each run: they would differ each time.
RUN_METADATA = ("execution",)
# Its functions have no types.
_FORMAT: Any = nbformat


def run_notebook(path: Path, folder: Path) -> Any:
    """The notebook with the outputs of a run in `folder`; POLYTAPE_URL names the gateway.

    Raises: nbclient.exceptions.CellExecutionError for a cell that fails.
    """
    notebook = _FORMAT.read(path, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=CELL_TIMEOUT_S, resources=resources).execute()
    for cell in notebook.cells:
        for name in RUN_METADATA:
            cell.metadata.pop(name, None)
    return notebook


@contextmanager
def reader_environment(url: str) -> Iterator[None]:
    """What a reader's machine has: a gateway. Variables are put back afterwards."""
    before = os.environ.get("POLYTAPE_URL")
    os.environ["POLYTAPE_URL"] = url
    try:
        yield
    finally:
        if before is None:
            del os.environ["POLYTAPE_URL"]
        else:
            os.environ["POLYTAPE_URL"] = before


def main() -> None:
    """Run each notebook and write it back."""
    with (
        tempfile.TemporaryDirectory() as folder,
        standing_gateway(Path(folder) / "store") as url,
        reader_environment(url),
    ):
        for path in sorted(FOLDER.glob("*.ipynb")):
            _FORMAT.write(run_notebook(path, Path(folder)), path)
            print(f"{path.name}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
