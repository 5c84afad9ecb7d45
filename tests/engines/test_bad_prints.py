"""Bad prints: flagged, left out on request, kept by default."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.atr_run import atr_flow
from polytape.engines.bad_print_run import BadPrintRun, bad_print_flow
from polytape.engines.bad_prints import bad_prints, screen, without_bad_prints
from polytape.engines.flow import run_with
from polytape.engines.hvn_run import hvn_flow
from polytape.engines.opening_range_run import opening_range_flow
from polytape.engines.options import (
    AtrOptions,
    BadPrintOptions,
    HvnOptions,
    OpeningRangeOptions,
    PocOptions,
    VwapOptions,
)
from polytape.engines.poc_run import poc_flow
from polytape.engines.vwap_run import vwap_flow
from polytape.errors import ValidationError
from polytape.model.bars import Bars
from polytape.model.market import Market
from polytape.upstream.flatfiles.source import FlatFiles
from polytape.upstream.synthetic.source import Synthetic
from tests.conftest import MARKET, flat_bars
from tests.engines.bars import START, walks
from tests.engines.test_scanner import answers, at

AS_OF = at("2026-11-18 11:30")


def spoilt(bars: Bars, place: int, times: float) -> Bars:
    """The bars with one high that nothing confirms."""
    bars = bars.copy()
    bars.high[place] *= times
    return bars


@given(walks(least=12), st.data())
def test_a_price_that_nothing_confirms_is_flagged(bars: Bars, data: st.DataObject) -> None:
    """Wherever it is; the bar as it was is not, unless it was bad before."""
    place = data.draw(st.integers(0, len(bars) - 1))
    flagged = bad_prints(spoilt(bars, place, 40.0))
    (bad,) = [one for one in flagged if one.datetime.timestamp() * 1e6 == bars.timestamp[place]]
    assert bad.high == bars.high[place] * 40.0
    assert bad.percent > 100
    assert bad.settled == (place + 5 < len(bars))


@given(walks())
def test_leaving_out_takes_the_flagged_ones_and_no_others(bars: Bars) -> None:
    """Every other bar is untouched."""
    starts = {int(one.datetime.timestamp() * 1e6) for one in bad_prints(bars)}
    left = without_bad_prints(bars)
    assert set(left.timestamp.tolist()) == set(bars.timestamp.tolist()) - starts
    assert left.same(bars.take(np.isin(bars.timestamp, left.timestamp)))
    assert screen(bars, exclude=False) == (bars, ())


def test_a_jump_is_acquitted_by_the_bars_after_it() -> None:
    """In its first minute it is a bad print by all that is known."""
    stamps = [START + 60_000_000 * n for n in range(40)]
    jump = Bars.concat([flat_bars(stamps[:20], 10.0), flat_bars(stamps[20:], 13.0)])
    (first,) = bad_prints(jump.take(slice(21)))
    assert (first.settled, round(first.before, 9), round(first.percent)) == (False, 10.0, 30)
    assert bad_prints(jump.take(slice(26))) == ()
    assert bad_prints(jump) == ()


def spoil(answer: Any, moment: int) -> Any:
    """A source whose minute of an instant has a wrong high."""

    def answered(query: Any) -> Bars:
        bars = answer(query)
        places = np.flatnonzero(bars.timestamp == moment)
        return spoilt(bars, int(places[0]), 3.0) if len(places) else bars

    return answered


@pytest.mark.parametrize(
    ("flow", "options"),
    [
        (vwap_flow, VwapOptions),
        (opening_range_flow, OpeningRangeOptions),
        (poc_flow, PocOptions),
        (hvn_flow, HvnOptions),
        (atr_flow, AtrOptions),
    ],
)
def test_the_engines_keep_them_and_leave_them_out_on_request(
    flow: Any, options: Any, synthetic: Synthetic, market: Market
) -> None:
    """With a note that names the minute; without bad prints the request changes nothing."""
    honest = answers(synthetic, market)
    wrong = spoil(honest, at("2026-11-18 09:33"))

    def result(answer: Any, **how: Any) -> Any:
        return run_with(flow("AAPL", AS_OF, market, options(**how)), answer).to_dict()

    clean, kept = result(honest), result(wrong)
    left_out = result(wrong, exclude_bad_prints=True)
    assert result(honest, exclude_bad_prints=True) == clean
    assert kept["notes"] == clean["notes"]
    assert left_out["notes"][0] == "left out as bad prints: 1 bar (2026-11-18T14:33:00Z)"
    if flow in (hvn_flow, atr_flow, opening_range_flow):
        assert kept != clean
        assert {**left_out, "notes": kept["notes"]} != kept


def test_the_run_knows_nothing_of_the_future(synthetic: Synthetic, market: Market) -> None:
    """A bar is judged by what was complete."""
    moment = at("2026-11-18 11:28")
    wrong = spoil(answers(synthetic, market, lie=86_400_000_000), moment)
    flow = bad_print_flow("AAPL", moment + 60_000_000, market, BadPrintOptions())
    run: BadPrintRun = run_with(flow, wrong)
    (bad,) = run.prints
    assert not bad.settled
    assert repr(run).startswith("AAPL at Wed 2026-11-18 11:29 New York: 1 bad print in ")
    assert len(run.to_frame()) == 1
    empty = run_with(
        bad_print_flow("AAPL", moment, market, BadPrintOptions()), lambda _: Bars.empty()
    )
    assert empty.notes == ("no bar in 5 days before Wed 2026-11-18 11:28 New York",)
    assert "0 bad prints" in repr(empty)


def test_bad_bars_are_refused() -> None:
    """A print that is no price is an error, not a bad print."""
    for function in (bad_prints, without_bad_prints, lambda bars: screen(bars, exclude=True)):
        with pytest.raises(ValidationError, match=r"bars\[0\]"):
            function(flat_bars([60], price=-1.0))


@pytest.mark.realdata
def test_the_stale_print_of_a_split(real: FlatFiles, market: Market) -> None:
    """AAPL, 2014-06-09 04:00: a price of the old shares in the first minute of the new ones."""
    moment = at("2014-06-09 16:00")
    options = BadPrintOptions(days_back=1)
    run = run_with(bad_print_flow("AAPL", moment, market, options), answers(real, market))
    (bad,) = run.prints
    assert bad.datetime.isoformat() == "2014-06-09T08:00:00+00:00"
    assert (bad.high, bad.close, bad.settled) == (645.57, 92.42, True)
    own = OpeningRangeOptions(exclude_bad_prints=True)
    day = run_with(opening_range_flow("AAPL", moment, market, own), answers(real, market))
    assert day.notes == ()  # the print is before the bell
    vwap = run_with(vwap_flow("AAPL", moment, market, VwapOptions()), answers(real, market))
    clean = run_with(
        vwap_flow("AAPL", moment, market, VwapOptions(exclude_bad_prints=True)),
        answers(real, market),
    )
    assert vwap.vwap is not None
    assert clean.vwap is not None
    assert clean.vwap < vwap.vwap
    assert clean.notes == ("left out as bad prints: 1 bar (2014-06-09T08:00:00Z)",)
    assert MARKET.date_of(moment) == market.date_of(moment)
