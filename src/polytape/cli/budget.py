"""From settings to the vendor's plan and the request budget that it allows."""

from pathlib import Path

from polytape.cli.stores import store_location
from polytape.settings import Settings
from polytape.upstream.budget.budget import Budget, Window
from polytape.upstream.budget.file_window import FileWindow, window_path
from polytape.upstream.budget.redis_window import shared_window
from polytape.wire.budget import MovingWindow
from polytape.wire.polygon.plans import PLANS, SECOND_S, UNLIMITED, Plan

BUDGET_FOLDER = "budget"


def make_budget(settings: Settings) -> Budget:
    """The request budget: the plan's, or the paid plans' until the vendor refuses. It is shared
    over Redis where `--redis` says so, else by the programs of this machine that share a store.
    """
    plan = plan_of(settings)
    limit, window_s = (UNLIMITED, SECOND_S) if plan is None else (plan.limit, plan.window_s)
    return Budget(_window(settings, limit, window_s, learns=plan is None), learn=plan is None)


def _window(settings: Settings, limit: int, window_s: float, *, learns: bool) -> Window:
    if settings.api_key is None:
        return MovingWindow(limit, window_s)
    key = settings.api_key.reveal()
    if settings.redis is not None:
        return shared_window(settings.redis.reveal(), key, limit, window_s)
    folder = _folder(settings)
    if folder is None:
        return MovingWindow(limit, window_s)
    return FileWindow(window_path(folder, key), limit, window_s, learns=learns)


def _folder(settings: Settings) -> Path | None:
    """Where programs of this machine count together: beside the bars, where those lie in a folder.

    Raises: ConfigurationError where the gateway's libraries are not installed.
    """
    location = store_location(settings)
    if location in ("none", "memory") or "://" in location:
        return None
    return Path(location).expanduser().absolute() / BUDGET_FOLDER


def plan_of(settings: Settings) -> Plan | None:
    """The plan that the settings name; None where they name none."""
    return None if settings.plan is None else PLANS[settings.plan]
