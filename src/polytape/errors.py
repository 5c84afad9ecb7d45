"""The whole error tree.

    PolygonClientError
    +- ConnectionError           the gateway could not be reached (also a builtin ConnectionError)
    +- ValidationError           a parameter is wrong (also a ValueError)
    +- ConfigurationError        the program is set up in a way that cannot work
    +- DataFetchError            the request is right, the data could not be had
       +- NotFoundError          no such symbol
       |  +- NoPriceError        there is the symbol, but no price of it
       +- AuthenticationError    the key is missing, wrong, or its plan does not include this
       +- RateLimitError         too many requests; `retry_at` says when to come back
       +- IncompleteDataError    a response arrived that is not whole

The type says who is to blame; the facts are attributes. Every error survives pickling.
No errors: `TimeZoneWarning`, the text of an instant names no zone; `DateWarning`, a date was given
where an instant is wanted.
"""

import builtins
from collections.abc import Sequence
from datetime import date, datetime


class PolygonClientError(Exception):
    """Anything polytape raises on purpose.

    Cause: one of those below; caught as this, whichever it is.

    Cure: read its text, which names the parameter or the place, what is allowed and the next step.
    """

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only facts are lost by Exception's own pickling, and errors cross process pools.
        return _rebuild, (type(self), self.args, self.__dict__)


class ConnectionError(PolygonClientError, builtins.ConnectionError):
    """The server could not be reached or broke off: refused, reset, timed out. `url` says where,
    `sent` whether the request may have arrived.

    Cause: no gateway runs at that address, it is still starting, or it was too busy to answer in
    time; in a gateway: the vendor cannot be reached.

    Cure: start one (`polytape serve`), name another (`POLYTAPE_URL`, `base_url`), give it more time
    (`timeout`); `polytape doctor` says which of these it is.
    """

    def __init__(self, message: str, *, url: str = "", sent: bool = True) -> None:
        super().__init__(message)
        self.url = url
        self.sent = sent


class ValidationError(PolygonClientError, ValueError):
    """A parameter is wrong. Raised before any request where the caller's side can tell. `param`
    names it, `value` is what was given, `allowed` what would do.

    Cause: a symbol, timeframe, date or option that is none, or an end before its start.

    Cure: give what the text says is allowed.
    """

    def __init__(self, param: str, value: object, allowed: str) -> None:
        super().__init__(f"{param}={_shown(value)} is not valid: {allowed}")
        self.param = param
        self.value = value
        self.allowed = allowed

    @classmethod
    def from_detail(cls, detail: str, param: str) -> "ValidationError":
        """The same error as reported by a server, in the server's own words."""
        error = cls(param, None, detail)
        error.args = (detail,)
        return error


class ConfigurationError(PolygonClientError):
    """The program cannot start as it is set up; the message names the ways out.

    Cause: a setting that is wrong or missing: a source without its key or folder, a port that is
    taken, a store of another kind, an extra that is not installed.

    Cure: mend the setting that the text names; `polytape doctor` looks at all of them.
    """


class DataFetchError(PolygonClientError):
    """The data could not be had, or the response could not be read. `status` is that of HTTP,
    `request_id` finds the request in the log of the gateway.

    Cause: the vendor failed or gave an answer that cannot be read, or the store cannot be read or
    written.

    Cure: try again later; if it stays, look for the request id in the log of the gateway.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.request_id = request_id

    def __str__(self) -> str:
        facts = [f"HTTP {self.status}"] if self.status else []
        facts += [f"request {self.request_id}"] if self.request_id else []
        return f"{self.detail} ({', '.join(facts)})" if facts else self.detail


class NotFoundError(DataFetchError):
    """There is no such symbol.

    Cause: a symbol that the source does not know, by a slip or because it was delisted or renamed;
    or a job, route or price that is not there.

    Cure: `polytape search NAME` finds the symbol, `polytape validate SYMBOL` says whether there is
    one of that name; `suggestions` are symbols that may be meant.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        suggestions: Sequence[str] = (),
    ) -> None:
        super().__init__(detail, status=status, request_id=request_id)
        self.suggestions = tuple(suggestions)

    def suggesting(self, names: Sequence[str]) -> "NotFoundError":
        """The same with symbols that may be meant, named in its text too; itself where there are
        none, or it names some already.
        """
        if not names or self.suggestions:
            return self
        detail = f"{self.detail} (did you mean {' or '.join(names)}?)"
        status, request_id = self.status, self.request_id
        return type(self)(detail, status=status, request_id=request_id, suggestions=names)


class NoPriceError(NotFoundError):
    """The symbol exists, and has no price yet.

    Cause: nothing was traded in it, or nothing that the source or the store has.

    Cure: ask for its bars over a longer span; `get_latest_price` gives None.
    """


class AuthenticationError(DataFetchError):
    """The key is missing, unknown, or not entitled to this data.

    Cause: the vendor refused the key, or its plan does not include what was asked; or the gateway's
    own access token is missing or wrong (401), or not allowed to do this (403).

    Cure: check `POLYGON_API_KEY` and the plan at the vendor's, or `POLYTAPE_TOKEN` and the role of
    the token (`polytape token list`).
    """


class RateLimitError(DataFetchError):
    """Too many requests. `retry_at` (UTC) is when to come back, None where that is unknown.

    Cause: the plan's requests of the minute are used up, and waiting would take too long.

    Cure: come back at `retry_at`; fill the store beforehand (`polytape history backfill`), so that
    nothing has to be asked; `polytape rate-limit` shows what is left.
    """

    def __init__(
        self,
        detail: str,
        *,
        retry_at: datetime | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(detail, status=status, request_id=request_id)
        self.retry_at = retry_at


class IncompleteDataError(DataFetchError):
    """A response arrived that is not whole. What there was of it is not returned.

    Cause: the source does not have a span of what was asked, or its answer broke off.

    Cure: ask for another span, or allow a part (`allow_partial`, `--allow-partial`): the spans that
    are missing are named in the answer.
    """


class TimeZoneWarning(UserWarning):
    """A text such as "2026-11-17 10:30", or a datetime (`pandas.Timestamp`, `numpy.datetime64`),
    was given for an instant, and names no zone. It is read as UTC; the command line reads the same
    text as New York's time. Write the zone: "2026-11-17 10:30 ET" or "2026-11-17 10:30 UTC",
    `pandas.Timestamp("2026-11-17 10:30", tz="America/New_York")`. What `pandas.bdate_range` gives
    without a `tz` is midnight UTC, the evening before in New York: `.date()` of it is that day.
    """


class DateWarning(UserWarning):
    """A date, or a word for one such as "yesterday", was given for an instant (`as_of`,
    `session_datetime`). It stands for where that day begins in New York: nothing of its session is
    known then, so nobody looks ahead by leaving the time away. Write the instant that is meant:
    "2026-11-17 00:00 ET" or "2026-11-17 16:00 ET".
    """


def one_of(names: Sequence[str]) -> str:
    """'one of a, b, c': how an error says what is allowed."""
    return "one of " + ", ".join(names)


def _shown(value: object) -> str:
    # A date is shown as it is written, not as Python makes one.
    text = value.isoformat() if isinstance(value, date) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004 - a line's worth


def _rebuild(
    cls: type[PolygonClientError], args: tuple[object, ...], state: dict[str, object]
) -> PolygonClientError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error
