"""Calibrations in a file come back as they were, and stand beside the levels of a scan."""

import math
from pathlib import Path

import numpy as np
import pytest

from polytape.cli.rates_file import read, save, with_rates
from polytape.engines.rates import Calibration, Cases, rates_of
from polytape.errors import ConfigurationError, ValidationError
from polytape.model.timestamps import to_datetime


def calibration(symbol: str = "SPY") -> Calibration:
    zones = np.full((2, 40), 5)
    held = np.vstack([np.arange(40) % 5, np.arange(40) % 4])
    cases = Cases(zones, zones, zones, held)
    few = Cases(*(column[:, :1] for column in (zones, zones, zones, held)))
    levels = rates_of({"L5": cases}, 2, np.random.default_rng(0))
    levels += rates_of({"L4": few}, 2, np.random.default_rng(0))
    return Calibration(symbol, to_datetime(0), to_datetime(1), 40, 5, 10, "standard", levels)


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    """Rates that are not known stay so: JSON has no NaN."""
    path, made = tmp_path / "rates.json", calibration()
    save([made], path)
    (found,) = read(path)
    assert repr(found) == repr(made)
    assert math.isnan(found.levels[1].held.low)


@pytest.mark.parametrize("content", [b"", b"{}", b'[{"symbol": "SPY"}]'])
def test_another_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rates.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"rates\.json holds no calibrations"):
        read(path)
    with pytest.raises(ConfigurationError, match=r"none\.json"):
        read(tmp_path / "none.json")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        save([], tmp_path / "none" / "rates.json")


def test_each_zone_gets_the_rate_of_its_level() -> None:
    """Of its own symbol, and of the same levels."""
    scan = {"symbol": "SPY", "scale": "standard", "zones": [{"level": "L5"}, {"level": "L1"}]}
    rated = with_rates(scan, (calibration("AAPL"), calibration()))
    assert rated["zones"][0]["rate"]["of"] == 200
    assert rated["zones"][1]["rate"] is None
    assert with_rates(scan | {"symbol": "KO"}, (calibration(),))["zones"][0]["rate"] is None
    with pytest.raises(ValidationError, match="rates of classic levels"):
        with_rates(scan | {"scale": "classic"}, (calibration(),))
