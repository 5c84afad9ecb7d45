"""Options of the engines on the command line: all of them, unset unless they are given."""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import click
import msgspec
import pytest

import polytape
from polytape.cli.commands import COMMANDS
from polytape.cli.engine_options import given, options_of
from polytape.engines.atr import atr
from polytape.engines.camarilla import camarilla_of
from polytape.engines.fractals import fractals
from polytape.engines.registry import (
    CAMARILLA,
    CLIENT_ENGINES,
    ENGINES,
    FRACTALS,
    HVN,
    SCAN,
    ZONES,
    EngineSpec,
)
from polytape.engines.volume_profile import volume_profile
from polytape.engines.zones import atr_zones, daily_zones, structure_zones, weekly_zones
from polytape.errors import ValidationError
from polytape.gateway.app import create_app
from polytape.gateway.gateway import Gateway
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.api.media import API
from tests.gateway.conftest import speaking_to


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
        (ZONES, "--weekly-multiplier 1.5 --daily-multiplier 0.25 --structure-multiplier 1 "
         "--atr-multiplier 2 --atr-method sma --atr-period 20",
         {"weekly_multiplier": 1.5, "daily_multiplier": 0.25, "structure_multiplier": 1.0,
          "atr_multiplier": 2.0, "atr_method": "sma", "atr_period": 20}),
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


def described(schema: dict[str, Any], spec: EngineSpec) -> set[str]:
    """The fields of an engine's options as the API describes them."""

    def resolved(part: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in part:
            return part
        made: dict[str, Any] = schema["components"]["schemas"][part["$ref"].split("/")[-1]]
        return made

    body = schema["paths"][f"{API}{spec.path}"]["post"]["requestBody"]["content"]
    options = resolved(body["application/json"]["schema"])["properties"].get("options", {})
    return set(resolved(options.get("oneOf", [options])[0]).get("properties", {}))


async def test_every_option_of_every_engine_is_a_keyword_a_field_and_an_option(
    make_gateway: Callable[[Upstream | None], Gateway], synthetic: Synthetic
) -> None:
    """What an engine can be told, it can be told from Python, over HTTP and from the shell."""
    gateway = make_gateway(synthetic.upstream())
    async with speaking_to(create_app(gateway)) as http:
        schema = (await http.get("/docs/openapi.json")).json()
    gateway.close()
    for spec in ENGINES:
        names = {field.name for field in msgspec.structs.fields(spec.options)}
        assert described(schema, spec) == names, spec.name
        if spec.client_class is None:
            assert not names  # as long as it is so, its own method and command take none
            continue
        for prefix in ("", "Async"):
            method = getattr(getattr(polytape, f"{prefix}{spec.client_class}"), spec.method)
            assert names <= set(signature(method).parameters), spec.name
        params = {param.name for param in COMMANDS[spec.name].load().params}
        assert names <= params, spec.name


@pytest.mark.parametrize(
    ("function", "spec", "names"),
    [
        (fractals, FRACTALS, {}),
        (volume_profile, HVN, {}),
        (camarilla_of, CAMARILLA, {}),
        (atr, ZONES, {"period": "atr_period", "method": "atr_method"}),
        (weekly_zones, ZONES, {"levels": "weekly_levels", "multiplier": "weekly_multiplier"}),
        (daily_zones, ZONES, {"levels": "daily_levels", "multiplier": "daily_multiplier"}),
        (atr_zones, ZONES, {"multiplier": "atr_multiplier"}),
        (structure_zones, ZONES, {"multiplier": "structure_multiplier"}),
        (weekly_zones, SCAN, {"levels": "weekly_levels", "multiplier": "weekly_multiplier"}),
    ],
)
def test_every_parameter_of_an_engines_function_is_one_of_its_options(
    function: Any, spec: EngineSpec, names: dict[str, str]
) -> None:
    """But for what it computes on."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(spec.options)}
    inputs = {"market", "day", "week", "overnight"}
    for name, parameter in signature(function).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and name not in inputs:
            assert defaults[names.get(name, name)] == parameter.default, name
