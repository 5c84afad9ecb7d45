"""What `polytape doctor` looks at of the vendor's key and its plan. The key is not shown."""

from collections.abc import Mapping
from typing import Any

from polytape.cli.checkup import Finding, Verdict
from polytape.errors import PolygonClientError
from polytape.settings import Settings, key_cure, origins


def key_finding(settings: Settings) -> Finding:
    """Whether there is a key, where one is needed. It is not shown."""
    from polytape.net.http import check_key

    if settings.source not in ("auto", "polygon"):
        return Finding("key", "ok", f"none is needed: source {settings.source}")
    if settings.api_key is None:
        verdict: Verdict = "trouble" if settings.source == "polygon" else "warning"
        cure = f"{key_cure()}; or polytape serve --source synthetic for made-up prices"
        return Finding("key", verdict, "there is no key of the vendor's", cure)
    where = origins()["api_key"].where if "api_key" in origins() else "given"
    try:
        check_key(settings.api_key.reveal(), "the key")
    except PolygonClientError as error:
        return Finding("key", "trouble", f"{where}: {error}", "copy it from the vendor's dashboard")
    return Finding("key", "ok", f"set by {where}")


def plan_finding(settings: Settings, status: Mapping[str, Any]) -> Finding:
    """What the key's plan allows, as far as it is named: by the settings, or by the budget of a
    gateway that runs, which says so in its `status`.
    """
    from polytape.wire.polygon.plans import PLANS

    needed = settings.api_key is not None and settings.source in ("auto", "polygon")
    running = _running_plan(status)
    if not needed or (settings.plan is None and status.get("source") == "polygon" and running):
        return Finding("plan", "ok", running or "none is needed")
    if settings.plan is None:
        what = "not named: found out by the vendor's first refusal, which costs a minute"
        return Finding("plan", "ok", what, "set POLYTAPE_PLAN=basic for a free key")
    plan = PLANS[settings.plan]
    years = "all there is" if plan.years is None else f"{plan.years} years"
    what = f"{plan.name}: {plan.limit} requests in {plan.window_s:g} s, history of {years}"
    return Finding("plan", "ok", what)


def _running_plan(status: Mapping[str, Any]) -> str:
    """What the gateway that runs keeps to by what it says of itself; "" where none says so."""
    source, limit = status.get("source"), status.get("rate_limit") or {}
    if source in (None, "polygon"):
        pace = f"{limit['limit']} requests in {limit['window_seconds']:g} s" if limit else ""
        return f"not named here; the gateway that runs keeps to {pace}" if source and pace else ""
    running = f"the source of the gateway that runs, {source}, asks no vendor"
    return f"none is needed: {running}, whatever its --plan"
