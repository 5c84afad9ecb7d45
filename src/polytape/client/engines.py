"""The engines on a client, one class and its asyncio twin for each of the registry.

What editors and type checkers read is `engines.pyi`, which `make stubs` writes from the registry.
"""

from collections.abc import Callable, Iterable
from inspect import Parameter, iscoroutinefunction
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import fields

from polytape.client import engine_parameters
from polytape.client.engine_runner import past_instant
from polytape.client.sync import PolygonClient
from polytape.engines import flow, registry
from polytape.engines.presets import with_preset
from polytape.errors import ValidationError
from polytape.model.market import Market
from polytape.model.symbols import parse_symbol
from polytape.model.zone_warning import warn_without_zone

if TYPE_CHECKING:
    from polytape.client.aio import AsyncPolygonClient
    from polytape.engines.rates import Calibration
    from polytape.engines.scan_result import ScanResult


class SyncEngine:
    """An engine that gets its bars from a client."""

    def __init__(self, client: PolygonClient) -> None:
        if not callable(run := getattr(client, "run_now", None)) or iscoroutinefunction(run):
            other = f"Async{type(self).__name__} takes an AsyncPolygonClient"
            raise ValidationError("client", client, f"a PolygonClient; {other}")
        self._client = client
        self._rates: tuple[Calibration, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._client!r})"


class AsyncEngine:
    """An engine that gets its bars from an asyncio client."""

    def __init__(self, client: "AsyncPolygonClient") -> None:
        if not iscoroutinefunction(getattr(client, "run_now", None)):
            other = f"{type(self).__name__.removeprefix('Async')} takes a PolygonClient"
            raise ValidationError("client", client, f"an AsyncPolygonClient; {other}")
        self._client = client
        self._rates: tuple[Calibration, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._client!r})"


class SyncScanner(SyncEngine):
    """The same; `rates` are calibrations, which give each zone the rate of its level.

    Raises: ValidationError for anything else.
    """

    def __init__(
        self, client: PolygonClient, rates: "Calibration | Iterable[Calibration]" = ()
    ) -> None:
        super().__init__(client)
        self._rates = _parse_rates(rates)


class AsyncScanner(AsyncEngine):
    """The same for asyncio."""

    def __init__(
        self, client: "AsyncPolygonClient", rates: "Calibration | Iterable[Calibration]" = ()
    ) -> None:
        super().__init__(client)
        self._rates = _parse_rates(rates)


def as_of_instant(as_of: object, market: Market, now: int) -> int:
    """An instant in microseconds UTC; `now` for None.

    Raises: ValidationError, also for one in the future: today's bars would count as complete.
    """
    return now if as_of is None else past_instant(as_of, "as_of", market, now)


def method_doc(spec: registry.EngineSpec) -> str:
    """The docstring of an engine's method."""
    meanings = {field.name: _meaning(field.type) for field in fields(spec.options)}
    options = [f"    {name}: {meaning}" for name, meaning in meanings.items() if meaning]
    lines = [
        spec.client_doc,
        "",
        "`as_of` is an instant, now by default and not in the future; nothing in the result was",
        'incomplete then. One without a zone is UTC; "10:30" and "yesterday 10:30" are New York',
        "time. A date, or a word for one, is where that day begins there: a DateWarning says so.",
        "The bars that it needs are fetched in one request.",
        *(["", "Options:", *options] if options else []),
        "",
        "Raises: ValidationError, NotFoundError, ConnectionError, DataFetchError.",
    ]
    return "\n".join(lines)


def _meaning(hint: object) -> str:
    metadata = getattr(hint, "__metadata__", ())
    return next((one.description for one in metadata if one.description), "")


def _flow(
    spec: registry.EngineSpec,
    market: Market,
    rates: "tuple[Calibration, ...]",
    args: tuple[object, ...],
    named: dict[str, object],
) -> Callable[[int], flow.EngineFlow[flow.EngineResult]]:
    """The engine's flow from what the caller of its method wrote, by the gateway's time.

    Raises: ValidationError for rates of other levels.
    """
    given = engine_parameters.read_call(spec, args, named)
    warn_without_zone(as_of=given.get("as_of"), anchor=given.get("anchor"))
    symbol, as_of = given.pop("symbol"), given.pop("as_of", None)
    options = with_preset(spec.options(**given), given)
    if rates:
        _check_rates(rates, parse_symbol(symbol), options)

    def build(now: int) -> flow.EngineFlow[flow.EngineResult]:
        moment = as_of_instant(as_of, market, now)
        return spec.run(parse_symbol(symbol), moment, market, options)

    return build


def _method(spec: registry.EngineSpec, *, is_async: bool) -> Callable[..., object]:
    def run(self: SyncEngine, *args: object, **named: object) -> flow.EngineResult:
        result = self._client.run_now(_flow(spec, self._client.market, self._rates, args, named))
        return _rated(result, self._rates)

    async def run_async(self: AsyncEngine, *args: object, **named: object) -> flow.EngineResult:
        result = await self._client.run_now(
            _flow(spec, self._client.market, self._rates, args, named)
        )
        return _rated(result, self._rates)

    method: Any = run_async if is_async else run
    first = [Parameter("self", Parameter.POSITIONAL_ONLY)]
    own = engine_parameters.signature_of(spec)
    method.__signature__ = own.replace(parameters=[*first, *own.parameters.values()])
    method.__name__, method.__doc__ = spec.method, method_doc(spec)
    return cast("Callable[..., object]", method)


def _parse_rates(rates: object) -> "tuple[Calibration, ...]":
    from polytape.engines.rates import parse_rates

    return parse_rates(rates) if rates != () else ()


def _check_rates(rates: "tuple[Calibration, ...]", symbol: str, options: object) -> None:
    from polytape.engines.scan_result import hold_rates

    hold_rates(rates, symbol, getattr(options, "levels", "standard"))


def _rated(result: flow.EngineResult, rates: "tuple[Calibration, ...]") -> flow.EngineResult:
    """A scan with the rates of its levels. Raises: ValidationError for rates of other levels."""
    return cast("ScanResult", result).with_rates(rates) if rates else result


def _classes() -> dict[str, type]:
    made: dict[str, type] = {}
    for spec in registry.CLIENT_ENGINES:
        bases = (SyncScanner, AsyncScanner) if spec.rated else (SyncEngine, AsyncEngine)
        for base, prefix in zip(bases, ("", "Async"), strict=True):
            name = f"{prefix}{spec.client_class}"
            method = _method(spec, is_async=bool(prefix))
            method.__qualname__ = f"{name}.{spec.method}"
            if name not in made:
                body = {"__doc__": spec.client_doc, "__module__": __name__}
                made[name] = type(name, (base,), body)
            setattr(made[name], spec.method, method)
    return made


globals().update(_classes())
