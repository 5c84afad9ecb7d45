"""From settings to a source: what is missing is named, with the ways out."""

from pathlib import Path

import pytest

from polytape.cli.budget import make_budget
from polytape.cli.sources import choose_upstream
from polytape.errors import ConfigurationError, ValidationError
from polytape.settings import Secret, Settings
from polytape.upstream.answer_store import MemoryAnswers
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Upstream
from polytape.wire.polygon.plans import PLANS
from tests.conftest import MARKET
from tests.upstream.flatfiles.files import DAY, line, put

KEY = Secret("k3y")


def chosen(settings: Settings) -> Upstream | None:
    return choose_upstream(settings, MARKET, make_budget(settings), MemoryAnswers())


@pytest.fixture
def files(tmp_path: Path) -> str:
    put(tmp_path, "minute_aggs_v1", DAY, [line("ZZZ")])
    return str(tmp_path)


def named(settings: Settings) -> str | None:
    upstream = chosen(settings)
    if upstream is None:
        return None
    upstream.close()
    return upstream.name


def test_a_source_is_what_it_is_called(files: str) -> None:
    """With `auto`, the default, the vendor is asked where a key is set."""
    assert named(Settings(source="synthetic", store="none")) == "synthetic"
    assert named(Settings(source="flatfiles", data=files)) == "flatfiles"
    assert named(Settings(source="polygon", api_key=KEY)) == "polygon"
    assert named(Settings(api_key=KEY)) == "polygon"
    assert named(Settings(source="none", api_key=KEY)) is None


def test_the_vendors_files_stand_beside_its_api(files: str) -> None:
    """They say nothing of symbols that only the API has."""
    upstream = chosen(Settings(api_key=KEY, data=files))
    assert upstream is not None
    assert upstream.files is not None
    assert not upstream.files.covers_unlisted
    upstream.close()
    alone = chosen(Settings(source="flatfiles", data=files))
    assert alone is not None
    assert isinstance(alone.bars, FlatFiles)
    assert alone.days is not None
    assert alone.days.covers_unlisted


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(store="none"), "set POLYGON_API_KEY=.*; for made-up ones say --source synthetic"),
        (Settings(source="polygon"), 'API_KEY=YOUR_KEY in .*, or api_key = "YOUR_KEY" in polytape.toml'),
        (Settings(source="flatfiles"), "needs --data DIR"),
        (Settings(source="synthetic", data="x"), "--data names flat files: add --source flatfiles"),
        (Settings(data="x", store="none"), "--data names flat files"),
        (Settings(source="flatfiles", data="s3://flatfiles"), "POLYTAPE_FILES_KEY"),
        (Settings(source="flatfiles", data="s3://x", files_key=KEY), "POLYTAPE_FILES_SECRET"),
        (Settings(source="flatfiles", data="/nowhere/at/all"), "holds no flat files"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(settings: Settings, message: str) -> None:
    """Before anything is listened on or asked."""
    with pytest.raises(ConfigurationError, match=message):
        chosen(settings)


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        (Settings(api_key=Secret("with blank")), "POLYGON_API_KEY"),
        (Settings(api_key=KEY, vendor_url="api.massive.com"), "vendor_url"),
    ],
)
def test_a_wrong_key_or_address_is_named_and_the_key_not_shown(
    settings: Settings, param: str
) -> None:
    """At the start, not by the first refusal."""
    with pytest.raises(ValidationError) as caught:
        chosen(settings)
    assert caught.value.param == param
    assert "with blank" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://vendor.example", True),
        ("https://vendor.example", False),
        ("http://127.0.0.1:9", False),
        ("http://localhost:9", False),
    ],
)
def test_a_key_that_goes_in_clear_is_warned_of(
    url: str, warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """On this machine nobody is on the way."""
    source = chosen(Settings(api_key=KEY, vendor_url=url))
    assert source is not None
    source.close()
    assert ("reads the API key" in capsys.readouterr().err) is warned


def test_only_bars_that_are_stored_need_no_source(tmp_path: Path) -> None:
    """An empty store is none."""
    with pytest.raises(ConfigurationError, match="no source of bars"):
        chosen(Settings(store=str(tmp_path)))


def test_the_budget_is_the_plans_or_learned() -> None:
    """Without a plan it is that of the paid ones until the vendor refuses."""
    for name, plan in PLANS.items():
        state = make_budget(Settings(plan=name)).state()
        assert (state.limit, state.window_s) == (plan.limit, plan.window_s)
    state = make_budget(Settings()).state()
    assert (state.limit, state.window_s) == (100, 1.0)


def test_a_shared_budget_needs_a_key_to_be_shared_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key names it, without being told to Redis."""
    shared: list[tuple[object, ...]] = []

    def note(*arguments: object) -> object:
        shared.append(arguments)
        return object()

    monkeypatch.setattr("polytape.cli.budget.shared_window", note)
    make_budget(Settings(redis=Secret("redis://x")))
    assert shared == []
    make_budget(Settings(redis=Secret("redis://x"), api_key=KEY, plan="basic"))
    assert shared == [("redis://x", "k3y", 5, 60.0)]
