"""Rows of the watch as lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.cli.output import MADE_UP
from polytape.cli.watch_lines import age_text, lines_of, row_lines, volume_text, zone_text
from polytape.cli.watch_table import WatchRow, WatchTable
from polytape.client.stream_session import StreamNotice
from polytape.model.units import DAY_US, SECOND_US
from tests.cli.watch_parts import OPEN, SUBSCRIBED, end_of, history, minute, zone, zones
from tests.conftest import MARKET

ROW = WatchRow("AAPL", 328.0, -1.625, -0.4932, 1.34e6, 1.173, "L3", -0.024, OPEN, 61.0, inside=True)
prices = st.none() | st.floats(0.0001, 1e6)
known_rows = st.builds(
    WatchRow,
    symbol=st.sampled_from(["A", "BRK.B", "KIMpL"]),
    price=prices,
    change=prices,
    change_percent=prices,
    volume=st.none() | st.floats(0, 1e12),
    relative_volume=prices,
    zone=st.none() | st.just("L5"),
    zone_atrs=prices,
    bar_start=st.none() | st.just(OPEN),
    age_s=st.none() | st.floats(0, 1e9),
)


def test_a_row_fits_eighty_columns() -> None:
    """And says what is not known by a dash."""
    assert row_lines([ROW, WatchRow("NOPE")], 80) == [
        " SYMBOL   PRICE   CHANGE       %  VOLUME   RVOL       ZONE (ATR)    BAR  AGE",
        " ───────────────────────────────────────────────────────────────────────────",
        " AAPL    328.00  -1.6250  -0.49%   1.34M  1.17x  L3 -0.02 inside  09:30   1m",
        " NOPE         -        -       -       -      -                -      -    -",
    ]


def test_a_narrow_screen_has_fewer_columns() -> None:
    """The symbol stays last of all, prices are never cut."""
    heads = {row_lines([ROW], width)[0].split()[-1] for width in range(1, 100)}
    assert heads == {"SYMBOL", "PRICE", "%", "AGE"}
    assert row_lines([ROW], 20)[2] == " AAPL    328.00"
    assert "BAR" not in row_lines([ROW], 75)[0]


@given(st.lists(known_rows, min_size=1, max_size=4), st.integers(8, 120))
def test_no_line_is_wider_than_the_screen(rows: list[WatchRow], width: int) -> None:
    """At any width that holds a symbol."""
    lines = row_lines(rows, width)
    assert max(map(len, lines)) <= width
    assert len(lines) == len(rows) + 2


@pytest.mark.parametrize(
    ("shares", "text"),
    [(0, "0"), (999, "999"), (1_000, "1.00k"), (12_345, "12.3k"), (999_400, "999k"),
     (1_344_000, "1.34M"), (2.5e9, "2.50B"), (3e12, "3000B")],
)  # fmt: skip
def test_volume_has_three_digits(shares: float, text: str) -> None:
    """And its unit."""
    assert volume_text(shares) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3_599, "59m"), (3_600, "1h"), (200_000, "2d")],
)
def test_an_age_has_one_unit(seconds: float, text: str) -> None:
    """The largest whole one."""
    assert age_text(seconds) == text


@pytest.mark.parametrize(
    ("zone", "atrs", "inside", "text"),
    [(None, None, False, "-"), ("none", None, False, "none"), ("L2", 0.05, True, "L2 +0.05 inside"),
     ("L2", 0.254, False, "L2 +0.25")],
)  # fmt: skip
def test_a_zone_is_its_level_and_distance(
    zone: str | None, atrs: float | None, inside: bool, text: str
) -> None:
    """In ATRs, whose name is in the head."""
    assert zone_text(WatchRow("A", zone=zone, zone_atrs=atrs, inside=inside)) == text


def test_the_head_says_how_the_feed_is_and_the_markets_time() -> None:
    """Invented prices are named in the head, where no screen is too small for it."""
    table = WatchTable(["AAPL"], MARKET)
    now = end_of(3)
    moment = "New York Tue 2024-07-02 09:34"
    assert lines_of(table, now, 80)[0] == f" feed connecting   {moment}"
    table.event(SUBSCRIBED, now)
    table.due(now)
    table.result(history(3), now)
    table.due(now)
    table.result(zones(zone(11, 12), as_of=end_of(2), errors=("hvn: no volume",)), now)
    table.event(minute(3), now)
    lines = lines_of(table, now + SECOND_US, 80, made_up=True)
    assert lines[0] == f" feed connected   made-up prices   {moment}"
    assert lines[3].startswith(" AAPL    10.00")
    assert lines[4:] == [" AAPL: hvn: no volume", f" {MADE_UP}"]
    table.event(StreamNotice("disconnected", "x" * 99), now)
    shown = lines_of(table, now, 40)
    assert shown[0] == " feed disconnected   New York Tue 2024-0"
    assert max(map(len, shown)) <= 40


def test_a_closed_market_says_so_and_why() -> None:
    """In the head, or below the table where the screen is too narrow for it."""
    table = WatchTable(["AAPL"], MARKET, live=False)
    holiday = end_of(0) + 2 * DAY_US
    closed = "closed: exchange holiday"
    head = " feed none   New York Thu 2024-07-04 09:31"
    assert lines_of(table, holiday, 80)[0] == f"{head}   {closed}"
    narrow = lines_of(table, holiday, 60)
    assert (narrow[0], narrow[-1]) == (head, f" {closed}")
    assert "closed: trading ended at 20:00" in lines_of(table, end_of(11 * 60), 80)[0]
