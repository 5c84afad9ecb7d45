"""Prices of the day itself, before later splits, beside those in today's shares."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.engines.as_traded import (
    SUFFIX,
    as_traded_text,
    beside_as_traded,
    only_as_traded,
    only_in_todays_shares,
)
from polytape.engines.flow import EngineRun
from polytape.engines.registry import ENGINES, SESSION, EngineSpec
from polytape.model.basis import Basis, SplitStep
from polytape.model.market import Market
from polytape.model.splits import Split, adjust
from polytape.model.timestamps import to_datetime
from tests.conftest import MARKET, flat_bars
from tests.engines.conftest import AS_OF, StoredBars

NOW = date(2026, 11, 23)
SPLITS = (
    SplitStep(datetime(2026, 11, 19, 5, tzinfo=UTC), date(2026, 11, 19), 1.0, 7.0),
    SplitStep(datetime(2026, 11, 10, 5, tzinfo=UTC), date(2026, 11, 10), 1.0, 4.0),
)

prices = st.floats(0.01, 10_000.0)
records = st.fixed_dictionaries(
    {"price": prices, "low": prices, "width": prices, "name": st.text(max_size=3)},
    optional={
        "parts": st.lists(st.fixed_dictionaries({"level": prices, "weight": prices}), max_size=3),
        "levels": st.dictionaries(st.sampled_from(["R3", "S3"]), prices, min_size=1),
        "candle": st.none(),
        "poc": st.none(),
    },
)


@given(records, st.sampled_from([7.0, 0.1, 1.0]))
def test_each_price_has_its_twin_and_nothing_else_has(
    record: dict[str, Any], factor: float
) -> None:
    """At any depth; a width is no price. Both can be had alone."""
    both = beside_as_traded(record, factor)
    assert only_in_todays_shares(both) == record
    assert both["price" + SUFFIX] == record["price"] * factor
    traded = only_as_traded(both)
    assert traded.keys() == record.keys()
    assert (traded["low"], traded["width"]) == (record["low"] * factor, record["width"])
    for name, price in record.get("levels", {}).items():
        assert both["levels" + SUFFIX][name] == traded["levels"][name] == price * factor
    for mine, part in zip(traded.get("parts", ()), record.get("parts", ()), strict=True):
        assert mine == {"level": part["level"] * factor, "weight": part["weight"]}
    unknown = beside_as_traded(record, None)
    assert unknown["price" + SUFFIX] is None
    assert only_in_todays_shares(unknown) == record


days = st.dates(date(2026, 1, 2), date(2026, 11, 20))


@given(days, st.dictionaries(days, st.sampled_from([2.0, 3.5, 0.1]), max_size=3))
def test_the_factor_is_what_bars_are_adjusted_by(day: date, ratios: dict[date, float]) -> None:
    """A bar of the day, adjusted, times the factor is the bar as traded, to the rounding."""
    noon = MARKET.day_start(day) + 43_200_000_000
    splits = [Split(on, "X", 1.0, ratio) for on, ratio in ratios.items()]
    adjusted = adjust(flat_bars([noon], 100.0), splits, NOW, MARKET)
    steps = tuple(
        SplitStep(
            to_datetime(MARKET.day_start(one.execution_date)), one.execution_date, 1.0, one.ratio
        )
        for one in splits
    )
    why = "adjusted for splits" if steps else ""
    basis = Basis(source="x", adjusted=True, adjustment=why, splits=steps)
    factor = basis.split_factor(to_datetime(noon))
    assert factor is not None
    assert float(adjusted.close[0]) * factor == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("basis", "factor"),
    [
        (Basis(source="x", adjusted=True), 1.0),
        (Basis(source="x", adjusted=False, adjustment="no table of splits"), 1.0),
        (Basis(source="x", adjusted=True, adjustment="adjusted", splits=SPLITS), 7.0),
        # An older server says that there are some, not which; one part is as traded; nothing said.
        (
            Basis(source="x", adjusted=True, adjustment="adjusted for splits: 7:1 on 2026-11-19"),
            None,
        ),
        (Basis(source="x", adjusted=False, splits=SPLITS), None),
        (Basis.untold(), None),
    ],
)
def test_what_is_not_known_is_not_made_up(basis: Basis, factor: float | None) -> None:
    assert basis.split_factor(to_datetime(AS_OF)) == factor


def test_the_factor_changes_where_the_day_of_the_split_begins() -> None:
    basis = Basis(source="x", adjusted=True, adjustment="adjusted", splits=SPLITS)
    at_split = SPLITS[0].at
    assert basis.split_factor(at_split - timedelta(microseconds=1)) == 7.0
    assert basis.split_factor(at_split) == 1.0
    assert basis.split_factor(SPLITS[1].at - timedelta(days=1)) == 28.0


def result_of(
    spec: EngineSpec, stored: StoredBars, market: Market, basis: Basis | None, **how: Any
) -> Any:
    run: EngineRun[Any] = EngineRun(spec.run("AAPL", AS_OF, market, spec.options(**how))).start()
    while run.queries is not None:
        run.send(map(stored.answer, run.queries), [basis] * len(run.queries))
    return run.result


@pytest.mark.parametrize(
    "spec", [spec for spec in ENGINES if spec is not SESSION], ids=lambda spec: spec.name
)
def test_every_engine_shows_its_prices_as_traded(
    spec: EngineSpec, stored: StoredBars, market: Market
) -> None:
    """In a dictionary, in a frame, and in words; without the option nothing is added."""
    basis = Basis(source="x", adjusted=True, adjustment="adjusted", splits=SPLITS)
    result = result_of(spec, stored, market, basis, as_traded=True)
    said = result.to_dict()
    assert said["split_factor"] == 7.0
    assert as_traded_text(7.0) in repr(result)
    frame = result.to_frame()
    for name in [name for name in frame if f"{name}".endswith(SUFFIX)]:
        assert frame[name].tolist() == [7.0 * price for price in frame[name.removesuffix(SUFFIX)]]
    rows_with_prices = {"price", "level", "low", "high"} & set(frame)
    assert all(
        f"{name}{SUFFIX}" in frame for name in rows_with_prices if frame[name].dtype.kind == "f"
    )
    plain = result_of(spec, stored, market, basis)
    assert "split_factor" not in plain.to_dict()
    assert only_in_todays_shares(said) == plain.to_dict() | {"split_factor": 7.0}
    assert not [name for name in plain.to_frame() if f"{name}".endswith(SUFFIX)]
    assert result_of(spec, stored, market, None, as_traded=True).to_dict()["split_factor"] is None
