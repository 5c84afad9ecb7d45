"""The reference is made of the thing itself, and lists all of it."""

from pathlib import Path

import click
import pytest
from tools.site import commands, errors, examples, metrics, python, rest, settings
from tools.site.docstrings import as_markdown
from tools.site.gateway import standing_gateway
from tools.site.meanings import MEANINGS, meaning_of

import polytape
from polytape.cli.commands import COMMANDS
from polytape.errors import PolygonClientError
from polytape.gateway.metrics import Metrics
from polytape.settings import Settings, variable_of
from tests.gateway.api.test_openapi import schema

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").is_file(), reason="no checkout")


def test_every_public_name_is_on_a_page() -> None:
    """Names of `polytape`, and each method and parameter of the client."""
    pages = python.pages()
    index = pages["reference/api/index.md"]
    assert [
        name for name in polytape.__all__ if f"`{name}`" not in index.replace("polytape.", "")
    ] == []
    client = pages["reference/api/client.md"]
    named = [name for name in vars(polytape.PolygonClient) if name[0] != "_"]
    kinds = ("method", "property")
    assert [n for n in named if not any(f"{{py:{kind}}} {n}" in client for kind in kinds)] == []
    assert "include_extended: bool = True" in client
    assert "{py:class} ScanResult" in pages["reference/api/results.md"]


def test_the_client_for_asyncio_has_what_is_said_of_its_twin() -> None:
    """A method of it without a docstring is described by the client's."""
    page = python.pages()["reference/api/async-client.md"]
    assert "Bars that start in [start_date, end_date), as a frame." in page


def test_a_docstring_reads_well() -> None:
    """Errors are links, and lists under a line that ends in a colon are lists."""
    text = as_markdown(
        """Words.

        Options:
            size: How big it
                is.
            kind: Which.

        Raises: ValidationError, DataFetchError.
        """
    )
    assert text.split("\n\n") == [
        "Words.",
        "**Options:**",
        "- `size`: How big it is.\n- `kind`: Which.",
        "**Raises:** [ValidationError](../errors.md#validationerror), "
        "[DataFetchError](../errors.md#datafetcherror).",
    ]


def test_every_command_and_option_has_its_line() -> None:
    """With its help, which none lacks."""
    pages = commands.pages()
    for name in COMMANDS:
        page = pages[f"reference/cli/{name}.md"]
        for typed, command in commands.walk(name):
            assert f"# {typed}\n" in page
            for option in (one for one in command.params if isinstance(one, click.Option)):
                assert option.help, f"{typed} {option.opts[0]} says nothing"
                assert (
                    option.hidden
                    or f"`{option.opts[0]}" in page.replace(", ", "`")
                    or (option.opts[0] in page)
                ), f"{typed} {option.opts[0]}"


def test_every_setting_has_its_row() -> None:
    """Its name, variable and meaning."""
    page = settings.pages()["reference/settings.md"]
    assert sorted(settings.names()) == sorted(Settings.__struct_fields__)
    assert [
        n for n in Settings.__struct_fields__ if f"| `{n}` | `{variable_of(n)}`" not in page
    ] == []


@pytest.mark.parametrize("error", errors.error_classes(), ids=lambda error: error.__name__)
def test_every_error_says_its_cause_and_its_cure(error: type[PolygonClientError]) -> None:
    """Whoever adds one says both in its docstring."""
    parts = errors.parts_of(error)
    assert list(parts) == ["Cause", "Cure"]
    assert all(len(said) > 20 and said.endswith(".") for said in parts.values())


def test_the_page_of_errors_has_all_with_their_codes() -> None:
    """Subclasses of the tree that are public, each by the code with which the gateway answers."""
    public = {n for n in polytape.__all__ if n.endswith("Error")}
    assert {error.__name__ for error in errors.error_classes()} == public
    page = errors.pages()["reference/errors.md"]
    assert [name for name in public if f"\n## {name}\n" not in page] == []
    assert errors.status_of(polytape.RateLimitError) == 429
    assert errors.status_of(polytape.ValidationError) == 400


def test_every_figure_has_its_row() -> None:
    """Each family of the registry, by the name that `/metrics` has."""
    page = metrics.pages()["reference/metrics.md"]
    rendered = Metrics().render().decode()
    named = [line.split(" ")[2] for line in rendered.splitlines() if line.startswith("# TYPE")]
    assert [name for name in named if f"| `{name}` |" not in page] == []
    assert "| `polytape_requests_total` | counter | `route`, `status` |" in page


def test_every_route_has_a_page_and_an_example() -> None:
    """A new route is named in GROUPS of tools/site/rest.py and has a question in examples.py."""
    operations = rest.operations(schema.raw_schema)
    assert {rest.group_of(path) for _, path, _ in operations} == set(rest.GROUPS)
    named = {f"{method} {path}" for method, path, _ in operations}
    assert named == set(examples.EXAMPLES)


def test_every_meaning_is_that_of_a_parameter() -> None:
    """A parameter that is no more takes its words along; one without words stops the build."""
    made = "".join(rest.pages(schema.raw_schema, {}).values())
    assert [name for name in MEANINGS if f"| `{name}` |" not in made] == []
    with pytest.raises(KeyError):
        meaning_of("nothing", {})


def test_a_route_that_is_on_no_page_is_refused() -> None:
    """Its author is told where to name it."""
    with pytest.raises(LookupError, match="name it in GROUPS"):
        rest.group_of("/api/v1/nothing")


@pytest.mark.long
@pytest.mark.socket
def test_every_example_is_answered(tmp_path: Path) -> None:
    """What a page shows is what a gateway says, without this machine's folders."""
    with standing_gateway(tmp_path / "store") as url:
        answers = examples.answers(url, str(tmp_path / "store"))
    assert {name: said.shown for name, said in answers.items() if said.status >= 300} == {}
    assert [name for name, said in answers.items() if "/tmp/" in said.shown] == []


def test_a_page_of_routes_has_question_and_answer() -> None:
    """Parameters, fields of the body, curl's line, the answer, and codes of its own."""
    answers = {"POST /api/v1/scan": examples.Answered(200, '{"zones": []}', "json")}
    pages = rest.pages(schema.raw_schema, answers)
    assert "| `symbol` | query | string | required | a ticker" in pages["reference/rest/bars.md"]
    scan = pages["reference/rest/engines.md"]
    assert "$ curl -s -X POST localhost:8200/api/v1/scan \\" in scan
    assert '"nearest": 3' in scan
    assert '```json\n{"zones": []}\n```' in scan
    assert "| `options.nearest` | integer or null |  | Only so many zones" in scan
    assert "| 409 | The job was cancelled |" in pages["reference/rest/history.md"]
    assert "[`POST /api/v1/scan`](engines.md)" in pages["reference/rest/index.md"]
    assert "`GET /v2/last/trade/{ticker}`" in pages["reference/rest/others.md"]
