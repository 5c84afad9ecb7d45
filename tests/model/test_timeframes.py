"""Every spelling of the contract, whatever its case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ValidationError
from polytape.model.timeframes import STANDARD, Timeframe, parse_timeframe, spellings

CONTRACT = {
    "1min": "1min 1minute 1m M1",
    "5min": "5min 5minute 5minutes 5m M5",
    "10min": "10min 10minute 10m",
    "15min": "15min 15minute 15minutes 15m M15",
    "30min": "30min 30minute 30m",
    "60min": "60min 1hour 1h H1",
    "120min": "120min 2hour 2hours 2h",
    "240min": "240min 4hour 4h",
    "1day": "day 1day daily 1d D",
    "1week": "1w week weekly 1week",
    "1month": "1mo month monthly 1month 1M",
}


@pytest.mark.parametrize(
    ("standard", "text"), [(s, t) for s, texts in CONTRACT.items() for t in texts.split()]
)
def test_each_spelling_means_its_standard_name(standard: str, text: str) -> None:
    assert parse_timeframe(text).value == standard
    assert parse_timeframe(f"  {text}\t").value == standard


@given(st.sampled_from(sorted(spellings())), st.randoms(use_true_random=False))
def test_case_counts_nowhere_but_between_1m_and_1M(text: str, chance: object) -> None:
    mixed = "".join(c.upper() if chance.random() < 0.5 else c for c in text)  # type: ignore[attr-defined]
    expected = Timeframe.MONTH if mixed == "1M" else spellings()[text]
    assert parse_timeframe(mixed) is expected


@pytest.mark.parametrize(
    "bad", ["", "7min", "1 min", "0min", "-5min", None, 5, 1.0, "15minn", b"1d"]
)
def test_what_is_no_timeframe_is_named_with_what_is_allowed(bad: object) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_timeframe(bad)
    assert caught.value.param == "timeframe"
    assert caught.value.value == bad
    assert all(name in str(caught.value) for name in STANDARD)


@given(st.text(max_size=12))
def test_any_text_is_a_timeframe_or_a_validation_error(text: str) -> None:
    try:
        assert parse_timeframe(text) in Timeframe
    except ValidationError:
        assert text.strip().lower() not in spellings()


def test_a_timeframe_is_itself_and_prints_as_its_name() -> None:
    assert parse_timeframe(Timeframe.MIN_5) is Timeframe.MIN_5
    assert f"{Timeframe.MIN_120}" == "120min"


def test_a_length_is_its_minutes_and_the_calendars_have_none() -> None:
    """In microseconds."""
    lengths = {one: one.length_us for one in Timeframe}
    assert lengths[Timeframe("5min")] == 300_000_000
    assert all(
        (length is None) == (not one.value.endswith("min")) for one, length in lengths.items()
    )
