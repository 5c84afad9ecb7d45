"""Whether two results say the same: a pickled one and its original do."""

from dataclasses import fields, is_dataclass

import numpy as np

from polytape.model.bars import Bars


def same(one: object, other: object) -> bool:
    """Whether two values are equal: arrays element by element, and what is unknown (NaN) equals
    what is unknown. Fields that do not compare are left out.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one == other or (one != one and other != other)  # noqa: PLR0124 - NaN is not itself
    if isinstance(one, np.ndarray):
        return np.array_equal(one, np.asarray(other), equal_nan=one.dtype.kind == "f")
    if isinstance(one, Bars) and isinstance(other, Bars):
        return one.same(other)
    return _same_inside(one, other)


def _same_inside(one: object, other: object) -> bool:
    if is_dataclass(one):
        names = [field.name for field in fields(one) if field.compare]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
