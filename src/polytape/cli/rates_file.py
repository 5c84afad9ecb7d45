"""Calibrations in a file: `polytape calibrate --save` writes, `polytape scan --rates` reads it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from polytape.errors import ConfigurationError

if TYPE_CHECKING:
    from polytape.cli.answers import JsonObject
    from polytape.engines.rates import Calibration


def save(calibrations: Iterable["Calibration"], path: Path) -> None:
    """Write a list of them as JSON. Raises: ConfigurationError naming the path."""
    content = msgspec.json.encode([one.to_dict() for one in calibrations])
    try:
        path.write_bytes(msgspec.json.format(content, indent=2) + b"\n")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}") from error


def read(path: Path) -> tuple["Calibration", ...]:
    """Those of a file. Raises: ConfigurationError naming the path."""
    from polytape.engines.rates import Calibration

    try:
        decoded = _known(msgspec.json.decode(path.read_bytes()))
        return msgspec.convert(decoded, tuple[Calibration, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"{path} holds no calibrations: {error}") from error


def with_rates(result: "JsonObject", calibrations: tuple["Calibration", ...]) -> "JsonObject":
    """A scan, each zone with the rate of its level.

    Raises: ValidationError where a calibration is of other levels.
    """
    from polytape.engines.result import plain
    from polytape.engines.scan_result import hold_rates

    rates = hold_rates(calibrations, result["symbol"], result["scale"])
    zones = [zone | {"rate": plain(rates.get(zone["level"]))} for zone in result["zones"]]
    return {**result, "zones": zones}


def _known(value: Any) -> Any:
    """JSON has no NaN: what is not known is null there."""
    if isinstance(value, dict):
        return {name: _known(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_known(item) for item in value]
    return float("nan") if value is None else value
