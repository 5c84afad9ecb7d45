"""Every engine once: from here follow the client's classes, the routes, the commands, their
options, the API's description and the table in the docs.

A sixth engine is its module with a flow, its options, and a line here; `make stubs` writes what
editors read. Light: the engines themselves are loaded by name when they are first used.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from polytape.engines.names import TITLES
from polytape.engines.options import (
    AtrOptions,
    BadPrintOptions,
    CamarillaOptions,
    EngineOptions,
    FractalHistoryOptions,
    FractalOptions,
    GapOptions,
    HvnOptions,
    NoOptions,
    OpeningRangeOptions,
    PocOptions,
    ScanOptions,
    VwapOptions,
    ZoneOptions,
)

if TYPE_CHECKING:
    from polytape.engines.flow import EngineFlow, EngineResult
    from polytape.model.market import Market

# `flow(symbol, as_of, market, options)`: `as_of` in microseconds UTC.
MakeFlow: TypeAlias = "Callable[[str, int, Market, EngineOptions], EngineFlow[EngineResult]]"


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """`name` is the engine's command and the end of its route; `flow` and `result` are
    `module:name` below `polytape.engines`. `client_class` None: the client has a method of its own.
    Two of one class are two methods of it; the first one's `client_doc` is the class's. A `rated`
    engine's class is given calibrated rates once, which its results then show.
    """

    name: str
    title: str
    flow: str
    result: str
    options: type[EngineOptions]
    client_class: str | None
    client_doc: str = ""
    method: str = "run"
    route: str = ""
    page: str = ""
    rated: bool = False

    @property
    def path(self) -> str:
        """The route below `/api/v1`."""
        return self.route or f"/engines/{self.name}"

    def load_flow(self) -> "MakeFlow":
        """What makes the engine's flow, which yields queries and returns the result."""
        module, name = self.flow.split(":")
        flow: MakeFlow = getattr(import_module(f"polytape.engines.{module}"), name)
        return flow

    def run(
        self, symbol: str, as_of: int, market: "Market", options: EngineOptions
    ) -> "EngineFlow[EngineResult]":
        """The engine's flow at an instant (microseconds UTC), whose result says how it is to be
        read: its preset, whether with prices as traded, of which session, and whether the market
        was closed.

        Raises: ValidationError.
        """
        flow = self.load_flow()(symbol, as_of, market, options)
        return flow if self.options is NoOptions else _said(flow, options, as_of, market)


def _said(
    flow: "EngineFlow[EngineResult]", options: EngineOptions, as_of: int, market: "Market"
) -> "EngineFlow[EngineResult]":
    from polytape.engines.market_state import market_state
    from polytape.engines.result import EngineRunResult

    result = yield from flow
    assert isinstance(result, EngineRunResult)
    preset, as_traded = getattr(options, "preset", None), getattr(options, "as_traded", False)
    day, closed = market_state(as_of, market)
    return replace(result, preset=preset, as_traded=as_traded, session_day=day, closed=closed)


SCAN = EngineSpec(
    "scan",
    TITLES["scan"],
    "scanner:scan_flow",
    "scan_result:ScanResult",
    ScanOptions,
    "ConfluenceScanner",
    "Where levels of all engines meet.",
    method="scan",
    route="/scan",
    page="engine-confluence.md",
    rated=True,
)
FRACTALS = EngineSpec(
    "fractals",
    TITLES["fractals"],
    "fractal_run:fractal_flow",
    "fractal_run:FractalRun",
    FractalOptions,
    "FractalEngine",
    "Swing points and the structure that they make.",
    page="engine-fractals.md",
)
FRACTAL_HISTORY = EngineSpec(
    "fractal-history",
    TITLES["fractal-history"],
    "fractal_history_run:fractal_history_flow",
    "fractal_history_run:FractalHistoryRun",
    FractalHistoryOptions,
    "FractalEngine",
    "Swing points as `run` showed them at each instant: for backtests without look-ahead.",
    method="history",
    route="/engines/fractals/history",
    page="engine-fractals.md",
)
HVN = EngineSpec(
    "hvn",
    TITLES["hvn"],
    "hvn_run:hvn_flow",
    "hvn_run:HvnRun",
    HvnOptions,
    "HVNEngine",
    "Volume by price: point of control, value area, nodes.",
    page="engine-hvn.md",
)
CAMARILLA = EngineSpec(
    "camarilla",
    TITLES["camarilla"],
    "camarilla_run:camarilla_flow",
    "camarilla_run:CamarillaRun",
    CamarillaOptions,
    "CamarillaEngine",
    "Pivots of the last completed day, week and month, from official daily bars.",
    page="engine-camarilla.md",
)
ZONES = EngineSpec(
    "zones",
    TITLES["zones"],
    "zone_run:zone_flow",
    "zone_run:ZoneRun",
    ZoneOptions,
    "ZoneCalculator",
    "Weekly, daily, ATR and structure zones round the price.",
    page="engine-zones.md",
)
VWAP = EngineSpec(
    "vwap",
    TITLES["vwap"],
    "vwap_run:vwap_flow",
    "vwap_run:VwapRun",
    VwapOptions,
    "VWAPEngine",
    "Volume-weighted average price since the session's beginning or an anchor, with bands.",
    page="engine-vwap.md",
)
OPENING_RANGE = EngineSpec(
    "opening-range",
    TITLES["opening-range"],
    "opening_range_run:opening_range_flow",
    "opening_range_run:OpeningRangeRun",
    OpeningRangeOptions,
    "OpeningRangeEngine",
    "High and low of the session's first minutes, and when price left them.",
    page="engine-opening-range.md",
)
GAPS = EngineSpec(
    "gaps",
    TITLES["gaps"],
    "gap_run:gap_flow",
    "gap_run:GapRun",
    GapOptions,
    "GapEngine",
    "Gaps between sessions that are still open.",
    page="engine-gaps.md",
)
POC = EngineSpec(
    "poc",
    TITLES["poc"],
    "poc_run:poc_flow",
    "poc_run:PocRun",
    PocOptions,
    "PointOfControlEngine",
    "Points of control that no price came back to, and the session's own as it develops.",
    page="engine-poc.md",
)
ATR = EngineSpec(
    "atr",
    TITLES["atr"],
    "atr_run:atr_flow",
    "atr_run:AtrRun",
    AtrOptions,
    "ATREngine",
    "Average true range of all hours and of regular hours, and the usual range by time of day.",
    page="engine-atr.md",
)
BAD_PRINTS = EngineSpec(
    "bad-prints",
    TITLES["bad-prints"],
    "bad_print_run:bad_print_flow",
    "bad_print_run:BadPrintRun",
    BadPrintOptions,
    "BadPrintEngine",
    "Bars with a price that nothing around them confirms.",
    page="engine-bad-prints.md",
)
SESSION = EngineSpec(
    "session",
    TITLES["session"],
    "session:session_flow",
    "session:SessionData",
    NoOptions,
    None,
)

ENGINES: tuple[EngineSpec, ...] = (
    SCAN,
    FRACTALS,
    FRACTAL_HISTORY,
    HVN,
    CAMARILLA,
    ZONES,
    VWAP,
    OPENING_RANGE,
    GAPS,
    POC,
    ATR,
    BAD_PRINTS,
    SESSION,
)
CLIENT_ENGINES: tuple[EngineSpec, ...] = tuple(one for one in ENGINES if one.client_class)
