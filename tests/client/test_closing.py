"""Every `with` block of ours is of one kind."""

import pytest

from polytape import AsyncPolygonClient, PolygonClient
from polytape.cli.watch_screen import Lines, Screen
from polytape.client.closing import AsyncBlock, AsyncClosing, Closing
from polytape.client.live_bars import LiveBars
from polytape.client.streams import Stream


class Counted(Closing):
    closed = 0

    def close(self) -> None:
        self.closed += 1


class AsyncCounted(AsyncClosing):
    closed = 0

    async def close(self) -> None:
        self.closed += 1


class CountedNow(AsyncBlock):
    closed = 0

    def close(self) -> None:
        self.closed += 1


async def test_leaving_the_block_closes_whatever_ends_it() -> None:
    """An error goes on to whoever catches it."""
    counted, later, now = Counted(), AsyncCounted(), CountedNow()
    with counted as same:
        assert same is counted
    with pytest.raises(RuntimeError), counted:
        raise RuntimeError
    async with later as awaited:
        assert awaited is later
    with pytest.raises(RuntimeError):
        async with later:
            raise RuntimeError
    async with now as entered:
        assert entered is now
    assert (counted.closed, later.closed, now.closed) == (2, 2, 1)


@pytest.mark.parametrize("kind", [PolygonClient, Stream, LiveBars, Lines, Screen])
def test_nobody_writes_it_again(kind: type[Closing]) -> None:
    assert kind.__exit__ is Closing.__exit__
    assert AsyncPolygonClient.__aexit__ is AsyncClosing.__aexit__
