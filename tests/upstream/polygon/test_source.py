"""The vendor by its parts: one connection, one budget, one memory of today's answers."""

import pytest

from polytape.errors import DataFetchError
from polytape.fake_vendor.mischief import Mischief
from polytape.model.timeframes import Series
from tests.fakes.vendor import Street
from tests.upstream.polygon.test_bars import DAYS

pytestmark = pytest.mark.socket

STATUS = "/v1/marketstatus/now"


def test_the_vendors_own_answer_passes_as_it_came(wall: Street) -> None:
    """With `daily` it is fetched once a day, and again for another query."""
    source = wall.source()
    for _ in range(2):
        assert b'"market"' in source.read_through(STATUS, (), daily=False)
    assert wall.asked() == [STATUS] * 2
    path = "/v3/reference/tickers"
    for query in ((("limit", "1"),), (("limit", "1"),), (("limit", "2"),)):
        assert b'"results"' in source.read_through(path, query, daily=True)
    assert wall.asked()[2:] == [path] * 2
    wall.time.now += 86_400_000_000
    source.read_through(path, (("limit", "1"),), daily=True)
    assert wall.asked()[4:] == [path]


def test_an_answer_that_is_none_is_not_passed_on_for_a_day(wall: Street) -> None:
    """It would be wrong until midnight."""
    source = wall.source()
    wall.vendor.every = Mischief.CUT_JSON
    with pytest.raises(DataFetchError):
        source.read_through(STATUS, (), daily=True)
    wall.vendor.every = None
    assert b'"market"' in source.read_through(STATUS, (), daily=True)


def test_all_parts_share_one_budget_and_end_together(wall: Street) -> None:
    """A key has one budget, whatever it is used for."""
    source = wall.source("advanced")
    upstream = source.upstream()
    upstream.bars.bars(DAYS)
    upstream.reference.find("AAPL")
    assert upstream.days is not None
    upstream.days.market_day(Series.DAY, wall.vendor.routes.market.today())
    assert source.vendor.budget.state().used == len(wall.asked()) == 3
    upstream.close()
    for call in (lambda: upstream.bars.bars(DAYS), lambda: upstream.reference.find("MSFT")):
        with pytest.raises(DataFetchError, match="stopping"):
            call()
    assert len(wall.asked()) == 3


@pytest.mark.parametrize(("plan", "whole"), [(None, False), ("basic", False), ("starter", True)])
def test_a_plan_with_requests_to_spare_reads_the_whole_table_of_splits(
    wall: Street, plan: str | None, whole: bool
) -> None:
    """The free plan has none."""
    wall.source(plan).reference.splits("AAPL")  # type: ignore[arg-type]
    assert ("ticker" in dict(wall.vendor.requests[0].query)) is not whole
