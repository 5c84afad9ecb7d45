"""An engine asks, is sent bars in the order of its queries, and says what was missing."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.flow import EngineFlow, EngineRun, run_with
from polytape.engines.result import Result
from polytape.errors import DataFetchError, NotFoundError, PolygonClientError, ValidationError
from polytape.model.bars import Bars
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Timeframe
from tests.conftest import day_span, flat_bars

SPAN = day_span(date(2024, 7, 2))
MISSING = ("2024-07-02T00:00:00Z", "2024-07-03T00:00:00Z")
batches = st.lists(st.lists(st.sampled_from(list(Timeframe)), max_size=4), max_size=4)


@dataclass(frozen=True)
class Counts(Result):
    """How many bars came for each query."""

    counts: tuple[int, ...]
    notes: tuple[str, ...] = ()


def query(timeframe: Timeframe) -> BarsQuery:
    return BarsQuery("X", timeframe, SPAN)


def counting(rounds: list[list[Timeframe]]) -> EngineFlow[Counts]:
    """Asks for these timeframes, round by round."""
    counts: list[int] = []
    for timeframes in rounds:
        bars = yield tuple(map(query, timeframes))
        counts += map(len, bars)
    return Counts(tuple(counts))


def forgiving() -> EngineFlow[Counts]:
    """Takes it that the symbol is not there."""
    try:
        bars = yield (query(Timeframe.MIN_1),)
    except NotFoundError as error:
        return Counts((), notes=(error.detail,))
    return Counts(tuple(map(len, bars)))


def so_many(asked_for: BarsQuery) -> Bars:
    """As many bars as the timeframe's place in the list of all."""
    return flat_bars(list(range(list(Timeframe).index(asked_for.timeframe))))


@given(batches)
def test_bars_come_in_the_order_of_the_queries(rounds: list[list[Timeframe]]) -> None:
    found = run_with(counting(rounds), so_many)
    places = [list(Timeframe).index(timeframe) for batch in rounds for timeframe in batch]
    assert found == Counts(tuple(places))


def test_a_run_wants_bars_until_it_has_its_result() -> None:
    run = EngineRun(counting([[Timeframe.DAY], [Timeframe.MIN_5, Timeframe.DAY]]))
    wanted = [run.queries, run.start().queries]
    run.send([flat_bars([1])])
    wanted.append(run.queries)
    run.send(iter([flat_bars([1, 2]), Bars.empty()]))
    wanted.append(run.queries)
    assert wanted == [
        None,
        (query(Timeframe.DAY),),
        (query(Timeframe.MIN_5), query(Timeframe.DAY)),
        None,
    ]
    assert run.result == Counts((1, 2, 0))


def test_an_engine_that_needs_no_bars_has_its_result_at_once() -> None:
    run = EngineRun(counting([])).start()
    assert (run.queries, run.result) == (None, Counts(()))


def test_what_was_missing_is_noted_from_its_first_to_its_last() -> None:
    run = EngineRun(counting([[Timeframe.DAY], [Timeframe.MIN_5]])).start()
    run.send([Bars.empty()], [("2024-02-01T05:00:00Z", "2024-02-02T05:00:00Z")])
    run.send([Bars.empty()], [("2024-01-04T05:00:00Z", "2024-01-05T05:00:00Z"),
                              ("2024-01-09T05:00:00Z", "2024-01-10T05:00:00Z")])  # fmt: skip
    note = "history is not held in full from 2024-01-04T05:00:00Z to 2024-02-02T05:00:00Z"
    for _ in range(2):  # said once, however often it is read
        assert run.result.notes == (note,)


def test_a_note_comes_after_the_engines_own() -> None:
    run = EngineRun(forgiving()).start()
    run.send([Bars.empty()], [MISSING])
    assert len(run.result.notes) == 1
    other = EngineRun(forgiving()).start()
    other.fail(NotFoundError("no symbol X"))
    assert other.result == Counts((), notes=("no symbol X",))


def test_what_went_wrong_is_thrown_in_and_the_engine_may_take_it() -> None:
    def answer(_: BarsQuery) -> Bars:
        raise NotFoundError("no symbol X")

    assert run_with(forgiving(), answer) == Counts((), notes=("no symbol X",))


@pytest.mark.parametrize(
    "error", [DataFetchError("the vendor is away"), ValidationError("a", 1, "b")]
)
def test_what_the_engine_does_not_take_is_raised(error: PolygonClientError) -> None:
    def answer(_: BarsQuery) -> Bars:
        raise error

    for flow in (forgiving(), counting([[Timeframe.DAY]])):
        with pytest.raises(type(error)) as caught:
            run_with(flow, answer)
        assert caught.value is error
    run = EngineRun(counting([[Timeframe.DAY]])).start()
    with pytest.raises(type(error)):
        run.fail(error)


def test_an_error_of_the_program_is_never_the_engines_business() -> None:
    def takes_all() -> EngineFlow[Counts]:
        try:
            yield (query(Timeframe.MIN_1),)
        except Exception:  # noqa: BLE001 - what no engine should do
            return Counts(())
        return Counts((1,))

    def answer(_: BarsQuery) -> Bars:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        run_with(takes_all(), answer)


def test_an_engine_may_go_on_asking_after_an_error() -> None:
    def again() -> EngineFlow[Counts]:
        for timeframe in (Timeframe.MIN_1, Timeframe.DAY):
            try:
                (bars,) = yield (query(timeframe),)
            except DataFetchError:
                continue
            return Counts((len(bars),))
        return Counts(())

    run = EngineRun(again()).start()
    run.fail(DataFetchError("no minutes"))
    assert run.queries == (query(Timeframe.DAY),)
    run.send([flat_bars([1, 2, 3])])
    assert run.result == Counts((3,))
