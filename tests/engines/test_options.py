"""The options of the engines: one default for each, whoever reads it."""

from inspect import signature
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from polytape.engines import options
from polytape.engines.atr import atr
from polytape.engines.camarilla import camarilla, camarilla_of
from polytape.engines.fractals import fractal_history, fractals
from polytape.engines.levels import WEIGHTS
from polytape.engines.options import (
    CamarillaOptions,
    EngineOptions,
    FractalHistoryOptions,
    FractalOptions,
    HvnOptions,
    NoOptions,
    PresetOptions,
    ScanOptions,
    ZoneOptions,
)
from polytape.engines.volume_profile import volume_profile

ALL = (
    ScanOptions,
    FractalHistoryOptions,
    FractalOptions,
    HvnOptions,
    CamarillaOptions,
    ZoneOptions,
    NoOptions,
)
kinds = pytest.mark.parametrize("kind", ALL)


def defaults(function: Any) -> dict[str, Any]:
    return {
        name: parameter.default
        for name, parameter in signature(function).parameters.items()
        if parameter.default is not parameter.empty
    }


@pytest.mark.parametrize(
    ("kind", "function", "alone"),
    [
        (FractalOptions, fractals, {"days_back"}),
        (FractalHistoryOptions, fractal_history, {"days_back", "history_days"}),
        (
            HvnOptions,
            volume_profile,
            {
                *("timeframe", "windows", "include_extended", "on_ticks"),
                *("anchors", "exclude_bad_prints"),
            },
        ),
        (CamarillaOptions, camarilla, {"periods", "pivots_of"}),
        (CamarillaOptions, camarilla_of, {"periods", "pivots_of"}),
    ],
)
def test_an_option_has_the_default_of_the_function_that_it_is_for(
    kind: type[EngineOptions], function: Any, alone: set[str]
) -> None:
    made, of_function = kind(), defaults(function)
    own = {field.name for field in msgspec.structs.fields(kind)}
    names = own - set(
        PresetOptions.__struct_fields__
    )  # how a result is shown, and how options are named
    assert names - of_function.keys() == alone
    for name in names - alone:
        assert getattr(made, name) == of_function[name], name


def test_the_atr_of_the_fractals_is_the_atrs() -> None:
    made, of_function = FractalOptions(), defaults(atr)
    assert made.atr_period == of_function["period"]
    assert made.atr_method == of_function["method"]


def test_every_window_of_a_scan_has_a_weight() -> None:
    assert {f"hvn-{days}d" for days in options.WINDOWS} <= set(WEIGHTS)
    assert get_args(options.Period) == options.PERIODS == CamarillaOptions().periods
    assert ScanOptions().windows == HvnOptions().windows == options.WINDOWS


@kinds
def test_every_option_has_a_default_and_a_meaning(kind: type[EngineOptions]) -> None:
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        assert not field.required, field.name
        (meta,) = hints[field.name].__metadata__
        assert meta.description.endswith("."), field.name
    assert 0 <= kind.POSITIONAL <= len(msgspec.structs.fields(kind))
    assert kind.__doc__


@kinds
def test_options_cross_the_wire_as_what_differs_from_the_defaults(
    kind: type[EngineOptions],
) -> None:
    assert msgspec.json.encode(kind()) == b"{}"
    assert msgspec.json.decode(b"{}", type=kind) == kind()
    with pytest.raises(msgspec.ValidationError, match="unknown field `color`"):
        msgspec.json.decode(b'{"color": "red"}', type=kind)


@pytest.mark.parametrize(
    ("kind", "body", "where"),
    [
        (ScanOptions, b'{"windows": 5}', "windows"), (ScanOptions, b'{"windows": ["7"]}', "windows"),
        (ScanOptions, b'{"variant": "r6"}', "variant"), (ZoneOptions, b'{"weekly_levels": 5}', "weekly"),
        (FractalOptions, b'{"min_atr_distance": null}', "min_atr_distance"),
        (FractalOptions, b'{"fractal_length": 5.5}', "fractal_length"),
        (HvnOptions, b'{"levels": "many"}', "levels"), (HvnOptions, b'{"levels": true}', "levels"),
        (CamarillaOptions, b'{"periods": ["year"]}', "periods"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_named(
    kind: type[EngineOptions], body: bytes, where: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{where}"):
        msgspec.json.decode(body, type=kind)


def test_values_of_the_right_kind_are_taken() -> None:
    body = b'{"weekly_levels": [300, 310.5], "windows": [7]}'
    assert msgspec.json.decode(body, type=ScanOptions) == ScanOptions((300.0, 310.5), windows=(7,))


def test_options_are_not_changed() -> None:
    with pytest.raises(AttributeError):
        FractalOptions().atr_period = 5  # type: ignore[misc]
