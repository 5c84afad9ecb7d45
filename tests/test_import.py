"""Importing polytape costs next to nothing."""

import subprocess
import sys

import pytest

import polytape

HEAVY = ("pyarrow", "litestar", "scipy", "polars", "pandas", "numpy", "uvicorn", "httpx2", "pydantic",
         "exchange_calendars", "rich", "typer", "click", "msgspec")  # fmt: skip


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(out.stdout.split())


def test_the_import_loads_nothing_heavy() -> None:
    assert not loaded_by("import polytape") & set(HEAVY)


def test_the_client_loads_no_server_no_arrow_no_frames_until_they_are_used() -> None:
    loaded = loaded_by("from polytape import PolygonClient, AsyncPolygonClient, CacheManager")
    assert not loaded & {"pyarrow", "litestar", "scipy", "polars", "uvicorn", "pandas"}


def test_a_client_of_this_machine_loads_no_http_library() -> None:
    """It speaks plain HTTP by itself; what a server elsewhere needs is loaded for that alone."""
    loaded = loaded_by("from polytape import PolygonClient; PolygonClient('http://localhost:1')")
    assert not loaded & {"httpx2", "httpcore2", "h11", "ssl"}


def test_every_public_name_is_there() -> None:
    assert all(getattr(polytape, name) is not None for name in polytape.__all__)
    assert set(polytape.__all__) <= set(dir(polytape))
    assert not {"TYPE_CHECKING", "import_module"} & set(dir(polytape))  # an editor shows them
    with pytest.raises(AttributeError) as raised:
        getattr(polytape, "PolygonCleint")  # noqa: B009 - the slip is wanted
    assert (raised.value.name, raised.value.obj) == ("PolygonCleint", polytape)  # Python suggests


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(polytape, "Polygon")
