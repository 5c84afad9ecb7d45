"""Instants are int64 microseconds since 1970-01-01 UTC; days are int64 days since then."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
