"""Quantiles of Student's t, so that nobody has to load scipy for a handful of numbers.

By bisection of the closed form for whole degrees of freedom (Abramowitz and Stegun 26.7.3, 26.7.4).
"""

import math

STEPS = 200


def t_quantile(probability: float, degrees: int) -> float:
    """The value below which a t of so many degrees of freedom (1 or more) lies with a probability
    in (0, 1).
    """
    low, high = -1.0, 1.0
    while t_below(low, degrees) > probability:
        low *= 2
    while t_below(high, degrees) < probability:
        high *= 2
    for _ in range(STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if t_below(middle, degrees) < probability else (low, middle)
    return high


def t_below(value: float, degrees: int) -> float:
    """How likely a t of so many degrees of freedom lies at or below a value."""
    angle = math.atan2(value, math.sqrt(degrees))
    squared = math.cos(angle) ** 2
    odd = degrees % 2
    term = total = (math.cos(angle) if degrees > 1 else 0.0) if odd else 1.0
    for at in range(3 if odd else 2, degrees - 1, 2):
        term *= squared * (at - 1) / at
        total += term
    half = math.sin(angle) * total
    return 0.5 + ((angle + half) / math.pi if odd else half / 2)
