"""The text of an instant without a zone is read aloud in both zones, at the caller's own line."""

import asyncio
import inspect
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape import (
    AsyncPolygonClient,
    DateWarning,
    PolygonClient,
    TimeZoneWarning,
    VWAPEngine,
    ZoneCalculator,
    scan_many,
)
from polytape.errors import ConfigurationError, ConnectionError, ValidationError
from polytape.model.instants import parse_instant
from polytape.model.zone_warning import reading_of, warn_of_dates, warn_without_zone
from tests.conftest import MARKET

TEXT = "2026-11-17 10:30"
NOWHERE = "http://127.0.0.1:9"
# On the wall, without the hour that is skipped where the clock is set forward.
clocks = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).filter(lambda at: at.hour != 2)  # noqa: DTZ001


@given(clocks, st.sampled_from(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", " %Y-%m-%d %H:%M "]))
def test_the_text_says_what_is_read_and_how_to_write_either(moment: datetime, form: str) -> None:
    """What it advises for UTC is the instant that the text is read as."""
    written = f"{moment:{form}}"
    said = reading_of(written, "as_of")
    assert said is not None
    assert f"{moment:%Y-%m-%d %H:%M} UTC" in said
    read = parse_instant(written, "as_of", MARKET)
    assert parse_instant(f"{written.strip()} UTC", "as_of", MARKET) == read
    assert parse_instant(f"{written.strip()} ET", "as_of", MARKET) > read


def test_both_zones_are_named() -> None:
    """Ten thirty in the shell is five hours later."""
    said = reading_of(TEXT, "session_datetime")
    assert said == (
        "session_datetime='2026-11-17 10:30' names no zone: it is read as 2026-11-17 10:30 UTC, "
        'which is 2026-11-17 05:30 in New York. Write "2026-11-17 10:30 ET" for New York time, '
        '"2026-11-17 10:30 UTC" for UTC.'
    )


@pytest.mark.parametrize(
    "value",
    ["2026-11-17", "20261117", "yesterday", "5d", f"{TEXT}Z", f"{TEXT} ET", f"{TEXT} -05:00", None,
     f"{TEXT} XX", "2026-13-17 10:30", "no date at all", datetime(2026, 11, 17, 10, tzinfo=UTC),
     pd.Timestamp(TEXT, tz="UTC"), pd.NaT, np.datetime64("NaT"), np.datetime64("NaT", "us"),
     np.datetime64("2026-11-17"), date(2026, 11, 17), 5, "0001-01-01 00:00"],
)  # fmt: skip
def test_of_anything_else_nothing_is_said(value: object) -> None:
    """Warnings are errors in these tests."""
    warn_without_zone(as_of=value)


@pytest.mark.parametrize("param", ["start", "as_of"])
@pytest.mark.parametrize(
    "naive", [datetime(2026, 11, 17, 10), pd.Timestamp(TEXT), np.datetime64(TEXT)]  # noqa: DTZ001 - that is the mistake
)  # fmt: skip
def test_a_datetime_without_a_zone_is_said_to_be_utc(naive: object, param: str) -> None:
    """Whoever made it. At ten nobody means a day."""
    with pytest.warns(TimeZoneWarning, match=f"^{param} is a datetime without a zone") as said:
        warn_without_zone(**{param: naive})
    assert "read as UTC" in str(said[0].message)
    assert "idnight" not in str(said[0].message)


@pytest.mark.parametrize(
    "midnight", [pd.bdate_range("2026-11-17", periods=1)[0], np.datetime64("2026-11-17", "s")]
)
def test_midnight_without_a_zone_may_mean_a_day(midnight: object) -> None:
    """Where a date stands for its whole day, that is said; where it is an instant it would not."""
    for param, has_days in (("end_date", True), ("as_of", False)):
        with pytest.warns(TimeZoneWarning, match="Midnight UTC is the evening") as said:
            warn_without_zone(**{param: midnight})
        assert (".date(), stands for that whole trading day" in str(said[0].message)) is has_days


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10:30", 'read as New York time, of today. Write "10:30 ET" for it'),
        ("yesterday 2:30 pm", "of the last session before today"),
        (f"{TEXT} pm", "read as 2026-11-17 22:30 UTC, which is 2026-11-17 17:30 in New York"),
    ],
)
def test_a_time_of_no_date_and_one_with_am_or_pm_name_no_zone_either(
    written: str, meant: str
) -> None:
    """Short texts too; with a zone nothing is said."""
    with pytest.warns(TimeZoneWarning, match=f"^as_of='{written}' names no zone") as said:
        warn_without_zone(as_of=written)
    assert meant in str(said[0].message)
    warn_without_zone(as_of=f"{written} ET")


@pytest.mark.parametrize(
    "day", ["2026-11-17", " 20261117", "yesterday", "5d", "ytd", date(2026, 11, 17),
            np.datetime64("2026-11-17")]
)  # fmt: skip
def test_a_date_for_an_instant_says_that_it_is_where_the_day_begins(day: object) -> None:
    """Once a line, be it in a loop over days: its text has not the date."""
    with pytest.warns(DateWarning, match='begins in New York.*"2024-07-03 16:00 ET"') as said:
        warn_of_dates(as_of=day)
    assert "17" not in str(said[0].message)


@pytest.mark.parametrize(
    "instant", [None, "now", "2h", "10:30", TEXT, f"{TEXT} ET", "2026-13-17", "someday", 5,
                datetime(2026, 11, 17), np.datetime64(TEXT)],  # noqa: DTZ001 - as pandas reads it
)  # fmt: skip
def test_of_instants_no_date_is_said(instant: object) -> None:
    """Warnings are errors in these tests."""
    warn_of_dates(as_of=instant)


CALLS: dict[str, Any] = {
    "start_date": lambda c, at: c.fetch_bars("SPY", at, "2026-11-18", "1min"),
    "end_date": lambda c, at: c.fetch_many(["SPY"], "2026-11-16", at, "1min"),
    "start": lambda c, at: c.bars("SPY", at),
    "end": lambda c, at: c.download("SPY", "2026-11-16", at),
    "target_datetime": lambda c, at: c.get_candle_at_datetime("SPY", at),
    "session_datetime": lambda c, at: c.session("SPY", at),
    "as_of": lambda c, at: ZoneCalculator(c).run("SPY", at),
    "anchor": lambda c, at: VWAPEngine(c).run("SPY", anchor=at),
}


@pytest.mark.parametrize(
    ("at", "says"), [(TEXT, f"='{TEXT}'"), (pd.Timestamp(TEXT), " is a datetime without a zone")]
)
@pytest.mark.parametrize("param", CALLS)
def test_every_door_of_the_client_warns_at_the_callers_line(
    param: str, at: object, says: str
) -> None:
    """Before anything is sent: here no gateway answers."""
    client = PolygonClient(NOWHERE, max_retries=0)
    with pytest.warns(TimeZoneWarning, match=f"^{param}{says}") as said:
        with pytest.raises(ConnectionError):
            CALLS[param](client, at)
    assert [(one.filename, one.lineno) for one in said] == [
        (__file__, inspect.getsourcelines(CALLS[param])[1])
    ]


def test_the_line_is_the_callers_under_asyncio_too() -> None:
    """As a task of its own, whose frames are the event loop's."""

    async def both() -> None:
        async with AsyncPolygonClient(NOWHERE, max_retries=0) as client:
            task = asyncio.create_task(client.session("SPY", TEXT))
            with pytest.raises(ConnectionError):
                await task

    with pytest.warns(TimeZoneWarning) as said:
        asyncio.run(both())
    assert {one.filename for one in said} == {__file__}


def test_scans_of_a_store_warn_and_take_words(tmp_path: Path) -> None:
    """What is read is an instant: the store that is none is refused after it."""
    with pytest.warns(TimeZoneWarning, match=f"^as_of='{TEXT}'"):
        with pytest.raises(ConfigurationError):
            scan_many(["SPY"], store=tmp_path, as_of=TEXT)
    with (
        pytest.warns(DateWarning, match="^as_of is a date here"),
        pytest.raises(ConfigurationError),
    ):
        scan_many(["SPY"], store=tmp_path, as_of="yesterday")
    with pytest.raises(ValidationError, match='"today", "yesterday", "now"'):
        scan_many(["SPY"], store=tmp_path, as_of="someday")


def test_a_line_in_a_loop_says_it_once() -> None:
    """By Python's own rule, also of one datetime after another."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for day in pd.bdate_range("2026-11-16", "2026-11-20"):
            warn_without_zone(as_of=TEXT)
            warn_without_zone(start=day)
    assert len(said) == 2


@pytest.mark.parametrize("word", ["someday", "noon"])
def test_what_is_no_instant_is_refused_with_the_words_that_go_there(word: str) -> None:
    """Before anything is sent."""
    client = PolygonClient(NOWHERE, max_retries=0)
    with pytest.raises(ValidationError, match='"today", "yesterday", "now"'):
        client.session("SPY", word)
    with pytest.raises(ValidationError, match='"today", "yesterday", "now"'):
        ZoneCalculator(client).run("SPY", word)
