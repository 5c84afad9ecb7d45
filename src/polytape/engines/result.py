"""What every engine's result can do: be a dictionary, be a frame."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# Results have their instants in UTC; where they are shown to people, it is in the exchange's time.
SHOWN_IN = ZoneInfo("America/New_York")


class Result:
    """A frozen dataclass of plain values, tuples and further results."""

    def noting(self, text: str) -> Self:
        """The same with a further note."""
        notes: tuple[str, ...] = getattr(self, "notes", ())
        return replace(self, notes=(*notes, text))  # type: ignore[type-var]

    def to_dict(self) -> dict[str, Any]:
        """The fields by name; arrays as lists, NaN as None, instants as aware UTC datetimes."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]

    def rows(self) -> Iterable[object]:
        """What `to_frame` has a row for; the result itself unless it says otherwise."""
        return (self,)

    def to_frame(self) -> "pd.DataFrame":
        """One row for each of `rows`."""
        import pandas as pd

        return pd.DataFrame([plain(row) for row in self.rows()])


def plain(value: object) -> Any:
    """A value without numpy and dataclasses: what JSON can say."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return None if _is_nan(value) else value


def iso_minutes(moment: datetime) -> str:
    """A UTC instant to the minute: `2026-11-18T16:30Z`."""
    return moment.isoformat(timespec="minutes").replace("+00:00", "Z")


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and value != value  # noqa: PLR0124 - only NaN differs from itself
