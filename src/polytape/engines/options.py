"""The options of the tools, typed: what HTTP and a scan of many symbols take."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from polytape.engines.atr import Method
from polytape.engines.camarilla import Period, Variant
from polytape.engines.volume_profile import ValueArea
from polytape.errors import ValidationError


class ScanOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Those of the scanner."""

    weekly_levels: list[float] | None = None
    daily_levels: list[float] | None = None
    windows: list[int] | UnsetType = UNSET
    variant: Variant | UnsetType = UNSET


class FractalOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Those of the fractals."""

    timeframe: str | UnsetType = UNSET
    days_back: int | UnsetType = UNSET
    fractal_length: int | UnsetType = UNSET
    min_atr_distance: float | UnsetType = UNSET
    atr_period: int | UnsetType = UNSET
    atr_method: Method | UnsetType = UNSET
    check_price_overlap: bool | UnsetType = UNSET


class HvnOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Those of the volume profile."""

    timeframe: str | UnsetType = UNSET
    windows: list[int] | UnsetType = UNSET
    include_extended: bool | UnsetType = UNSET
    levels: int | UnsetType = UNSET
    price_step: float | None = None
    percentile: float | UnsetType = UNSET
    prominence: float | UnsetType = UNSET
    distance: int | UnsetType = UNSET
    value_area: float | UnsetType = UNSET
    value_area_method: ValueArea | UnsetType = UNSET


class CamarillaOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Those of the pivots."""

    periods: list[Period] | UnsetType = UNSET
    variant: Variant | UnsetType = UNSET


class ZoneOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Those of the zones."""

    weekly_levels: list[float] | None = None
    daily_levels: list[float] | None = None


def given(kind: type[msgspec.Struct], options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that were given, checked. Raises ValidationError."""
    try:
        told = msgspec.to_builtins(options, enc_hook=_plain)
        found: dict[str, Any] = msgspec.to_builtins(msgspec.convert(told, kind))
    except (msgspec.ValidationError, NotImplementedError) as error:
        raise ValidationError("options", dict(options), str(error)) from error
    return found


def _plain(value: Any) -> Any:
    """Numbers and arrays of NumPy as Python's own."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"{type(value).__name__} is no option")
