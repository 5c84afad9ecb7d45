"""The engines of the client are those of the registry, and editors read the same."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, get_args, get_origin

import msgspec
import numpy as np
import pytest
from tools import stubs

import polytape
from polytape.client.engine_parameters import signature_of
from polytape.client.engines import as_of_instant, method_doc
from polytape.engines.confluence import ConfluenceZone
from polytape.engines.options import FractalOptions, ScanOptions
from polytape.engines.registry import (
    CAMARILLA,
    CLIENT_ENGINES,
    FRACTALS,
    OPENING_RANGE,
    SCAN,
    VWAP,
    EngineSpec,
)
from polytape.engines.scan_result import ScanResult
from polytape.errors import DateWarning, ValidationError
from polytape.model.basis import Basis
from polytape.model.timestamps import to_us
from tests.cli.test_rates_file import calibration
from tests.conftest import MARKET

every_engine = pytest.mark.parametrize("spec", CLIENT_ENGINES, ids=lambda spec: spec.name)


class Runs:
    """A client that hands back the flow that it is given."""

    market = MARKET

    def run_now(self, build: Any) -> Any:
        return self.run(build(to_us(datetime.now(UTC))))

    def run(self, flow: Any) -> Any:
        return flow


class RunsLater(Runs):
    async def run_now(self, build: Any) -> Any:
        return self.run(build(to_us(datetime.now(UTC))))


def engine(spec: EngineSpec, client: Any = None, prefix: str = "") -> Any:
    return getattr(polytape, f"{prefix}{spec.client_class}")(client or Runs())


def bound(flow: Any) -> dict[str, Any]:
    """The arguments of a flow that has not begun."""
    return dict(own(flow).gi_frame.f_locals)


def own(flow: Any) -> Any:
    """An engine's own flow, inside the one that adds its preset."""
    return flow.gi_frame.f_locals["flow"]


def test_the_stub_is_what_the_registry_says() -> None:
    """Where it is not: `make stubs`."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(stubs.PATH), "-"]
    done = subprocess.run(command, input=stubs.stub(), capture_output=True, text=True, check=True)
    assert stubs.PATH.read_text("utf-8") == done.stdout


@every_engine
def test_a_method_has_the_parameters_of_its_options(spec: EngineSpec) -> None:
    parameters = list(signature_of(spec).parameters.values())
    assert [parameter.name for parameter in parameters[:2]] == ["symbol", "as_of"]
    fields = msgspec.structs.fields(spec.options)
    assert [p.name for p in parameters[2:]] == [field.name for field in fields]
    assert [p.default for p in parameters[2:]] == [field.default for field in fields]
    by_position = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert len(by_position) == 2 + spec.options.POSITIONAL
    for prefix in ("", "Async"):
        kind = getattr(polytape, f"{prefix}{spec.client_class}")
        method = getattr(kind, spec.method)
        assert inspect.signature(method).parameters.keys() == {
            "self",
            *(p.name for p in parameters),
        }
        assert inspect.iscoroutinefunction(method) == bool(prefix)
        assert method.__qualname__ == f"{kind.__name__}.{spec.method}"
        first = next(one for one in CLIENT_ENGINES if one.client_class == spec.client_class)
        assert (method.__doc__, kind.__doc__) == (method_doc(spec), first.client_doc)


@every_engine
def test_every_option_is_explained_in_the_methods_doc(spec: EngineSpec) -> None:
    doc = method_doc(spec)
    for field in msgspec.structs.fields(spec.options):
        assert f"    {field.name}: " in doc


@every_engine
async def test_a_call_becomes_the_flow_of_the_registry(spec: EngineSpec) -> None:
    moment = datetime(2026, 11, 18, 16, 30, tzinfo=UTC)
    flow = getattr(engine(spec), spec.method)("brk.b", moment)
    other = await getattr(engine(spec, RunsLater(), "Async"), spec.method)("brk.b", as_of=moment)
    for one in (flow, other):
        arguments = bound(one)
        assert own(one).gi_code is spec.load_flow().__code__
        assert (arguments["symbol"], arguments["as_of"]) == ("BRK.B", to_us(moment))
        assert arguments["market"] is MARKET
        assert arguments["options"] == spec.options()


def test_options_are_taken_by_position_and_by_name() -> None:
    scan = bound(engine(SCAN).scan("A", "2026-11-18 00:00 ET", [300], variant="range"))
    assert scan["options"] == ScanOptions((300,), variant="range")
    found = bound(engine(FRACTALS).run("A", timeframe="5min", days_back=3))
    assert found["options"] == FractalOptions("5min", 3)
    for wrong in (("A", None, "5min"), ("A", None, None, None, None)):
        with pytest.raises(TypeError):
            engine(FRACTALS).run(*wrong)
    with pytest.raises(TypeError, match="color"):
        engine(FRACTALS).run("A", color="red")


class Scans(Runs):
    """A client on which every scan has a zone of each level."""

    def run(self, flow: Any) -> Any:
        return ScanResult("SPY", datetime(2026, 11, 18, tzinfo=UTC), 100.0, 1.0, 1.0, 1.0,
                          zones=tuple(zone(level) for level in ("L5", "L1")))  # fmt: skip


class ScansLater(Scans):
    async def run_now(self, build: Any) -> Any:
        return self.run(build(to_us(datetime.now(UTC))))


def zone(level: str) -> ConfluenceZone:
    facts: dict[str, Any] = dict.fromkeys(ConfluenceZone.__dataclass_fields__)
    return ConfluenceZone(**(facts | {"level": level, "parts": (), "votes": (), "families": ()}))


async def test_rates_that_a_scanner_is_given_stand_beside_the_levels() -> None:
    """Once, for each of its scans; of symbols that were not walked there are none."""
    made = calibration("SPY")
    for rates in (made, [made], iter([calibration("AAPL"), made])):
        scanner = polytape.ConfluenceScanner(Scans(), rates=rates)  # type: ignore[arg-type]
        for result in (scanner.scan("SPY"), scanner.scan("SPY")):
            first, last = result.zones
            assert first.rate is not None
            assert (first.rate.of, last.rate) == (200, None)
    later = polytape.AsyncConfluenceScanner(ScansLater(), rates=made)  # type: ignore[arg-type]
    assert (await later.scan("SPY")).zones[0].rate is not None
    bare = polytape.ConfluenceScanner(Scans()).scan("SPY")  # type: ignore[arg-type]
    assert [one.rate for one in bare.zones] == [None, None]


def test_rates_of_other_levels_are_refused_before_anything_is_sent() -> None:
    """And what is no calibration, where the scanner is made."""
    scanner = polytape.ConfluenceScanner(Never(), rates=calibration("SPY"))  # type: ignore[arg-type]
    for how in ({"levels": "classic"}, {"preset": "classic"}):
        with pytest.raises(
            ValidationError, match="rates of classic levels, as `polytape calibrate"
        ):
            scanner.scan("spy", **how)  # type: ignore[arg-type]
    for wrong in ("spy.json", [1], None):
        with pytest.raises(ValidationError, match=r"rates=.*calibrations"):
            polytape.ConfluenceScanner(Never(), rates=wrong)  # type: ignore[arg-type]


class Never(Runs):
    """A client that must not be reached."""

    def run_now(self, build: Any) -> Any:
        raise AssertionError(build)


def test_a_preset_sets_what_the_caller_did_not_name() -> None:
    """Be it with the default; by position as by name. An unknown one is named at once."""
    scan = bound(
        engine(SCAN).scan("A", "2026-11-18 00:00 ET", [300], preset="classic", nearest=None)
    )
    options = scan["options"]
    assert (options.preset, options.atr_method, options.nearest) == ("classic", "sma", None)
    assert (options.weekly_levels, options.levels, options.percentile) == ((300,), "classic", 70.0)
    named = bound(engine(FRACTALS).run("A", preset="classic", atr_method="wilder"))
    assert named["options"] == FractalOptions(preset="classic")
    with pytest.raises(ValidationError, match=r"preset='older' is not valid: one of classic"):
        engine(SCAN, Never()).scan("A", preset="older")


def test_an_instant_is_read_as_everywhere_and_is_now_by_default() -> None:
    now = to_us(datetime(2026, 11, 20, tzinfo=UTC))
    midnight = MARKET.midnight(datetime(2026, 11, 18).date())  # noqa: DTZ001
    with pytest.warns(DateWarning, match="^as_of is a date here"):
        assert as_of_instant("2026-11-18", MARKET, now) == midnight
    moment = np.datetime64("2026-11-18T16:30")
    assert as_of_instant(moment, MARKET, now) == to_us(datetime(2026, 11, 18, 16, 30, tzinfo=UTC))
    assert as_of_instant(None, MARKET, now) == now
    for wrong in ("soon", "2199-01-04", datetime(2026, 11, 20, 0, 1, tzinfo=UTC)):
        with pytest.raises(ValidationError, match="as_of"):
            as_of_instant(wrong, MARKET, now)
    with pytest.raises(ValidationError, match=r"as_of=.*nothing after now is known"):
        engine(SCAN).scan("AAPL", "2199-01-04")
    with pytest.raises(ValidationError, match="symbol"):
        engine(SCAN).scan("../etc")


@pytest.mark.parametrize(
    ("spec", "option", "written", "read"),
    [(SCAN, "windows", 7, (7,)), (SCAN, "windows", range(7, 9), (7, 8)),
     (SCAN, "weekly_levels", 320.5, (320.5,)), (SCAN, "weekly_levels", None, None),
     (SCAN, "windows", (days for days in (7, 14)), (7, 14)), (SCAN, "windows", [7], (7,)),
     (CAMARILLA, "periods", "day", ("day",)), (VWAP, "bands", 2, (2,)),
     (OPENING_RANGE, "minutes", np.array([5]), (5,))],
)  # fmt: skip
def test_an_option_of_several_values_takes_one_or_any(
    spec: EngineSpec, option: str, written: object, read: object
) -> None:
    """One alone was no option, or a TypeError, or taken letter by letter."""
    flow = getattr(engine(spec), spec.method)("A", "2026-11-18 00:00 ET", **{option: written})
    assert getattr(bound(flow)["options"], option) == read


@every_engine
def test_the_editor_is_told_what_works(spec: EngineSpec) -> None:
    """Of an option of several values: one, or any that can be gone through."""
    for parameter in signature_of(spec).parameters.values():
        if isinstance(parameter.default, tuple):
            several, one = get_args(parameter.annotation)
            assert (get_origin(several), get_args(several)) == (Iterable, (one,))


def test_a_wrong_option_names_the_method_and_its_parameters() -> None:
    """As a function's own error does."""
    with pytest.raises(TypeError, match=r"ConfluenceScanner\.scan\(\).*'window'.*windows"):
        engine(SCAN).scan("A", window=7)


@pytest.mark.parametrize("wrong", ["http://localhost:8200", None, RunsLater()])
def test_an_engine_names_the_client_that_it_takes(wrong: object) -> None:
    """Not an AttributeError when it is used, nor a coroutine in place of a result."""
    with pytest.raises(ValidationError, match="AsyncATREngine takes an AsyncPolygonClient"):
        polytape.ATREngine(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="an AsyncPolygonClient; ATREngine takes"):
        polytape.AsyncATREngine(Runs())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "method",
    [polytape.PolygonClient.fetch_bars, polytape.PolygonClient.bars,
     polytape.PolygonClient.get_candle_at_datetime, polytape.PolygonClient.session,
     polytape.scan_many, polytape.ConfluenceScanner.scan, polytape.VWAPEngine.run],
)  # fmt: skip
def test_who_takes_an_instant_says_what_one_without_a_zone_is(method: Any) -> None:
    """UTC, as pandas has it; tables and pictures are in New York's time."""
    doc = " ".join(method.__doc__.split())
    assert re.search(r"UTC where (it has|they have) no zone|without a zone is UTC", doc)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (polytape.ATREngine(polytape.PolygonClient("http://x")), "ATREngine(PolygonClient('http://x'))"),
        (polytape.CacheManager(5), "CacheManager(0 of 5 entries, 5 minutes each)"),
        (polytape.LiveAtr(), "LiveAtr: None after 0 bars"),
        (MARKET, "Market(XNYS, 1990-01-02 to 2050-12-30, 15,343 sessions)"),
        (Basis(source="s", made_up=True, adjusted=True), "Basis(source s; adjusted; made-up prices)"),
    ],
)  # fmt: skip
def test_what_a_notebook_shows_of_the_rest_is_a_line(shown: object, text: str) -> None:
    """Not an address in memory, nor a page of arrays and instants."""
    assert repr(shown) == text
