"""Every block and command in README and docs is run, or says why it is not."""

import os
import re
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from tools.site.gateway import NOW_TEXT

from tests.docs.blocks import (
    DATA,
    LONG,
    REASONS,
    RUN,
    DiffersError,
    blocks_of,
    check_same,
    matches,
    parse,
)
from tests.docs.console import check_block, commands_of, run_block

ROOT = Path(__file__).parents[2]
RECORD = os.environ.get("POLYTAPE_RECORD") == "1"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").is_file(), reason="no checkout")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def runnable() -> list[object]:
    """The pages with blocks to be run; those that take longer are `long`."""
    pages = [page for page in PAGES if any(b.language in RUN for b in blocks_of(page))]
    return [
        pytest.param(
            page,
            id=name_of(page),
            marks=[pytest.mark.long] if page.read_text().startswith(LONG) else [],
        )
        for page in pages
    ]


@pytest.mark.socket
@pytest.mark.timeout(90)
# A reader's script need not close its client, and a picture is not closed by whoever looks at it.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("page", runnable())
def test_the_blocks_of_a_page_run(page: Path, reader: str, docs_store: Path) -> None:
    """What a reader copies works, and prints what the page shows."""

    def put_right(text: str) -> str:
        text = re.sub(r"\bSTORE/", f"{docs_store}/", text)
        return re.sub(r"(?:localhost|127\.0\.0\.1):8200", reader, text)

    console = partial(run_block, put_right=put_right)
    while True:
        try:
            for example in parse(page, console, check_block, put_right).examples():
                example.evaluate()
        except DiffersError as error:
            back = partial(put_back, here={reader: "localhost:8200", str(docs_store): "STORE"})
            if not RECORD or not record(page, error.shown, back(error.now)):
                raise
        else:
            return


def record(page: Path, shown: str, now: str) -> bool:
    """Write an output into its page; whether that could be done. One with `...` is for a person."""
    text = page.read_text("utf-8")
    if "..." in shown or text.count(shown) != 1 or shown == now:
        return False
    page.write_text(text.replace(shown, now), "utf-8")
    return True


def put_back(text: str, here: dict[str, str]) -> str:
    """An output as the reader has it."""
    for ours, readers in here.items():
        text = text.replace(ours, readers)
    return text


def test_an_output_that_was_meant_is_written_into_its_page(tmp_path: Path) -> None:
    """POLYTAPE_RECORD=1 does it, but for outputs in which `...` stands for something."""
    page = tmp_path / "page.md"
    page.write_text("```console\n$ polytape price\nold 1\n```\n\n```text\nold ...\n```\n")
    assert record(page, "old 1", "new 2")
    assert "$ polytape price\nnew 2\n```" in page.read_text()
    assert not record(page, "old ...", "new 3")
    assert (
        put_back("at 127.0.0.1:4711", {"127.0.0.1:4711": "localhost:8200"}) == "at localhost:8200"
    )


def test_a_block_that_is_not_run_says_why() -> None:
    """Each has one of the reasons, and its language is one that is run where it has none."""
    blocks = [(name_of(page), block) for page in PAGES for block in blocks_of(page)]
    unknown = [f"{page}:{b.line}: {b.needs}" for page, b in blocks if b.needs and not b.reason]
    assert unknown == []
    others = [
        f"{page}:{b.line}: {b.language or 'no language'}"
        for page, b in blocks
        if not b.needs and b.language not in (*RUN, *DATA)
    ]
    assert others == []


def test_most_blocks_run() -> None:
    """Reasons are for what the tests' machine has not: of the blocks that could be run, few."""
    blocks = [b for page in PAGES for b in blocks_of(page) if b.language in RUN]
    left_out = Counter(b.reason for b in blocks if b.needs)
    assert set(left_out) <= set(REASONS)
    assert left_out.total() <= len(blocks) / 3, left_out


def test_what_is_shown_first_can_be_followed_with_a_free_key() -> None:
    """The vendor's free plan reaches back two years: no command or script of these pages asks for
    an earlier day, counted from the day on which their gateway's clock stands.
    """
    earliest = str(int(NOW_TEXT[:4]) - 2) + NOW_TEXT[4:10]
    early = [
        f"{name_of(page)}:{number}: {day}"
        for page in PAGES
        if page.parent in {ROOT, ROOT / "docs/start", ROOT / "docs/howto"}
        for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1)
        for day in re.findall(r"\b20\d\d-\d\d-\d\d\b", line)
        if day < earliest
    ]
    assert early == []


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\nc", False),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...", "b\nc", False),
        ("price  ...", "price  12.5", True),
        ("...end", "begin and end", True),
        ("a b", "a  b", False),
        ("1.5", "1x5", False),
    ],
)
def test_an_output_is_the_one_shown(expected: str, found: str, same: bool) -> None:
    """`...` stands for anything; all else is compared to the letter."""
    assert matches(expected, found) is same


def test_an_output_that_differs_is_shown_beside_the_pages() -> None:
    """Whoever mends a page sees both."""
    with pytest.raises(DiffersError, match=r"(?s)the page.*one.*now.*two") as caught:
        check_same("one", "two\n", "page.md:3", or_all="a note\ntwo\n")
    assert (caught.value.shown, caught.value.now) == ("one", "two")
    with pytest.raises(DiffersError) as caught:
        check_same("a note\none", "two\n", "page.md:3", or_all="a note\ntwo\n")
    assert caught.value.now == "a note\ntwo"


def test_a_console_block_is_commands_with_their_outputs() -> None:
    """A comment and a line that goes on belong to the command."""
    block = "$ polytape price AAPL  # words\nprice 1\n$ curl -s \\\n    'a#b'\n"
    first, second = commands_of(block)
    assert (first.text, first.comment, first.output) == (
        "polytape price AAPL",
        "# words",
        "price 1",
    )
    assert (second.text, second.output) == ("curl -s 'a#b'", "")


def test_a_command_that_is_not_run_has_its_options_looked_at() -> None:
    """An option that there is not, a target and an extra that there are not."""
    check_block("$ polytape serve --source synthetic &\n$ make test\n$ pip install '.[gateway]'\n")
    for wrong in ("polytape serve --sauce x", "make nothing", "pip install '.[getaway]'"):
        with pytest.raises(AssertionError):
            check_block(f"$ {wrong}\n")
