"""The notebooks of the docs run, and are stored as they ran."""

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_BYTES = 300_000
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no checkout")


def test_each_part_has_a_notebook() -> None:
    """Start, how to, reference and why."""
    names = {path.stem for path in NOTEBOOKS}
    assert names >= {"first-chart", "scan-a-watchlist", "client-tour", "what-final-means"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_has_run_and_says_nothing_of_the_machine(path: Path) -> None:
    """Every cell was run, none failed; no path, address or warning is in the outputs; it is small."""
    notebook = json.loads(path.read_text("utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"] == []
    text = json.dumps(
        [{**o.get("data", {}), "image/png": ""} | {"text": o.get("text")} for o in outputs]
    )
    assert re.findall(r"/(?:home|root|tmp|work|Users)/|127\.0\.0\.1|localhost", text) == []
    assert path.stat().st_size < MOST_BYTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_a_title_and_a_sentence(path: Path) -> None:
    """What it gives, as on every page of the site."""
    first = json.loads(path.read_text("utf-8"))["cells"][0]
    title, empty, sentence = "".join(first["source"]).split("\n")[:3]
    assert first["cell_type"] == "markdown"
    assert title.startswith("# ")
    assert empty == ""
    assert sentence.endswith(".")


@pytest.mark.long
@pytest.mark.process
@pytest.mark.timeout(180)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# nbclient and its event loop, not ours.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    """Each cell runs without an error, and gives as many outputs as are stored."""
    from tools.notebooks import reader_environment, run_notebook
    from tools.site.gateway import standing_gateway

    with standing_gateway(tmp_path / "store") as url, reader_environment(url):
        ran = run_notebook(path, tmp_path)
    stored = json.loads(path.read_text("utf-8"))
    for now, before in zip(ran.cells, stored["cells"], strict=True):
        kinds = [output["output_type"] for output in before.get("outputs", [])]
        assert [output.output_type for output in now.get("outputs", [])] == kinds, now.source
        texts = [o.get("data", {}).get("text/plain") for o in before.get("outputs", [])]
        assert [o.get("data", {}).get("text/plain") for o in now.get("outputs", [])] == [
            None if text is None else "".join(text) for text in texts
        ]
