"""What a gateway does now, for `/status` and `/metrics`: looked up when somebody asks."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from polytape.gateway.metrics import NONE, Figures
from polytape.gateway.rates import EVERY_S, Rates, Totals, Window
from polytape.wire.api.activity_messages import (
    Activity,
    FeedActivity,
    RouteActivity,
    SocketActivity,
    Waiting,
)

if TYPE_CHECKING:
    from polytape.gateway.gateway import Gateway

UP = "connected"
# As many as are of use to somebody who looks.
MOST_ROUTES = 20


class ActivityMonitor:
    """Of one gateway. `monotonic` gives seconds that only grow."""

    def __init__(self, gateway: "Gateway", monotonic: Callable[[], float] = time.monotonic) -> None:
        self._gateway = gateway
        self._monotonic = monotonic
        self._rates = Rates(monotonic())

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            await sleep(EVERY_S)
            self.look()

    def look(self) -> None:
        """Look once."""
        self._rates.look(self._monotonic(), self._totals())

    def activity(self) -> Activity:
        """What happened in the last minute, and what is under way."""
        gateway = self._gateway
        window = self._rates.window(self._monotonic(), self._totals())
        questions = window.count("hits") + window.count("misses")
        return Activity(
            window_seconds=round(window.seconds, 3),
            requests_per_second=window.per_second("requests"),
            errors_per_second=window.per_second("errors"),
            bars_per_second=window.per_second("bars"),
            fetches_per_second=window.per_second("fetches"),
            cache_hit_rate=round(window.count("hits") / questions, 4) if questions else None,
            requests_in_flight=gateway.metrics.in_flight,
            waiting=Waiting(memory=gateway.memory.waiting, **gateway.workers.waiting()),
            sockets=self._sockets(),
            feed=self._feed(window),
            routes=self._routes(window),
        )

    def figures(self) -> Figures:
        """What `/metrics` shows beside what `Metrics` counts itself."""
        gateway = self._gateway
        memory, budget, hub = gateway.memory, gateway.budget_state(), gateway.live.hub
        lag = gateway.live.lag_seconds
        caches = ("answers",), ("bars",)
        sizes = gateway.answers.bytes, gateway.cache.bytes
        hits = gateway.answers.hits, gateway.metrics.cache_hits.value
        return {
            "polytape_cache_hits": dict(zip(caches, hits, strict=True)),
            "polytape_cache_misses": {("bars",): gateway.metrics.cache_misses.value},
            "polytape_cache_entries": {("bars",): len(gateway.cache)},
            "polytape_cache_bytes": dict(zip(caches, sizes, strict=True)),
            "polytape_source_fetches_joined": {NONE: gateway.joined},
            "polytape_budget_limit": {NONE: budget.limit},
            "polytape_budget_remaining": {NONE: budget.remaining},
            "polytape_threads_waiting": {
                (pool,): count for pool, count in gateway.workers.waiting().items()
            },
            "polytape_memory_capacity_bytes": {NONE: memory.capacity},
            "polytape_memory_in_flight_bytes": {NONE: memory.used},
            "polytape_memory_waiting": {NONE: memory.waiting},
            "polytape_memory_refusals": {NONE: memory.refused},
            "polytape_hub_clients": {NONE: len(hub)},
            "polytape_hub_topics": {NONE: len(hub.wanted())},
            "polytape_hub_waiting": {NONE: hub.waiting},
            "polytape_hub_events": {NONE: hub.position},
            "polytape_feed_up": {NONE: gateway.live.status() == UP},
            "polytape_feed_lag_seconds": {} if lag is None else {NONE: lag},
            "polytape_uptime_seconds": {NONE: gateway.uptime_seconds},
        }

    def _totals(self) -> Totals:
        gateway, metrics = self._gateway, self._gateway.metrics
        return Totals(
            metrics.total("polytape_requests"),
            metrics.errors,
            metrics.bars.value,
            metrics.total("polytape_source_fetches"),
            metrics.cache_hits.value + gateway.answers.hits,
            metrics.cache_misses.value,
            gateway.live.hub.position,
            {route: tuple(one.counts) for route, one in metrics.routes.items()},
        )

    def _sockets(self) -> SocketActivity:
        hub, delivery = self._gateway.live.hub, self._gateway.metrics.delivery
        return SocketActivity(
            clients=len(hub),
            topics=len(hub.wanted()),
            waiting=hub.waiting,
            delivery_p99_seconds=delivery.percentile(0.99) if delivery.count else None,
        )

    def _feed(self, window: Window) -> FeedActivity:
        live = self._gateway.live
        return FeedActivity(
            state=live.status(),
            events_per_second=window.per_second("events"),
            lag_seconds=live.lag_seconds,
        )

    def _routes(self, window: Window) -> list[RouteActivity]:
        """The slowest of the last minute first; then those that nobody asked."""
        routes = [
            RouteActivity(
                route=route,
                requests=sum(counts),
                requests_per_second=window.route_rate(route),
                p50_seconds=window.percentile(route, 0.5),
                p99_seconds=window.percentile(route, 0.99),
            )
            for route, counts in window.after.routes.items()
        ]
        return sorted(routes, key=lambda one: (-(one.p99_seconds or 0.0), one.route))[:MOST_ROUTES]
