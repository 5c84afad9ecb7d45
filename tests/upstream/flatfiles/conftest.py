"""A folder of flat files: one day of minutes, with everything that the vendor's files do."""

from pathlib import Path

import pytest

from polytape.model.market import Market
from polytape.upstream.flatfiles.source import FlatFiles
from tests.upstream.flatfiles.files import DAY, OPEN_NS, line, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "minute_aggs_v1", DAY, [
        line("ZZZ", 1), line("NA", 0, "50.000000"), line("KIMpL", 0, "17798.430378"),
        line("ZZZ", 0), line("TRUE", 0), line("NA", 2, close=11.0), line("BRK.B", 0, "1.5E+02"),
        line("NA", 2, close=11.5), "NULL,1,1,1,1,1," + str(OPEN_NS) + ",",
    ])  # fmt: skip
    return tmp_path


@pytest.fixture
def source(root: Path, market: Market) -> FlatFiles:
    return FlatFiles(root, market)
