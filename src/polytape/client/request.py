"""How the client's cache sees queries."""

from polytape.model.query import BarsQuery


def cache_series(query: BarsQuery) -> str:
    """The timeframe in the cache's keys: bars that begin at the opening bell have their own, and so
    have bars as traded.
    """
    hours = "-regular" if query.anchored else ""
    return query.timeframe.value + hours + ("" if query.adjusted else "-as-traded")


def cut_here(query: BarsQuery) -> bool:
    """Whether regular hours are cut out of whole answers on reading: for bars of up to 30 minutes,
    whose grid the opening bell lies on. Daily bars do not depend on hours.
    """
    short = query.timeframe.minutes is not None and not query.anchored
    return short and not query.include_extended


def most_bars(query: BarsQuery) -> int:
    """How many intraday bars a limited query's span could have; 0 without a limit, and for days."""
    length = query.timeframe.length_us
    if length is None or query.limit is None:
        return 0
    return (query.span.end - query.span.start) // length
