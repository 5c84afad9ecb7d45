"""Names of fields and query parameters that a request does not have, and what may be meant by them.
One that is only left out gives another answer than the one that was wanted: that of now, where
`asof` names an instant.
"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from polytape.errors import ValidationError

# Below it the letters have too little in common.
LIKE = 0.72
LONGEST_SHOWN = 40
# What other requests take, and no older tool ever sent: who sends it believes that it counts.
NEVER_IGNORED = frozenset({"as_of", "asof", "at", "options", "format", "period", "columns", "tz"})
_AN_INSTANT = ("as_of", "start_date", "to")
_A_BEGIN, _AN_END = ("start_date",), ("end_date",)
_A_TIMEFRAME = ("timeframe",)
_A_SYMBOL = ("symbol", "symbols")
# What other programs call it, and what it is here: of a request the first that it has.
MEANT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("asof", "at", "date", "day", "time", "datetime", "timestamp"), _AN_INSTANT),
    **dict.fromkeys(("start", "from", "since", "begin", "from_date", "start_time"), _A_BEGIN),
    **dict.fromkeys(("end", "to", "until", "to_date", "end_time"), _AN_END),
    **dict.fromkeys(("tf", "interval", "resolution", "freq", "bar_size", "timespan"), _A_TIMEFRAME),
    **dict.fromkeys(("symbol", "symbols", "ticker", "tickers", "sym"), _A_SYMBOL),
    **dict.fromkeys(("n", "count", "last", "tail", "max"), ("limit",)),
    **dict.fromkeys(("q", "text"), ("query",)),
    **dict.fromkeys(("raw", "unadjusted", "as_traded"), ("adjusted",)),
    **dict.fromkeys(("rth", "extended"), ("include_extended",)),
}


def meant(name: str, names: Collection[str]) -> str | None:
    """Which of a request's names may be meant by one that it does not have."""
    low = name.lower().replace("-", "_")
    called = next((one for one in MEANT.get(low, ()) if one in names), None)
    return called or next(iter(get_close_matches(low, names, 1, LIKE)), None)


def unknown_name(
    name: str, names: Collection[str], kind: str = "field", otherwise: str = ""
) -> ValidationError:
    """The error that a request has no such field, or what else `kind` says, and which it has; where
    it has none, `otherwise` says what to do.
    """
    near = meant(name, names)
    hint = "" if near is None else f": did you mean `{near}`?"
    known = f"known: {', '.join(names)}" if names else otherwise or "this route has none"
    text = f"unknown {kind} `{name[:LONGEST_SHOWN]}`{hint} ({known})"
    return ValidationError.from_detail(text, name[:LONGEST_SHOWN])


def ignored_fields(given: Iterable[str], names: Collection[str]) -> tuple[str, ...]:
    """What is said of fields that a request of the older tools has and that mean nothing here: they
    may send more than there is.

    Raises: ValidationError for one that may be meant as another, which is not given, and for one
        that counts in other requests.
    """
    sent = set(given)
    unknown = sorted(sent.difference(names))
    for name in unknown:
        if name.lower() in NEVER_IGNORED or meant(name, names) not in (None, *sent):
            raise unknown_name(name, names)
    return tuple(f"unknown field `{name[:LONGEST_SHOWN]}` is ignored" for name in unknown)
