"""The answer to a query, from bars of the stored series: cut, summed, described."""

from typing import Any

from polytape.history.bars_result import NO_SPLITS, make_result
from polytape.history.reader import SeriesRead
from polytape.history.splits import Splits
from polytape.history.symbol_reference import UpstreamReference
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.spans import Span
from polytape.model.splits import Split, adjust
from polytape.model.timeframes import Series, Timeframe
from polytape.model.units import HOUR_US
from tests.conftest import MARKET, day_span, flat_bars
from tests.history.scene import JULY, at
from tests.history.small import Small

WEEK = day_span(JULY[0], JULY[4])


def days_query(**options: Any) -> BarsQuery:
    return BarsQuery("X", Timeframe.DAY, WEEK, **options)


def test_what_an_answer_says_of_itself() -> None:
    reference = UpstreamReference(Small().upstream())
    query = days_query(include_extended=False)
    gap = day_span(JULY[4])
    read = SeriesRead(flat_bars([WEEK.start]), ("a note",), (gap,))
    splits = Splits((), ("doubtful",))
    metadata = make_result(query, read, splits, reference, MARKET, at("2024-07-03 12:00")).metadata
    assert (metadata.symbol, metadata.timeframe, metadata.count) == ("X", "1day", 1)
    assert (metadata.source, metadata.made_up, metadata.adjusted) == ("small", False, True)
    assert metadata.include_extended is False
    assert metadata.notes == ["a note", "doubtful"]
    assert [(m.start, m.end) for m in metadata.missing] == [
        ("2024-07-05T04:00:00Z", "2024-07-06T04:00:00Z")
    ]
    assert metadata.complete_through == "2024-07-03T04:00:00Z"  # the day of `now` is under way


def test_an_answer_is_complete_no_further_than_the_source_has_published() -> None:
    reference = UpstreamReference(Small().upstream())
    query, now = BarsQuery("X", Timeframe.MIN_60, WEEK), at("2024-07-03 12:30")

    def complete(through: int | None) -> str | None:
        read = SeriesRead(Bars.empty(), through=through)
        return make_result(
            query, read, Splits(()), reference, MARKET, now
        ).metadata.complete_through

    assert complete(None) == "2024-07-03T16:00:00Z"
    assert complete(now - HOUR_US) == "2024-07-03T15:00:00Z"
    assert complete(now + HOUR_US) == "2024-07-03T16:00:00Z"
    assert complete(WEEK.start - HOUR_US) == "2024-07-01T04:00:00Z"


def test_the_series_read_is_cut_to_the_query() -> None:
    reference = UpstreamReference(Small().upstream())
    hours = [WEEK.start + n * HOUR_US for n in range(48)]
    inside = Span(hours[3], hours[9])
    query = BarsQuery("X", Timeframe.MIN_60, inside, limit=4)
    result = make_result(
        query, SeriesRead(flat_bars(hours)), Splits(()), reference, MARKET, at("2024-07-15 12:00")
    )
    assert result.bars.timestamp.tolist() == hours[5:9]
    assert query.series is Series.MINUTE


def test_bars_are_adjusted_only_where_there_are_splits_and_it_is_wanted() -> None:
    reference = UpstreamReference(Small().upstream())
    days = flat_bars([MARKET.midnight(day) for day in (JULY[0], JULY[4])], 100.0)
    split = Split(JULY[2], "X", 1.0, 4.0)
    now = at("2024-07-15 12:00")

    def result(used: tuple[Split, ...] | None, *, adjusted: bool = True) -> tuple[Bars, bool, bool]:
        query = BarsQuery("X", Timeframe.DAY, WEEK, adjusted=adjusted)
        made = make_result(query, SeriesRead(days), Splits(used), reference, MARKET, now)
        said = made.metadata.adjusted
        assert said is not None
        return made.bars, said, NO_SPLITS in made.metadata.notes

    bars, said, noted = result((split,))
    assert bars.same(adjust(days, [split], JULY[13], MARKET))
    assert (said, noted) == (True, False)
    bars, said, noted = result(None)
    assert bars.same(days)
    assert (said, noted) == (False, True)
    bars, said, noted = result((split,), adjusted=False)
    assert bars.same(days)
    assert (said, noted) == (False, False)
