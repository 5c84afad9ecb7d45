"""From settings to the vendor's plan and the request budget that it allows."""

from polytape.settings import Settings
from polytape.upstream.budget.budget import Budget
from polytape.upstream.budget.redis_window import shared_window
from polytape.wire.budget import MovingWindow
from polytape.wire.polygon.plans import PLANS, SECOND_S, UNLIMITED, Plan


def make_budget(settings: Settings) -> Budget:
    """The request budget: the plan's, or the paid plans' until the vendor refuses; shared over
    Redis where `--redis` says so.
    """
    plan = plan_of(settings)
    limit, window_s = (UNLIMITED, SECOND_S) if plan is None else (plan.limit, plan.window_s)
    if settings.redis is None or settings.api_key is None:
        return Budget(MovingWindow(limit, window_s), learn=plan is None)
    key = settings.api_key.reveal()
    window = shared_window(settings.redis.reveal(), key, limit, window_s)
    return Budget(window, learn=plan is None)


def plan_of(settings: Settings) -> Plan | None:
    """The plan that the settings name; None where they name none."""
    return None if settings.plan is None else PLANS[settings.plan]
