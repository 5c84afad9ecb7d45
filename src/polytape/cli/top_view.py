"""What `polytape top` shows of a gateway's `/status`, as lines. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from polytape.cli.answers import Json, JsonObject
from polytape.model.histogram import seconds_text

# Figures beside each other, and the words before them.
COLUMN, WORD = 23, 10
LEAST_ROUTE, FIGURES = 20, 41
HEAD_LINES = 10
MEGABYTE = 1024 * 1024
UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Sample:
    """A `/status`, and when it was asked for: seconds of a clock that only grows."""

    at: float
    status: JsonObject


@dataclass(frozen=True, slots=True)
class View:
    """What is known of the gateway at `url`: the newest sample and the one before, none where it
    never answered. `trouble`: why it does not answer now, and has not for `gone_s` seconds.
    `back_s`: it was away for so long, until a moment ago.
    """

    url: str
    newest: Sample | None = None
    before: Sample | None = None
    trouble: str | None = None
    gone_s: float = 0.0
    back_s: float | None = None

    @property
    def state(self) -> str:
        """In one word."""
        return "gone" if self.trouble is not None else "connected"


def lines_of(view: View, width: int, height: int) -> list[str]:
    """The view in so many columns and lines: what does not fit is left out."""
    lines = [_title(view)]
    if view.newest is None:
        lines += [""]
    else:
        lines += _figures(view.newest.status, view.before)
        lines += _routes(view.newest.status, width, height - HEAD_LINES - 1)
    return [line[:width].rstrip() for line in lines[:height]]


def _title(view: View) -> str:
    parts = [view.url]
    if view.trouble is not None:
        parts.append(f"no answer for {view.gone_s:.0f} s: {view.trouble}")
    elif view.newest is not None:
        status = view.newest.status
        parts += [f"up {_duration(float(status.get('uptime_seconds', 0)))}"]
        parts += [f"source {status.get('source')}", f"version {status.get('version')}"]
    if view.back_s is not None and view.trouble is None:
        parts.insert(1, f"back after {view.back_s:.0f} s")
    return " · ".join(parts)


def _figures(status: JsonObject, before: Sample | None) -> list[str]:
    activity: JsonObject = status.get("activity") or {}
    return [
        _row("requests", _traffic(status, activity, before)),
        _row("cache", _cache(status, activity)),
        _row("budget", _budget(status, activity)),
        _row("sockets", _sockets(activity.get("sockets") or {})),
        _row("feed", _feed(activity.get("feed") or {})),
        _row("waiting", _waiting(activity.get("waiting") or {})),
        _row("memory", _memory(status)),
    ]


def _row(word: str, figures: Sequence[str]) -> str:
    return f"{word:<{WORD}}" + "".join(f"{one:<{COLUMN - 1}} " for one in figures)


def _traffic(status: JsonObject, activity: JsonObject, before: Sample | None) -> list[str]:
    requests = _rate(status, before, "requests", activity.get("requests_per_second"))
    bars = _rate(status, before, "bars_served", activity.get("bars_per_second"))
    errors = _number(activity.get("errors_per_second"), "/s")
    flight = _number(activity.get("requests_in_flight"))
    return [f"{requests}, {flight} in flight", f"errors {errors}", f"bars {bars}"]


def _rate(status: JsonObject, before: Sample | None, name: str, of_minute: Json) -> str:
    """By how much a total grew each second since the sample before: of the same run, else of the
    last minute.
    """
    if before is not None and before.status.get("started_at") == status.get("started_at"):
        seconds = status.get("uptime_seconds", 0) - before.status.get("uptime_seconds", 0)
        if seconds > 0:
            return _number((status.get(name, 0) - before.status.get(name, 0)) / seconds, "/s")
    return _number(of_minute, "/s")


def _cache(status: JsonObject, activity: JsonObject) -> list[str]:
    rate = activity.get("cache_hit_rate")
    hits = UNKNOWN if rate is None else f"{rate:.1%}"
    size = _megabytes(status.get("cached_bytes", 0))
    return [f"hit rate {hits}", f"{status.get('cached_answers', 0):,} series cached", size]


def _budget(status: JsonObject, activity: JsonObject) -> list[str]:
    limit: JsonObject = status.get("rate_limit") or {}
    left = f"{limit.get('remaining', UNKNOWN)} of {limit.get('limit', UNKNOWN)} left"
    window = f"each {seconds_text(float(limit.get('window_seconds', 0)))}"
    return [left, window, f"fetches {_number(activity.get('fetches_per_second'), '/s')}"]


def _sockets(sockets: JsonObject) -> list[str]:
    clients, topics = _number(sockets.get("clients")), _number(sockets.get("topics"))
    delivery = _seconds(sockets.get("delivery_p99_seconds"))
    waiting = _number(sockets.get("waiting"))
    return [f"{clients} clients", f"{topics} topics, {waiting} wait", f"delivery p99 {delivery}"]


def _feed(feed: JsonObject) -> list[str]:
    lag, events = _seconds(feed.get("lag_seconds")), _number(feed.get("events_per_second"), "/s")
    return [str(feed.get("state", UNKNOWN)), f"lag {lag}", f"events {events}"]


def _waiting(waiting: JsonObject) -> list[str]:
    names = {"memory": "memory", "work": "read", "heavy": "compute"}
    names |= {"foreground": "fetch", "background": "backfill"}
    counts = [f"{word} {_number(waiting.get(name))}" for name, word in names.items()]
    return ["for " + ", ".join(counts)]


def _memory(status: JsonObject) -> list[str]:
    used, limit = status.get("bytes_in_flight", 0), status.get("memory_limit_bytes", 0)
    return [f"{_megabytes(used)} in flight", f"of {_megabytes(limit)}"]


def _routes(status: JsonObject, width: int, most: int) -> list[str]:
    """The slowest routes of the last minute, as many as fit."""
    activity: JsonObject = status.get("activity") or {}
    routes: Sequence[JsonObject] = activity.get("routes") or []
    name = max(LEAST_ROUTE, min(60, width - FIGURES))
    head = f"{'ROUTE, the slowest first':<{name}}{'REQ/S':>9}{'P50':>10}{'P99':>10}{'ALL':>11}"
    rows = [
        f"{_cut(str(one.get('route')), name - 1):<{name}}"
        f"{_number(one.get('requests_per_second')):>9}{_seconds(one.get('p50_seconds')):>10}"
        f"{_seconds(one.get('p99_seconds')):>10}{_number(one.get('requests')):>11}"
        for one in routes[: max(0, most)]
    ]
    return ["", head, *rows]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _number(value: Json, unit: str = "") -> str:
    """A count, or a rate to three digits."""
    if value is None:
        return UNKNOWN
    whole = isinstance(value, int) or value >= 100
    return (f"{value:,.0f}" if whole else f"{value:.3g}") + unit


def _seconds(value: Json) -> str:
    return UNKNOWN if value is None else seconds_text(float(value))


def _megabytes(size: Json) -> str:
    return f"{size / MEGABYTE:,.0f} MB"


def _duration(seconds: float) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days:
        return f"{days:.0f} d {hours % 24:.0f} h"
    if hours:
        return f"{hours:.0f} h {minutes % 60:.0f} min"
    return f"{minutes:.0f} min" if minutes else f"{seconds:.0f} s"
