"""Options of the engines on the command line: all of them, unset unless they are given."""

from collections.abc import Sequence
from typing import Any

import click
import msgspec
import pytest

from polytape.cli.engine_options import given, options_of
from polytape.engines.registry import CLIENT_ENGINES, FRACTALS, HVN, SCAN, EngineSpec
from polytape.errors import ValidationError


def parsed(spec: EngineSpec, arguments: Sequence[str]) -> dict[str, Any]:
    """What a command makes of its arguments."""
    command = click.Command("x", params=[*options_of(spec.options)])
    return given(command.make_context("x", list(arguments)).params)


@pytest.mark.parametrize("spec", CLIENT_ENGINES, ids=lambda spec: spec.name)
def test_every_option_of_an_engine_is_there_with_its_meaning(spec: EngineSpec) -> None:
    """A new field of an engine is an option at once."""
    options = {one.name: one for one in options_of(spec.options)}
    assert list(options) == list(spec.options.__struct_fields__)
    assert all(option.help for option in options.values())
    assert parsed(spec, []) == {}


@pytest.mark.parametrize("spec", CLIENT_ENGINES, ids=lambda spec: spec.name)
def test_every_option_has_its_full_name(spec: EngineSpec) -> None:
    """As in Python, with dashes; a shorter one may stand beside it."""
    for option in options_of(spec.options):
        assert option.name is not None
        full = f"--{option.name.replace('_', '-')}"
        assert full in option.opts or option.name == "include_extended"


@pytest.mark.parametrize(
    ("spec", "arguments", "values"),
    [
        (SCAN, "--weekly 320,330.5 --windows 7,14", {"weekly_levels": [320.0, 330.5], "windows": [7, 14]}),
        (SCAN, "--weekly-levels 1 --daily 2", {"weekly_levels": [1.0], "daily_levels": [2.0]}),
        (FRACTALS, "--length 5 --min-atr-distance 0.5", {"fractal_length": 5, "min_atr_distance": 0.5}),
        (FRACTALS, "--fractal-length 7 --no-check-price-overlap",
         {"fractal_length": 7, "check_price_overlap": False}),
        (FRACTALS, "--atr-method ema --timeframe 5m", {"atr_method": "ema", "timeframe": "5m"}),
        (HVN, "--no-extended --price-step 0.5", {"include_extended": False, "price_step": 0.5}),
        (HVN, "--extended --windows ,7,", {"include_extended": True, "windows": [7]}),
    ],
)  # fmt: skip
def test_what_is_given_is_what_the_engine_takes(
    spec: EngineSpec, arguments: str, values: dict[str, Any]
) -> None:
    """And its own types agree."""
    assert parsed(spec, arguments.split()) == values
    msgspec.convert(values, spec.options)


@pytest.mark.parametrize(
    ("spec", "arguments", "label"),
    [(SCAN, "--weekly a,b", "weekly"), (HVN, "--windows 7,1O", "windows")],
)
def test_a_wrong_list_names_its_option_and_an_example(
    spec: EngineSpec, arguments: str, label: str
) -> None:
    """Prices or days, with commas between."""
    with pytest.raises(ValidationError, match="with commas between, such as") as caught:
        parsed(spec, arguments.split())
    assert caught.value.param == label


@pytest.mark.parametrize("arguments", ["--atr-method best", "--length x", "--frob 1"])
def test_wrong_usage_is_clicks_own_error(arguments: str) -> None:
    """It names the option."""
    with pytest.raises(click.UsageError) as caught:
        parsed(FRACTALS, arguments.split())
    assert arguments.split(maxsplit=1)[0] in caught.value.format_message()


def test_a_help_names_the_default() -> None:
    """The gateway's own, which counts where nothing is given."""
    texts = {option.name: option.help or "" for option in options_of(HVN.options)}
    assert texts["windows"].endswith("Default 7,14,30.")
    assert texts["levels"].endswith("Default 100.")
    assert "Default" not in texts["price_step"]
