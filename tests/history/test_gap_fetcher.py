"""Gaps of one symbol: several at a time, joined into one answer, failures named."""

from dataclasses import replace

import pytest

from polytape.errors import (
    AuthenticationError,
    DataFetchError,
    NotFoundError,
    PolygonClientError,
    ValidationError,
)
from polytape.history.bars_cache import BarsCache
from polytape.history.gap_fetcher import GapFetcher
from polytape.history.store_writer import StoreWriter
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery, series_query
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.store.segments import SegmentStore
from polytape.upstream.source import SourceBars, Upstream
from tests.conftest import MARKET, day_span, flat_bars
from tests.history.scene import JULY, AtOnce, at
from tests.history.small import Small
from tests.store.bars import memory

DAYS = tuple(day_span(day) for day in JULY[:3])
QUERY = series_query("X", Series.MINUTE, day_span(JULY[0], JULY[2]))


class Answers:
    """A source with an answer, or an error, for each span."""

    def __init__(self, *answers: SourceBars | Exception) -> None:
        self._answers = dict(zip(DAYS, answers, strict=False))
        self.queries: list[BarsQuery] = []

    def earliest(self) -> int:
        return 0

    def bars(self, query: BarsQuery) -> SourceBars:
        self.queries.append(query)
        answer = self._answers[query.span]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def last_bar(self, symbol: str) -> Bars:
        return Bars.empty()


def fetcher_of(answers: Answers, store: SegmentStore | None = None) -> GapFetcher:
    upstream = Upstream("answers", answers, Small())
    writer = None if store is None else StoreWriter(store, MARKET)
    now = at("2024-07-15 12:00")
    return GapFetcher(upstream, writer, MARKET, lambda: now, AtOnce(), BarsCache(10**6))


def bar_of(day: Span, **options: object) -> SourceBars:
    return replace(SourceBars(flat_bars([day.start])), **options)  # type: ignore[arg-type]


async def test_the_answers_to_several_gaps_are_one() -> None:
    answers = Answers(
        bar_of(DAYS[0], notes=("late", "thin")),
        bar_of(DAYS[1], notes=("late",), through=DAYS[1].end),
        bar_of(DAYS[2], through=DAYS[1].start, provisional=(DAYS[2],)),
    )
    read = await fetcher_of(answers).fetch(QUERY, DAYS)
    assert read.bars.timestamp.tolist() == [day.start for day in DAYS]
    assert (read.notes, read.missing, read.provisional) == (("late", "thin"), (), True)
    assert read.through == DAYS[1].start
    assert {query.symbol for query in answers.queries} == {"X"}


async def test_what_came_is_stored_though_another_gap_failed() -> None:
    store = SegmentStore(memory(), "answers", MARKET)
    answers = Answers(bar_of(DAYS[0]), DataFetchError("down"), bar_of(DAYS[2]))
    with pytest.raises(DataFetchError, match=r"^down; missing: \[2024-07-02T04:00:00Z, "):
        await fetcher_of(answers, store).fetch(QUERY, DAYS)
    covered = [part.span for part in store.coverage("X", Series.MINUTE)]
    assert covered == [DAYS[0], DAYS[2]]


async def test_a_part_is_enough_where_the_query_says_so() -> None:
    answers = Answers(bar_of(DAYS[0]), AuthenticationError("not in your plan"), DataFetchError("x"))
    partial = replace(QUERY, allow_partial=True)
    read = await fetcher_of(answers).fetch(partial, DAYS)
    assert read.bars.timestamp.tolist() == [DAYS[0].start]
    assert read.missing == DAYS[1:]


async def test_a_part_says_why_the_rest_is_missing() -> None:
    """Each reason once, without the spans that another caller was told of."""
    plan = AuthenticationError("the plan holds 2 years; missing: [a, b)", status=403)
    answers = Answers(bar_of(DAYS[0]), plan, AuthenticationError("the plan holds 2 years"))
    read = await fetcher_of(answers).fetch(replace(QUERY, allow_partial=True), DAYS)
    assert read.missing == DAYS[1:]
    assert read.missing_reason == "the plan holds 2 years"


@pytest.mark.parametrize("allow_partial", [True, False])
@pytest.mark.parametrize("error", [ValidationError("symbol", "X", "another"), KeyError("a bug")])
async def test_other_errors_are_never_taken_for_a_gap(
    error: Exception, allow_partial: bool
) -> None:
    answers = Answers(bar_of(DAYS[0]), error, bar_of(DAYS[2]))
    with pytest.raises(type(error)) as caught:
        await fetcher_of(answers).fetch(replace(QUERY, allow_partial=allow_partial), DAYS)
    assert caught.value is error
    assert "missing" not in str(error)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DataFetchError("down"), "down; missing: [2024-07-01T04:00:00Z, 2024-07-02T04:00:00Z), "),
        (NotFoundError("no X"), "no X"),
        (DataFetchError("down; missing: it all"), "down; missing: it all"),
    ],
)
async def test_an_error_names_the_gaps_once(error: PolygonClientError, text: str) -> None:
    fetcher = fetcher_of(Answers(error, error, error))
    with pytest.raises(type(error)) as caught:
        await fetcher.fetch(QUERY, DAYS)
    assert str(caught.value).startswith(text)
    assert str(caught.value).count("missing") == text.count("missing")


async def test_each_fetch_is_reported() -> None:
    fetcher = fetcher_of(Answers(*map(bar_of, DAYS)))
    fetches: list[Series] = []
    fetcher.on_fetch = fetches.append
    await fetcher.fetch(QUERY, DAYS)
    assert fetches == [Series.MINUTE] * 3
