"""What a caller has used, on a clock that a test turns."""

from datetime import UTC, datetime

import pytest

from polytape.errors import DataFetchError, RateLimitError
from polytape.gateway.caller import DAY_S, Caller
from polytape.gateway.roles import Role
from polytape.upstream.budget.budget import Budget
from polytape.upstream.budget.spender import SPENDER, may_spend

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


class Wall:
    """Seconds since 1970."""

    now = MIDNIGHT.timestamp() - 3_600

    def __call__(self) -> float:
        return self.now


def test_so_many_requests_a_minute() -> None:
    """Then the rest of the minute is waited for."""
    caller = Caller("alice", Role.READ, Wall(), per_minute=2)
    assert [caller.wait_s(100.0), caller.wait_s(110.0), caller.wait_s(120.0)] == [0, 0, 40.0]
    assert caller.wait_s(159.9) > 0
    assert [caller.wait_s(160.0), caller.wait_s(161.0), caller.wait_s(162.0)] == [0, 0, 58.0]
    assert Caller("bob", Role.READ, Wall()).wait_s(0.0) == 0


def test_who_may_only_read_spends_nothing() -> None:
    """The refusal says whose token it is, and what would do."""
    SPENDER.set(Caller("alice", Role.READ, Wall()))
    budget = Budget.of(100, 1.0)
    assert not may_spend()
    with pytest.raises(DataFetchError, match="token alice may only read") as caught, budget.place():
        raise AssertionError("no request is made")
    assert caught.value.status == 403
    assert budget.state().used == 0
    assert budget.waiting() == 0


def test_so_many_requests_of_the_vendors_a_day() -> None:
    """By the day of UTC; the refusal names the quota's owner and its end, and takes no place."""
    wall, budget = Wall(), Budget.of(100, 1.0)
    caller = Caller("bob", Role.SPEND, wall, vendor_per_day=2)
    SPENDER.set(caller)
    for _ in range(2):
        with budget.place():
            assert budget.state().used > 0
    with (
        pytest.raises(RateLimitError, match="quota of token bob, 2 requests") as caught,
        budget.place(),
    ):
        raise AssertionError("no request is made")
    assert caught.value.retry_at == MIDNIGHT
    assert budget.state().used == 2
    wall.now += 3_600
    with budget.place():
        assert may_spend()
    assert caller.usage.vendor_requests == 1
    assert wall.now % DAY_S == 0


def test_who_has_no_quota_is_not_counted_out() -> None:
    """Nor is what nobody asks for: a backfill after a restart."""
    SPENDER.set(Caller("owner", Role.ADMINISTER, Wall()))
    budget = Budget.of(1_000, 1.0)
    for _ in range(100):
        with budget.place():
            pass
    SPENDER.set(None)
    assert may_spend()
    with budget.place():
        pass
