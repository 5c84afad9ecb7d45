"""What every engine's result can do: be a dictionary, be a frame."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import numpy as np

from polytape.model.basis import MADE_UP, Basis

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


@dataclass(frozen=True, repr=False)
class EngineRunResult(Result):
    """What an engine gives for a symbol at one instant. `basis` is what its bars stand on; None
    where whoever sent them did not say.
    """

    basis: Basis | None = field(default=None, kw_only=True)

    def standing_on(self, basis: Basis) -> Self:
        """The same with the basis of its bars."""
        return replace(self, basis=basis)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, the basis last."""
        made = super().to_dict()
        basis = made.pop("basis")
        return made | {"basis": basis}

    def to_frame(self) -> "pd.DataFrame":
        """One row for each of `rows`; `attrs` has the basis."""
        return on_basis(super().to_frame(), self.basis)

    def basis_line(self) -> str:
        """What a reader must be told of the bars; empty where that is nothing."""
        return "" if self.basis is None else self.basis.one_line()

    def _shown(self, text: str) -> str:
        """A text with what a reader must be told below it."""
        return f"{text}\n  {self.basis_line()}" if self.basis_line() else text


def on_basis(frame: "pd.DataFrame", basis: Basis | None) -> "pd.DataFrame":
    """The same frame, with the basis in `attrs`; invented prices are named where it is displayed,
    in the corner above the index.
    """
    if basis is not None:
        frame.attrs["basis"] = basis.to_dict()
        if basis.made_up:
            frame.columns.name = MADE_UP
    return frame


def plain(value: object) -> Any:
    """A value without numpy and dataclasses: what JSON can say."""
    if isinstance(value, Basis):
        return value.to_dict()
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
