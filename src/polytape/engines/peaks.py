"""Peaks of a signal: local maxima with a prominence and a distance, and how wide they are.

The same peaks and widths as scipy.signal.find_peaks and peak_widths, which the tests hold this to;
importing those costs every process that scans once one to three seconds.
"""

import math

import numpy as np

from polytape.model.arrays import Floats, Ints

# So many neighbours are looked at one by one, which is quicker where they decide.
NEAR = 64


def find_peaks(
    signal: Floats, *, prominence: float, distance: float, least: float = -math.inf
) -> Ints:
    """The places of local maxima, in order: of those nearer to each other than `distance` places
    only the highest counts, and it must rise by `prominence` above its surroundings. A plateau
    counts once, at its middle. Of those that are left, the ones below `least` do not count.
    """
    peaks = _local_maxima(signal)
    peaks = _spaced(peaks, signal[peaks], math.ceil(distance))
    peaks = peaks[signal[peaks] >= least]
    return peaks[prominences(signal, peaks) >= prominence]


def prominences(signal: Floats, peaks: Ints) -> Floats:
    """How far each peak stands above the higher of the two lowest points that lie between it and
    the next higher point on either side, or the signal's end.
    """
    heights = np.empty(len(peaks))
    for number, peak in enumerate(peaks.tolist()):
        top = float(signal[peak])
        left, right = signal[: peak + 1][::-1], signal[peak:]
        heights[number] = top - max(_valley(left, top), _valley(right, top))
    return heights


def _valley(side: Floats, top: float) -> float:
    """The lowest point before the first one that is higher than `top`."""
    near = side[:NEAR].tolist()
    for place, value in enumerate(near):
        if value > top:
            return float(min(near[:place]))
    if len(side) <= NEAR:
        return float(min(near))
    return float(side[: _first(side > top)].min())


def peak_widths(signal: Floats, peaks: Ints, *, relative_height: float = 0.5) -> Floats:
    """The width of each peak in places, measured `relative_height` of its prominence below its
    top, between the two crossings interpolated linearly.
    """
    heights = signal[peaks] - prominences(signal, peaks) * relative_height
    widths = np.empty(len(peaks))
    for number, (peak, height) in enumerate(zip(peaks.tolist(), heights.tolist(), strict=True)):
        left = peak - _first_down(signal[: peak + 1][::-1], height)
        right = peak + _first_down(signal[peak:], height)
        widths[number] = (right - _beyond(signal, right, right - 1, height)) - (
            left + _beyond(signal, left, left + 1, height)
        )
    return widths


def _local_maxima(signal: Floats) -> Ints:
    """The middle of each run of equal values with lower values on both sides."""
    if not len(signal):
        return np.array([], np.int64)
    first = np.flatnonzero(np.append(True, signal[1:] != signal[:-1]))
    last = np.append(first[1:], len(signal)) - 1
    value = signal[first]
    higher = np.zeros(len(value), np.bool_)
    higher[1:-1] = (value[1:-1] > value[:-2]) & (value[1:-1] > value[2:])
    middle: Ints = (first[higher] + last[higher]) // 2
    return middle


def _spaced(peaks: Ints, heights: Floats, distance: int) -> Ints:
    """Without the peaks that lie nearer than `distance` to a higher one that stays."""
    stays = np.ones(len(peaks), np.bool_)
    for at in np.argsort(heights)[::-1].tolist():
        if stays[at]:
            stays[np.abs(peaks - peaks[at]) < distance] = False
            stays[at] = True
    return peaks[stays]


def _beyond(signal: Floats, low: int, high: int, height: float) -> float:
    """How far from `low` towards its neighbour `high` the signal reaches `height`."""
    if signal[low] >= height:
        return 0.0
    return float((height - signal[low]) / (signal[high] - signal[low]))


def _first_down(side: Floats, height: float) -> int:
    """The first place that is not above a height; the length where none is."""
    for place, value in enumerate(side[:NEAR].tolist()):
        if value <= height:
            return place
    return _first(side <= height)


def _first(mask: object) -> int:
    """The first place that is set; the length where none is."""
    places = np.flatnonzero(np.asarray(mask))
    return int(places[0]) if len(places) else len(np.asarray(mask))
