"""A source by its parts: what there is not is None, and is never asked for."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from polytape.model.market import Market
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import NOW
from tests.fakes.vendor import street
from tests.upstream.flatfiles.files import line, put


@pytest.fixture
def files(tmp_path: Path, market: Market) -> FlatFiles:
    put(tmp_path, "minute_aggs_v1", date(2024, 7, 2), [line("ZZZ")])
    return FlatFiles(tmp_path, market)


def test_made_up_prices_say_so_and_know_nothing_of_whole_days(synthetic: Synthetic) -> None:
    """Nobody may take the made-up market for a real one."""
    upstream = synthetic.upstream()
    assert (upstream.name, upstream.made_up) == ("synthetic", True)
    assert (upstream.days, upstream.files, upstream.through) == (None, None, None)
    assert upstream.whole_days is None
    upstream.close()  # there is nothing to end


def test_symbols_are_cut_out_of_whole_days_only_where_the_source_says_so(files: FlatFiles) -> None:
    """A folder is read symbol by symbol; what must be downloaded comes a day at a time."""
    upstream = files.upstream()
    assert (upstream.name, upstream.made_up) == ("flatfiles", False)
    assert upstream.days == files.days
    for cut_out in (False, True):
        files.days.reads_whole_days = cut_out
        assert upstream.whole_days == (files.days if cut_out else None)
    assert replace(upstream, days=None).whole_days is None


@pytest.mark.socket
def test_the_vendor_has_every_part_and_files_beside_it_where_they_are_given(
    files: FlatFiles,
) -> None:
    """Its daily lists are whole days, but a symbol's bars are asked for by themselves."""
    with street(NOW) as wall:
        source = wall.source()
        upstream = source.upstream(files.days)
        assert (upstream.name, upstream.made_up) == ("polygon", False)
        assert (upstream.days, upstream.through) == (source.days, source)
        assert upstream.files == files.days
        assert upstream.whole_days is None
        assert source.upstream().files is None


def test_an_upstream_is_a_value(synthetic: Synthetic) -> None:
    """Its parts cannot be exchanged under those who hold it."""
    with pytest.raises(AttributeError):
        synthetic.upstream().name = "real"  # type: ignore[misc]
    assert synthetic.upstream() == Upstream(
        "synthetic",
        synthetic,
        synthetic,
        made_up=True,
        close=synthetic.upstream().close,
        suggest=synthetic.suggest,
    )
