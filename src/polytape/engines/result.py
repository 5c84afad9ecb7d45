"""What every engine's result can do: be a dictionary, be a frame."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from polytape.engines.as_traded import as_traded_text, beside_as_traded
from polytape.engines.holes import named_once
from polytape.engines.market_state import closed_text
from polytape.engines.same import same
from polytape.model.basis import MADE_UP, Basis
from polytape.model.timestamps import to_datetime

if TYPE_CHECKING:
    import os

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from polytape.engines.drawn import Drawn

PlotStyle: TypeAlias = Literal["light", "dark"]

# Results have their instants in UTC; where they are shown to people, it is in the exchange's time.
SHOWN_IN = ZoneInfo("America/New_York")


class Result:
    """A frozen dataclass of plain values, tuples and further results. Those with arrays compare by
    what is in them: a pickled one equals its original. `COLUMNS` are those of a frame without a
    row.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        return same(self, other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), getattr(self, "symbol", None), getattr(self, "as_of", None)))

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

        rows = [plain(row) for row in self.rows()]
        return pd.DataFrame(rows, columns=None if rows else self.COLUMNS)


class Shown(Result):
    """A result that notebooks show and that can be drawn."""

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        path: "str | os.PathLike[str] | None" = None,
        style: "PlotStyle" = "light",
    ) -> "Figure | Axes":
        """Draw it: on these axes, which are returned, or as a figure, which a notebook shows by
        itself; with `path` that is written to a file, in the form that its ending names. `style` is
        light or dark. Needs the extra `plot`.

        Raises: ConfigurationError where matplotlib is missing; ValidationError for another style,
        for what is no axes, and for a path that cannot be written.
        """
        # By name: pictures stand on results, and only who draws loads them.
        draw = import_module("polytape.plot.picture").draw
        picture: Figure | Axes = draw(self, ax, path, style)
        return picture

    def _repr_html_(self) -> str:
        """What a notebook shows: a table, and what a reader must be told of it. No script."""
        html: str = import_module("polytape.plot.html").html(self)
        return html

    def facts(self) -> list[str]:
        """Of when it is, and what kind of prices it stands on, in a few words each."""
        return []

    def remarks(self) -> list[str]:
        """What a reader must know beside."""
        return []


@dataclass(frozen=True, eq=False, repr=False)
class EngineRunResult(Shown):
    """What an engine gives for a symbol at one instant. `basis` is what its bars stand on; None
    where whoever sent them did not say. `preset` names the set of options that was wanted. With
    `as_traded` the prices of that day, before later splits, stand beside those in today's shares.
    `drawn` is what `plot` shows beside the result. `session_day` is the session that the instant
    belongs to, on a day without one the last before it; `closed` says why nothing traded then, None
    where the market was open, or nobody said.
    """

    basis: Basis | None = field(default=None, kw_only=True)
    preset: str | None = field(default=None, kw_only=True)
    as_traded: bool = field(default=False, kw_only=True)
    drawn: "Drawn | None" = field(default=None, kw_only=True, repr=False, compare=False)
    session_day: date | None = field(default=None, kw_only=True)
    closed: str | None = field(default=None, kw_only=True)

    def standing_on(self, basis: Basis) -> Self:
        """The same with the basis of its bars. What that names, notes do not name again."""
        notes: tuple[str, ...] = getattr(self, "notes", ())
        once = {"notes": tuple(named_once(note, basis) for note in notes)} if notes else {}
        return replace(self, basis=basis, **once)  # type: ignore[arg-type]

    @property
    def split_factor(self) -> float | None:
        """What multiplies a price in today's shares to the price as traded at the instant; None
        where that is not known.
        """
        moment: datetime = getattr(self, "as_of")  # noqa: B009 - a field of every run
        return None if self.basis is None else self.basis.split_factor(moment)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, the basis last; with `as_traded` also `low_as_traded` beside `low`
        and the like, and the `split_factor` between them.
        """
        made = Result.to_dict(replace(self, drawn=None))
        del made["drawn"]
        last = {name: made.pop(name) for name in ("session_day", "closed", "preset", "basis")}
        if made.pop("as_traded"):
            factor = self.split_factor
            made = beside_as_traded(made, factor) | {"split_factor": factor}
        return made | last

    def frame_rows(self) -> list[dict[str, Any]]:
        """The rows as plain values."""
        rows = [plain(row) for row in self.rows()]
        return (
            [beside_as_traded(row, self.split_factor) for row in rows] if self.as_traded else rows
        )

    def to_frame(self) -> "pd.DataFrame":
        """One row for each of `rows`; `attrs` has the basis, and the preset where there is one."""
        import pandas as pd

        rows = self.frame_rows()
        frame = pd.DataFrame(rows, columns=None if rows else self._columns())
        if self.preset is not None:
            frame.attrs["preset"] = self.preset
        return on_basis(frame, self.basis)

    def _columns(self) -> tuple[str, ...]:
        """The columns of a frame without a row."""
        if not self.as_traded:
            return self.COLUMNS
        return tuple(beside_as_traded(dict.fromkeys(self.COLUMNS, 0.0), None))

    def basis_line(self) -> str:
        """What a reader must be told of the bars; empty where that is nothing."""
        return "" if self.basis is None else self.basis.one_line()

    def facts(self) -> list[str]:
        """As of when, and what kind of prices these are, in a few words each."""
        moment: datetime = getattr(self, "as_of")  # noqa: B009 - a field of every run
        known, *kind = facts_of(moment, self.basis)
        closed = closed_text(self.closed, self.session_day, moment.astimezone(SHOWN_IN))
        preset = [] if self.preset is None else [f"preset {self.preset}"]
        return [known, *filter(None, [closed]), *kind, *preset]

    def remarks(self) -> list[str]:
        """What a reader must know beside: notes, trouble of a part, what the bars lack."""
        errors: dict[str, str] = getattr(self, "errors", {})
        notes: tuple[str, ...] = getattr(self, "notes", ())
        traded = [as_traded_text(self.split_factor)] if self.as_traded else []
        parts = [f"{name}: {why}" for name, why in errors.items()]
        return [one for one in (*parts, *notes, *traded, basis_remark(self.basis)) if one]

    def how_lines(self) -> list[str]:
        """The preset, and how prices as traded differ, where these were wanted."""
        lines = [] if self.preset is None else [f"preset {self.preset}"]
        if self.as_traded:
            lines.append(as_traded_text(self.split_factor))
        return lines

    @property
    def _when(self) -> str:
        """The instant, and where the market was closed then, why, and whose levels these are."""
        moment: datetime = getattr(self, "as_of")  # noqa: B009 - a field of every run
        closed = closed_text(self.closed, self.session_day, moment.astimezone(SHOWN_IN))
        return new_york(moment) + (f" ({closed})" if closed else "")

    def _shown(self, text: str) -> str:
        """A text with what a reader must be told below it."""
        return "\n  ".join(filter(None, (text, *self.how_lines(), basis_words(self.basis))))


def facts_of(moment: datetime, basis: Basis | None) -> list[str]:
    """As of when a result is, and what kind of prices it stands on, in a few words each."""
    facts = [f"as known on {new_york(moment)}"]
    if basis is not None:
        facts += [MADE_UP] if basis.made_up else []
        facts.append(_adjusted(basis))
        facts += [f"source {basis.source}"] if basis.source else []
    return facts


def basis_words(basis: Basis | None) -> str:
    """What kind of prices these are, and what a reader must be told of them, in one line."""
    if basis is None:
        return ""
    kind = "" if basis.adjusted is None else _adjusted(basis)
    return "; ".join(filter(None, (kind, basis.one_line())))


def basis_remark(basis: Basis | None) -> str:
    """What a reader must be told of bars, but that they are made up: that is a fact of its own."""
    if basis is None:
        return ""
    line = basis.one_line()
    return line.removeprefix(MADE_UP).removeprefix("; ") if basis.made_up else line


def shortened(texts: Iterable[str], most: int) -> str:
    """The first of some texts, and how many more there are."""
    every = list(texts)
    more = [f"{len(every) - most} more"] if len(every) > most else []
    return ", ".join([*every[:most], *more])


def _adjusted(basis: Basis) -> str:
    if basis.adjusted is None:
        return "not known whether split-adjusted"
    if not basis.adjusted:
        return "prices as traded"
    return f"split-adjusted ({basis.adjustment})" if basis.adjustment else "split-adjusted"


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


def names_of(kind: type) -> tuple[str, ...]:
    """The names of a dataclass's fields."""
    return tuple(one.name for one in fields(kind))


def shown_at(moment: datetime) -> str:
    """An instant to the minute in the exchange's time: `Wed 2026-11-18 11:30`."""
    return f"{moment.astimezone(SHOWN_IN):%a %Y-%m-%d %H:%M}"


def new_york(moment: datetime | int) -> str:
    """The same of a datetime or of microseconds UTC, with the name of the zone: `Wed 2026-11-18
    11:30 New York`.
    """
    aware = moment if isinstance(moment, datetime) else to_datetime(moment)
    return f"{shown_at(aware)} New York"


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and value != value  # noqa: PLR0124 - only NaN differs from itself
