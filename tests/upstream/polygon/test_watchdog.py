"""Mute or quiet."""

from polytape.model.market import xnys
from polytape.upstream.polygon.watchdog import Watchdog

BELL = 1_795_530_600_000_000
MARKET = xnys()
NIGHT = BELL + 12 * 3_600_000_000
PREMARKET = BELL - 3_600_000_000


def watchdog() -> Watchdog:
    watch = Watchdog(MARKET)
    watch.heard(100.0)
    return watch


def test_a_whole_market_is_never_silent_for_two_minutes() -> None:
    """In regular hours; before the bell it may be for longer."""
    assert not watchdog().doubts(190.0, BELL, whole=True)
    assert watchdog().doubts(190.1, BELL, whole=True)
    assert not watchdog().doubts(400.0, PREMARKET, whole=True)
    assert watchdog().doubts(401.0, PREMARKET, whole=True)


def test_a_quiet_symbol_is_asked_about_ever_more_seldom() -> None:
    """Each time that the vendor has nothing newer either; until something comes."""
    watch, at, asked = watchdog(), 100.0, []
    while at < 4_000:
        at += 1.0
        if watch.doubts(at, BELL, whole=False):
            asked.append(at)
            watch.quiet(at)
    assert asked == [281.0, 642.0, 1363.0, 2804.0]
    watch.heard(at)
    assert watch.doubts(at + 181.0, BELL, whole=False)


def test_the_night_does_not_count() -> None:
    """The first minute of the morning is not silence since the evening."""
    watch = watchdog()
    assert not watch.doubts(40_000.0, NIGHT, whole=True)
    assert not watch.doubts(40_080.0, BELL, whole=True)
