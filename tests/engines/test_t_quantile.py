"""Quantiles of Student's t are scipy's."""

import pytest
from scipy import stats

from polytape.engines.t_quantile import t_below, t_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 10, 25, 400])
@pytest.mark.parametrize("probability", [0.025, 0.5, 0.9, 0.975, 0.9999])
def test_quantiles_are_scipys(probability: float, degrees: int) -> None:
    found = t_quantile(probability, degrees)
    assert found == pytest.approx(stats.t.ppf(probability, degrees), rel=1e-9, abs=1e-12)
    assert t_below(found, degrees) == pytest.approx(probability)
