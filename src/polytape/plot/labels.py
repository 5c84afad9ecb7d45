"""Where labels go, so that none lies over another. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A text beside a price."""

    price: float
    text: str
    color: str


def fitting(labels: Sequence[Label], most: int, price: float | None) -> list[Label]:
    """As many as there is room for, the nearest to a price before others; from the lowest up."""
    nearest = list(labels)
    if price is not None:
        nearest.sort(key=lambda label: abs(label.price - price))
    return sorted(nearest[: max(most, 0)], key=lambda label: label.price)


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places from the lowest up, moved as little as need be: `gap` apart, inside [low, high].

    They have to fit: `gap` times their number is at most `high - low`.
    """
    groups: list[tuple[float, int]] = []  # the mean of the wished beginnings, and how many
    for place in places:
        groups.append((place, 1))
        while len(groups) > 1 and _end(groups[-2], gap) > _begin(groups[-1], gap):
            (above, more), (below, count) = groups.pop(), groups.pop()
            groups.append(((below * count + above * more) / (count + more), count + more))
    spaced: list[float] = []
    for group in groups:
        begin = _begin(group, gap)
        spaced += [begin + gap * (n + 0.5) for n in range(group[1])]
    return _inside(spaced, gap, low, high)


def _begin(group: tuple[float, int], gap: float) -> float:
    return group[0] - gap * group[1] / 2


def _end(group: tuple[float, int], gap: float) -> float:
    return group[0] + gap * group[1] / 2


def _inside(places: list[float], gap: float, low: float, high: float) -> list[float]:
    """The same, pushed up from the lower end, then down from the upper one."""
    floor = low + gap / 2
    for at, place in enumerate(places):
        places[at] = floor = max(place, floor)
        floor += gap
    ceiling = high - gap / 2
    for at in range(len(places) - 1, -1, -1):
        places[at] = ceiling = min(places[at], ceiling)
        ceiling -= gap
    return places
