"""What a gateway may use of the machine's memory."""

from pathlib import Path

import pytest

from polytape.cli.memory import GB, LEAST, MB, machine_bytes, memory_bytes
from polytape.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * GB), ("512 mb", 512 * MB), ("1.5GB", 1536 * MB), ("256MB", LEAST)],
)
def test_a_size_is_a_number_with_its_unit(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "2", "2TB", "much", "255MB", "-1GB", "9" * 50 + "GB"])
def test_anything_else_says_what_is_allowed(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not valid: a size of 256MB or more"):
        memory_bytes(text)


def test_by_default_it_is_a_quarter_of_the_machine() -> None:
    assert memory_bytes(None) == max(LEAST, machine_bytes() // 4)


def test_a_container_has_what_it_may_use(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("1073741824\n", "ascii")
    assert machine_bytes(limit) == GB
    limit.write_text("max\n", "ascii")
    assert machine_bytes(limit) == machine_bytes(tmp_path / "nothing") > GB
