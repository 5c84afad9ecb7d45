"""Splits and securities as the vendor lists them: once a day, and as they are."""

import logging
from datetime import date

import pytest

from polytape.errors import DataFetchError
from polytape.fake_vendor.mischief import Mischief
from polytape.model.splits import Split
from polytape.upstream.answer_store import MemoryAnswers
from polytape.wire.polygon.errors import PlanError
from polytape.wire.polygon.plans import PlanName
from tests.fakes.vendor import Street

pytestmark = pytest.mark.socket

SPLITS = "/stocks/v1/splits"


def test_reference_answers_are_asked_for_once_a_day(wall: Street) -> None:
    reference = wall.source().reference
    for _ in range(3):
        assert reference.search("aapl", active_only=True)[0].symbol == "AAPL"
        assert reference.find("MSFT") is not None
        assert reference.splits("NVDA") == wall.truth.reference.splits("NVDA")
    assert len(wall.asked()) == 3
    wall.time.now += 86_400_000_000
    reference.find("MSFT")
    assert len(wall.asked()) == 4
    reference.forget()
    reference.find("MSFT")
    assert len(wall.asked()) == 5


def test_paid_plans_read_the_whole_table_and_then_what_is_new(wall: Street) -> None:
    reference = wall.source("advanced").reference
    for symbol in ("AAPL", "MSFT", "NVDA", "TSLA"):
        assert reference.splits(symbol) == wall.truth.reference.splits(symbol)
    assert wall.asked() == ["/stocks/v1/splits"]
    wall.time.now += 86_400_000_000
    new = Split(date(2026, 11, 20), "MSFT", 1.0, 2.0)
    wall.vendor.routes.market.extra_splits.append(new)
    assert new in (reference.splits("MSFT") or ())
    assert reference.splits("NVDA") == wall.truth.reference.splits("NVDA")
    assert dict(wall.vendor.requests[-1].query)["execution_date.gte"] == "2026-10-24"


def test_the_older_route_of_splits_stands_in_for_the_newer(wall: Street) -> None:
    wall.vendor.routes.old_splits = True
    reference = wall.source("advanced").reference
    assert reference.splits("AAPL") == wall.truth.reference.splits("AAPL")
    assert wall.asked() == ["/stocks/v1/splits", "/v3/reference/splits"]
    assert reference.splits("NVDA") == wall.truth.reference.splits("NVDA")
    assert len(wall.asked()) == 2


def test_splits_are_cached_only_once_they_were_asked_for(wall: Street) -> None:
    """`cached_splits` never makes a request; None says that one is needed."""
    reference = wall.source().reference
    assert reference.cached_splits("NVDA") is None
    assert wall.asked() == []
    splits = reference.splits("NVDA")
    assert reference.cached_splits("NVDA") == splits == wall.truth.reference.splits("NVDA")
    assert reference.cached_splits("AAPL") is None
    assert wall.asked() == [SPLITS]


def test_the_whole_table_answers_for_every_symbol_at_once(wall: Street) -> None:
    """One answer tells of symbols without splits, too."""
    reference = wall.source("advanced").reference
    assert reference.cached_splits("NVDA") is None
    reference.splits("NVDA")
    assert reference.cached_splits("SPY") == wall.truth.reference.splits("SPY")
    assert reference.cached_splits("NOPE") == ()
    assert wall.asked() == [SPLITS]


def test_a_restart_goes_on_with_what_was_stored(wall: Street) -> None:
    """The table outlives the process that fetched it, whichever plan the next one is told."""
    store = MemoryAnswers()
    first = wall.source("advanced", memory=store).reference.splits("NVDA")
    for plan in ("advanced", None):
        assert wall.source(plan, memory=store).reference.splits("NVDA") == first
    assert wall.asked() == [SPLITS]


def test_a_row_that_is_corrected_replaces_what_was_listed(wall: Street) -> None:
    """Rows of the last weeks are read anew; a correction is no second split."""
    listed = Split(date(2026, 11, 20), "MSFT", 1.0, 2.0)
    right = Split(date(2026, 11, 20), "MSFT", 1.0, 4.0)
    extra = wall.vendor.routes.market.extra_splits
    extra.append(listed)
    reference = wall.source("advanced").reference
    assert listed in reference.splits("MSFT")
    extra[:] = [right]
    wall.time.now += 86_400_000_000
    assert right in reference.splits("MSFT")
    assert listed not in reference.splits("MSFT")


def test_a_plan_without_splits_is_an_error_after_both_routes_were_tried(wall: Street) -> None:
    """Prices that could not be adjusted are never passed off as adjusted."""
    wall.vendor.every = Mischief.NOT_IN_PLAN
    with pytest.raises(PlanError):
        wall.source("advanced").reference.splits("AAPL")
    assert wall.asked() == [SPLITS, "/v3/reference/splits"]


def test_an_error_is_asked_about_again(wall: Street) -> None:
    """Only answers are cached."""
    reference = wall.source(timeout_s=1.0).reference
    wall.vendor.every = Mischief.SERVER_ERROR
    with pytest.raises(DataFetchError):
        reference.find("AAPL")
    wall.vendor.every = None
    assert reference.find("AAPL") is not None


def test_a_delisted_symbol_is_found_after_the_active_ones(wall: Street) -> None:
    """The vendor lists them apart: two questions, and none after that."""
    reference = wall.source().reference
    assert reference.find("NOPE") is None
    assert reference.find("NOPE") is None
    assert [dict(one.query)["active"] for one in wall.vendor.requests] == ["true", "false"]


def test_a_search_has_the_exact_symbol_first_whatever_its_case(wall: Street) -> None:
    """The vendor's own order follows."""
    reference = wall.source().reference
    assert reference.search("tsla", active_only=True)[0].symbol == "TSLA"
    assert reference.search("TSLA", active_only=True)[0].symbol == "TSLA"
    assert len(wall.asked()) == 1
    reference.search("tsla", active_only=False)
    assert len(wall.asked()) == 3  # active ones, and delisted ones


@pytest.mark.parametrize("plan", [None, "advanced"])
def test_nonsense_in_the_list_is_left_out_named_and_stored(
    wall: Street, caplog: pytest.LogCaptureFixture, plan: PlanName | None
) -> None:
    """It adjusts nothing, and is named by whoever reads the stored list, after a restart, too."""
    caplog.set_level(logging.WARNING)
    wall.spoil(Mischief.BAD_SPLITS)
    memory = MemoryAnswers()
    for _ in range(2):
        reference = wall.source(plan, memory=memory).reference
        assert reference.splits("NVDA") == wall.truth.reference.splits("NVDA")
        assert len(reference.refused_splits("NVDA")) == 6
    assert wall.asked() == [SPLITS]
    assert caplog.text.count("a record of splits was refused") == 6
    assert reference.refused_splits("NONE") == ()
