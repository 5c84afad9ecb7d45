"""Peaks are scipy's, to the last place and bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal as oracle

from polytape.engines.peaks import find_peaks, peak_widths, prominences

# Small whole numbers make plateaus and equal heights; halves make none.
signals = st.lists(
    st.one_of(st.integers(0, 6), st.floats(0, 6, width=16)), min_size=0, max_size=80
).map(lambda values: np.array(values, np.float64))


@given(signals, st.floats(0, 4), st.integers(1, 12))
def test_peaks_prominences_and_widths_are_scipys(
    values: np.ndarray, prominence: float, distance: int
) -> None:
    for one in (values, -values):
        theirs, facts = oracle.find_peaks(one, prominence=prominence, distance=distance)
        ours = find_peaks(one, prominence=prominence, distance=distance)
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(prominences(one, ours), facts["prominences"])
        widths = oracle.peak_widths(one, theirs, rel_height=0.5)[0]
        np.testing.assert_allclose(peak_widths(one, ours), widths, rtol=1e-12, atol=1e-12)


def test_a_plateau_at_an_edge_is_no_peak() -> None:
    assert find_peaks(np.array([3.0, 3.0, 1.0, 3.0]), prominence=0, distance=1).tolist() == []
