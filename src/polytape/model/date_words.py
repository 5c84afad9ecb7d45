"""Words where dates go: `today`, `yesterday`, `now`, `ytd`, lengths such as `5d`, and times
without a date (`10:30`, `yesterday 10:30`).

Pure: what time it is, is an argument. A word means another instant each day, so nothing that was
read from one may be cached by its text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from polytape.errors import ValidationError
from polytape.model.day_times import NoSuchTimeError, parse_day_time
from polytape.model.instants import ALLOWED as DATES
from polytape.model.instants import parse_day_or_instant, parse_past
from polytape.model.lookback import ALLOWED, Lookback, is_lookback, parse_lookback
from polytape.model.market import Market
from polytape.model.time_of_day import instant_of
from polytape.model.timestamps import to_datetime
from polytape.model.zones import ZoneError

YEAR_TO_DATE = "ytd"
DAYS = ("today", "yesterday", "tomorrow")
WORDS = frozenset({*DAYS, "now", YEAR_TO_DATE})
SAID_AT_END = '"today", "yesterday", "now"'
TIMES = '"10:30", "yesterday 10:30"'
SAID_AT_START = f'{SAID_AT_END}, "ytd", "5d", "3w", "1mo"'
AT_THE_END = 'a date, an instant, "today", "yesterday" or "now"; a length is counted back from it'
PERIODS = f'{ALLOWED}; or "{YEAR_TO_DATE}"'


def is_word(value: object) -> bool:
    """Whether a date is written as a word, or as a time of no day: it needs the time to be read."""
    # Dates are told at once: this is asked of each request.
    if not isinstance(value, str) or value[4:5] == "-" or "/" in value[:5]:
        return False
    return value.strip().lower() in WORDS or is_lookback(value) or _is_time(value)


@contextmanager
def naming_words(names: tuple[str, str]) -> Iterator[None]:
    """Errors of dates that cannot be read also name the words that go there.

    Raises: ValidationError.
    """
    try:
        yield
    except ValidationError as error:
        if error.param not in names or error.allowed != DATES:
            raise
        words = SAID_AT_START if error.param == names[0] else SAID_AT_END
        raise ValidationError(error.param, error.value, f"{DATES}, or {words}, {TIMES}") from error


def read_dates(
    start: object, end: object, now: int, market: Market, names: tuple[str, str]
) -> tuple[object, object]:
    """Both dates without words; what is none is left as it is. `now` in microseconds UTC.

    Raises: ValidationError for a word that names no end, a time or a zone that there is not.
    """
    if is_word(start):
        start = _begin(str(start), now, market, names[0])
    if is_word(end):
        text = str(end).strip().lower()
        if text == YEAR_TO_DATE or is_lookback(text):
            raise ValidationError(names[1], end, AT_THE_END)
        end = _begin(str(end), now, market, names[1])
    return start, end


def read_past(value: object, param: str, market: Market, now: int) -> int:
    """An instant that is not in the future, as `instants.parse_past` reads it, or where a word
    begins by `now`. Microseconds UTC.

    Raises: ValidationError naming `param`, and the words that go there.
    """
    read, _ = read_dates(value, None, now, market, (param, param))
    with naming_words((param, param)):
        try:
            return parse_past(read, param, market, now)
        except ValidationError as error:  # of what was written, not of what it is
            raise ValidationError(param, value, error.allowed) from error


def begin_of(period: object, end: object, now: int, market: Market) -> date | datetime:
    """Where a period begins that ends with `end`, a date or an instant without words. One of hours
    is counted back from the day's end, or from `now` (microseconds UTC) while the day runs.

    Raises: ValidationError naming `period`, or `end`.
    """
    if isinstance(period, str) and period.strip().lower() == YEAR_TO_DATE:
        lookback = None
    elif isinstance(period, str) and is_lookback(period):
        lookback = parse_lookback(period, "period")
    else:
        raise ValidationError("period", period, PERIODS)
    last = parse_day_or_instant(end, "end")
    if isinstance(last, date):
        hours = lookback is not None and lookback.in_hours
        last = min(market.day_span(last).end, now) if hours else market.day_start(last)
    return _back(lookback, last, market)


def _begin(text: str, now: int, market: Market, param: str) -> date | datetime:
    word = text.strip().lower()
    if word == "now":
        return to_datetime(now)
    if word in DAYS:
        return _day(word, now, market)
    if word == YEAR_TO_DATE or is_lookback(word):
        return _back(None if word == YEAR_TO_DATE else parse_lookback(word), now, market)
    try:
        written = parse_day_time(text)
        assert written is not None  # what is no word stays as it is
        return instant_of(written, param, _day(written.day, now, market), market)
    except (NoSuchTimeError, ZoneError) as error:
        raise ValidationError(param, text, str(error)) from error


def _day(word: str, now: int, market: Market) -> date:
    """The day that runs, the last session before it, or the next one after it."""
    today = market.date_of(now)
    near = {"yesterday": market.session_before, "tomorrow": market.session_after}.get(word)
    session = None if near is None else near(today)
    return today if session is None else session.day


def _is_time(text: str) -> bool:
    """Whether a text is a time without a date, be it one that there is not."""
    try:
        return parse_day_time(text) is not None
    except NoSuchTimeError:
        return True


def _back(lookback: Lookback | None, now: int, market: Market) -> date | datetime:
    """The day, or for hours the instant, at which a length of time begins; None is the year."""
    if lookback is None:
        return date(market.date_of(now).year, 1, 1)
    begin = lookback.begin(now, market)
    return to_datetime(begin) if lookback.in_hours else market.date_of(begin)
