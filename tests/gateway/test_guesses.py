"""Wrong tokens, counted: virtual seconds."""

from hypothesis import given
from hypothesis import strategies as st

from polytape.gateway.guesses import MOST, WINDOW_S, Guesses


def test_the_first_few_are_free_then_an_address_waits() -> None:
    """Until the window is over; another address is another matter."""
    guesses = Guesses()
    assert [guesses.wrong("10.0.0.1", 5.0) for _ in range(MOST)] == [0.0] * MOST
    assert guesses.wrong("10.0.0.1", 15.0) == WINDOW_S - 10.0
    assert guesses.wrong("10.0.0.2", 15.0) == 0.0
    assert guesses.wrong("10.0.0.1", 5.0 + WINDOW_S) == 0.0


def test_a_network_of_ipv6_is_one_guesser() -> None:
    """A customer has 2**64 addresses there; the loopback is itself."""
    guesses = Guesses()
    waits = [guesses.wrong(f"2001:db8::{number:x}", 0.0) for number in range(MOST + 1)]
    assert waits[-1] > 0
    assert guesses.wrong("2001:db8:0:1::1", 0.0) == 0.0
    for address in ("::1", "::ffff:10.0.0.9", "fe80::1%eth0", "testclient", "-"):
        assert guesses.wrong(address, 0.0) == 0.0
    assert [guesses.wrong("::1", 0.0) for _ in range(MOST)][-1] > 0


@given(st.lists(st.integers(0, 50), max_size=100))
def test_the_table_is_bounded(numbers: list[int]) -> None:
    """However many addresses guess."""
    guesses = Guesses(most_addresses=8)
    for number in (*range(8), *numbers):
        guesses.wrong(f"client-{number}", 0.0)
    assert len(guesses) == 8
