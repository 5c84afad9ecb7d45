"""Bars as they are printed: a table in New York time, csv and json as they came."""

import json
from datetime import date
from functools import partial
from typing import Self

import pytest
from click.testing import CliRunner

from polytape.cli.answers import BarRow, BarsAnswer, Metadata
from polytape.cli.bars import FIRST_SHOWN, LAST_SHOWN, bars, bars_text
from polytape.cli.bars_dates import first_and_last
from polytape.errors import ValidationError
from polytape.model.timestamps import iso
from polytape.wire.api.clock_messages import ClockState

METADATA: Metadata = {"symbol": "AAPL", "timeframe": "1min", "source": "test"}
OPENING = 1_719_927_000_000_000  # 2024-07-02 09:30 New York


def row(minute: int = 0, **more: float | None) -> BarRow:
    made = {"timestamp": iso(OPENING + minute * 60_000_000), "open": 10.0, "high": 1234.5,
            "low": 0.1234, "close": 10.0, "volume": 1500.0, "vwap": 10.25, "transactions": 7}  # fmt: skip
    return made | more  # type: ignore[return-value]


def test_csv_has_whole_volumes_and_empty_cells() -> None:
    """A fraction of a share is shown where there is one; unknown is nothing."""
    text = bars_text([row(), row(1, volume=0.5, vwap=None, transactions=None)], METADATA, "csv")
    assert text.splitlines() == [
        "timestamp,open,high,low,close,volume,vwap,transactions",
        "2024-07-02T13:30:00Z,10.0,1234.5,0.1234,10.0,1500,10.25,7",
        "2024-07-02T13:31:00Z,10.0,1234.5,0.1234,10.0,0.5,,",
    ]


def test_json_is_the_answer_itself_on_one_line() -> None:
    """Data and metadata."""
    text = bars_text([row()], METADATA, "json")
    assert text.count("\n") == 1
    assert json.loads(text) == {"data": [row()], "metadata": METADATA}


def test_a_table_says_what_it_is_and_shows_new_york_time() -> None:
    """Prices below a cent have four decimals; an unknown vwap is blank."""
    lines = bars_text([row(), row(1, vwap=None)], METADATA, "table").splitlines()
    assert "AAPL 1min · 2 bars · test" in lines[0]
    assert "Tue 2024-07-02 09:30" in lines[4]
    assert "1,234.50" in lines[4]
    assert "0.1234" in lines[4]
    assert "1,500" in lines[4]
    assert lines[4].rstrip().endswith("10.25")
    assert not lines[5].rstrip().endswith("10.25")


def test_days_have_no_time_of_day() -> None:
    """A daily bar is stamped at midnight: nobody trades then."""
    daily: Metadata = {"symbol": "AAPL", "timeframe": "1day"}
    text = bars_text([row()], daily, "table")
    assert "Tue 2024-07-02 " in text
    assert "09:30" not in text


@pytest.mark.parametrize("count", [0, 1, FIRST_SHOWN + LAST_SHOWN + 1])
def test_few_bars_are_all_shown(count: int) -> None:
    """One left out would take as much room as it saves."""
    text = bars_text([row(n) for n in range(count)], METADATA, "table")
    assert " more" not in text
    assert text.count("2024-07-02") == count


def test_the_middle_of_many_is_left_out_and_counted() -> None:
    """The first and the last ones are shown."""
    count = 1_000
    text = bars_text([row(n) for n in range(count)], METADATA, "table")
    assert text.count("2024-07-0") == FIRST_SHOWN + LAST_SHOWN
    assert f"... {count - FIRST_SHOWN - LAST_SHOWN:,} more" in text
    assert "1,000 bars" in text


@pytest.mark.parametrize("allowed", [True, False])
def test_a_part_is_wanted_only_where_that_is_said(
    monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    """What is missing is an error else."""
    bodies: list[dict[str, object]] = []

    class Answering:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def get(self, path: str, kind: object) -> object:
            assert (path, kind) == ("/clock", ClockState)
            return {"now": "2024-07-02T14:00:00Z", "speed": 60.0, "paused": False, "wall": False}

        def post(self, path: str, body: dict[str, object], kind: object) -> object:
            assert (path, kind) == ("/bars", BarsAnswer)
            bodies.append(body)
            return {"data": [], "metadata": METADATA | {"timeframe": "1day", "count": 0}}

    monkeypatch.setattr("polytape.cli.bars.connect", lambda _: Answering())
    monkeypatch.setattr("polytape.cli.gateway_time.connect", lambda _: Answering())
    options = ["--allow-partial", "--as-traded"] if allowed else []
    result = CliRunner().invoke(bars, ["AAPL", *options])
    assert result.exit_code == 0, result.output
    assert bodies[0].get("allow_partial", False) is allowed
    assert bodies[0].get("adjusted", True) is not allowed  # in today's shares is usual, too
    # The last 30 days of the gateway's own time: of a replay they are not this machine's.
    assert (bodies[0]["start_date"], bodies[0]["end_date"]) == ("2024-06-02", "2024-07-02")


@pytest.mark.parametrize(
    ("period", "end", "expected"),
    [
        ("1mo", None, ("1mo", "2024-07-02")),
        ("5d", "yesterday", ("2024-06-25", "2024-07-01")),
        ("5d", "2024-05-31", ("2024-05-24", "2024-05-31")),
    ],
)
def test_a_period_is_counted_back_from_the_end_as_in_python(
    period: str, end: str | None, expected: tuple[str, str]
) -> None:
    """The gateway reads the one before today; beside a start it is an error."""
    today = partial(date, 2024, 7, 2)
    assert first_and_last(None, end, today, period) == expected
    with pytest.raises(ValidationError, match="one of them begins"):
        first_and_last("2024-01-02", end, today, period)
    with pytest.raises(ValidationError, match="period='soon'"):
        first_and_last(None, end, today, "soon")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, ("2024-06-02", "2024-07-02")),
        ("2024-06-28", None, ("2024-06-28", "2024-07-02")),
        (None, "2024-05-31", ("2024-05-01", "2024-05-31")),
        (None, "yesterday", ("2024-06-02", "yesterday")),
        ("5d", "yesterday", ("5d", "yesterday")),
        ("2024-05-01", "2024-05-31", ("2024-05-01", "2024-05-31")),
    ],
)
def test_the_gateway_is_asked_for_its_day_where_one_is_missing(
    start: str | None, end: str | None, expected: tuple[str, str]
) -> None:
    asked: list[date] = []

    def today() -> date:
        asked.append(date(2024, 7, 2))
        return asked[-1]

    assert first_and_last(start, end, today) == expected
    assert len(asked) == (end is None or (start is None and end == "yesterday"))


@pytest.mark.parametrize(
    "start", ["2024-07-03", "07/03/2024", "tomorrow", "2024-07-03T01:00-04:00"]
)
def test_a_start_after_today_without_an_end_is_at_fault_itself(start: str) -> None:
    """And not the end, which nobody wrote; with an end it is the gateway's to judge."""
    today = partial(date, 2024, 7, 2)
    with pytest.raises(ValidationError, match=r"^start=.* up to today, 2024-07-02, where no end"):
        first_and_last(start, None, today)
    assert first_and_last(start, "2024-07-05", today) == (start, "2024-07-05")
    assert first_and_last("2024-07-02T23:30-04:00", None, today)[1] == "2024-07-02"


def test_what_is_no_end_is_told_the_words_that_are() -> None:
    """As what is no start is."""
    with pytest.raises(ValidationError, match=r'^end=.never. .*"yesterday"'):
        first_and_last(None, "never", lambda: date(2024, 7, 5))
