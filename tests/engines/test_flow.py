"""An engine asks, is sent bars in the order of its queries, and says what was missing."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.flow import EngineFlow, EngineRun, run_with
from polytape.engines.result import EngineRunResult
from polytape.errors import DataFetchError, NotFoundError, PolygonClientError, ValidationError
from polytape.model.bars import Bars
from polytape.model.basis import Basis, SeriesBasis, union
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Timeframe
from tests.conftest import day_span, flat_bars

SPAN = day_span(date(2024, 7, 2))
AT = datetime(2024, 7, 2, tzinfo=UTC)
batches = st.lists(st.lists(st.sampled_from(list(Timeframe)), max_size=4), max_size=4)


@dataclass(frozen=True)
class Counts(EngineRunResult):
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


def test_a_result_stands_on_all_the_bars_that_were_sent() -> None:
    run = EngineRun(counting([[Timeframe.DAY], [Timeframe.MIN_5, Timeframe.DAY]])).start()
    run.send([Bars.empty()], [Basis(source="here", notes=("one",))])
    run.send([Bars.empty()] * 2, [Basis(source="here", made_up=True), None])
    basis = union([Basis(source="here", made_up=True, notes=("one",)), Basis.untold()])
    for _ in range(2):  # united once, however often it is read
        assert run.result.basis == basis
    assert run.result.counts == (0, 0, 0)
    assert run.result.notes == ()


def test_what_a_query_needs_at_least_is_said_in_the_basis() -> None:
    first = date(2024, 7, 1)

    def flow() -> EngineFlow[Counts]:
        yield (replace(query(Timeframe.DAY), needed_from=first), query(Timeframe.DAY))
        return Counts(())

    days = SeriesBasis(series="1day", start=AT, end=AT, expected=0, with_bars=0)
    run = EngineRun(flow()).start()
    run.send([Bars.empty()] * 2, [Basis(source="here", inputs=(days,))] * 2)
    assert run.result.basis is not None
    assert {one.needed_from for one in run.result.basis.inputs} == {first, None}


def test_an_error_in_place_of_bars_is_the_engines_own_note() -> None:
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
