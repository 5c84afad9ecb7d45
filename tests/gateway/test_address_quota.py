"""An address may send so many requests a minute without a token."""

from hypothesis import given
from hypothesis import strategies as st

from polytape.gateway.address_quota import AddressQuota

ADDRESS = "192.0.2.7"


@given(st.integers(1, 5), st.lists(st.integers(0, 40), max_size=40))
def test_no_minute_has_more_than_its_quota(per_minute: int, pauses: list[int]) -> None:
    """Of those that are let in within a minute of the first of it; who waits as long as it is told
    is let in again.
    """
    quota = AddressQuota(per_minute)
    now, began, admitted = 0, None, 0
    for pause in pauses:
        now += pause
        wait = quota.wait_s(ADDRESS, now)
        if wait:
            assert admitted == per_minute
            assert began is not None
            now = began + 60
            assert quota.wait_s(ADDRESS, now) == 0
            began, admitted = now, 1
        elif began is None or now - began >= 60:
            began, admitted = now, 1
        else:
            admitted += 1
            assert admitted <= per_minute


def test_a_network_of_ipv6_is_one_address() -> None:
    """Who has one has all of it."""
    quota = AddressQuota(1)
    assert quota.wait_s("2001:db8::1", 0.0) == 0
    assert quota.wait_s("2001:db8::2", 6.0) == 54.0
    assert quota.wait_s("2001:db8:0:1::1", 6.0) == 0


def test_many_addresses_take_no_memory_without_end() -> None:
    """The one that is longest unseen is forgotten."""
    quota = AddressQuota(1, most_addresses=3)
    for number in range(10):
        assert quota.wait_s(f"192.0.2.{number}", 0.0) == 0
    assert len(quota) == 3
    assert quota.wait_s("192.0.2.9", 0.0) == 60.0
