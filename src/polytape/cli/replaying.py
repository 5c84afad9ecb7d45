"""A replay, from what was written to a gateway: its day, its source, its clock."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from math import inf

from polytape.cli.clock import now_us, replay_clock, this_market
from polytape.cli.did_you_mean import candidates
from polytape.cli.output import note
from polytape.cli.replay import ReplayRequest
from polytape.cli.serving import serve_gateway
from polytape.cli.sources import flat_files
from polytape.cli.stores import location_of, own_stores, readable_location
from polytape.errors import (
    ConfigurationError,
    NotFoundError,
    PolygonClientError,
    ValidationError,
)
from polytape.gateway.gateway import Gateway
from polytape.history.reader import spans_text
from polytape.history.stored_source import StoredSource
from polytape.model.bars import Bars
from polytape.model.date_words import naming_words
from polytape.model.day_times import NoSuchTimeError, in_24_hours
from polytape.model.instants import parse_day_or_instant
from polytape.model.market import Market, Session
from polytape.model.query import series_query
from polytape.model.spans import Span
from polytape.model.symbols import parse_symbol
from polytape.model.time_of_day import parse_time_of_day
from polytape.model.timeframes import Series
from polytape.model.units import MINUTE_US
from polytape.model.why_empty import with_article
from polytape.net.storage import open_storage
from polytape.settings import Settings, load
from polytape.store.about import IMPORTED
from polytape.store.segments import SegmentStore
from polytape.upstream.answer_store import MemoryAnswers
from polytape.upstream.bar_feed import BarFeed
from polytape.upstream.budget.budget import Budget
from polytape.upstream.day_bars import DayBars
from polytape.upstream.replay import replayed
from polytape.upstream.source import Upstream
from polytape.upstream.synthetic.listing import listing
from polytape.upstream.synthetic.source import Synthetic
from polytape.wire.polygon.plans import SECOND_S, UNLIMITED

SHOWN_SYMBOLS = 5
# Of the minutes that are played: what trades in fewer is seldom the symbol that was meant.
QUIET_SHARE = 0.5


@dataclass(frozen=True)
class Recording:
    """A past session whose bars are all there: `universe` gives its symbols."""

    session: Session
    upstream: Upstream
    universe: Callable[[], Iterable[str]]


def run_replay(request: ReplayRequest, options: Mapping[str, object]) -> None:
    """Serve a replay until SIGINT or SIGTERM.

    Raises: ValidationError, ConfigurationError, DataFetchError.
    """
    if options.get("data") is not None and request.source != "flatfiles":
        raise ConfigurationError("--data names flat files: add --source flatfiles")
    settings = load(**options)
    gateway = make_replay(request, settings)
    local = gateway.market.local(gateway.now())
    several = len(request.symbols) > SHOWN_SYMBOLS
    names = f"{len(request.symbols)} symbols" if several else " ".join(request.symbols)
    streamed = f"stream of {names} and bars of every symbol" if names else "all symbols"
    remark = f"{streamed} of {local:%a %Y-%m-%d} from {local:%H:%M} New York"
    serve_gateway(settings, gateway, "replay", f"{remark}, {request.speed:g} times as fast")


def make_replay(request: ReplayRequest, settings: Settings) -> Gateway:
    """A gateway in the past. It has no store: nothing of a replay is written.

    Raises: ValidationError, ConfigurationError, DataFetchError.
    """
    market = this_market()
    session = past_session(request.day, market)
    start = session.open
    if request.at is not None:
        start = _time_of(request.at, session, market)
    if not session.extended.start <= start < session.extended.end:
        first, last = (market.local(at) for at in (session.extended.start, session.extended.end))
        allowed = f"{first:%H:%M} to {last:%H:%M}, the hours of {session.day}"
        raise ValidationError("from", request.at, allowed)
    recording = open_recording(request, settings, session, market)
    try:
        minutes = _minutes_of(recording, request.symbols)
        for line in _quiet_lines(recording, minutes, start, market):
            note(line)
    except PolygonClientError:
        recording.upstream.close()
        raise
    clock = replay_clock(session, start, request.speed)
    feed = BarFeed(
        DayBars(recording.upstream.bars, market.day_span(session.day)), clock, recording.universe
    )
    upstream = replayed(recording.upstream, market, clock.now)
    budget = Budget.of(UNLIMITED, SECOND_S)
    return Gateway(
        upstream,
        market,
        clock.now,
        budget,
        feed=feed,
        clock=clock,
        slow_request_s=settings.slow_request_s or inf,
    )


def _time_of(text: str, session: Session, market: Market) -> int:
    """When clocks in New York show a time on the day, microseconds UTC. Raises: ValidationError."""
    try:
        return parse_time_of_day(in_24_hours(text.strip()), "from", session.day, market)
    except NoSuchTimeError as error:
        raise ValidationError("from", text, str(error)) from error


def past_session(text: str, market: Market) -> Session:
    """The session of a day, which is over. Raises: ValidationError."""
    with naming_words(("DATE", "DATE")):
        day, now = parse_day_or_instant(text, "DATE"), now_us()
    if not isinstance(day, date):
        raise ValidationError("DATE", text, "a day, such as 2024-07-02 (--from HH:MM is its time)")
    session = market.session(day)
    if day > market.date_of(now):
        raise ValidationError("DATE", text, _over(market, now, "it is in the future"))
    if session is None:
        before = market.session_before(day)
        last = "" if before is None else f"; the session before it is {before.day}"
        closed = with_article(market.why_closed(day))
        raise ValidationError("DATE", text, f"a trading day, not {closed}{last}")
    if session.extended.end > now:
        ends = f"its post-market ends at {market.local(session.extended.end):%H:%M} New York"
        raise ValidationError("DATE", text, _over(market, now, ends))
    return session


def _over(market: Market, now: int, why: str) -> str:
    """Which days can be replayed, and the last of them."""
    last = market.session(market.date_of(now))
    if last is None or last.extended.end > now:
        last = market.session_before(market.date_of(now))
    latest = "" if last is None else f"; the last one is {last.day}"
    return f"a day that is over ({why}){latest}"


def open_recording(
    request: ReplayRequest, settings: Settings, session: Session, market: Market
) -> Recording:
    """The bars of a session and of all days before it, once they are known to be there.

    Raises: ConfigurationError with what is missing, and which command gets it; ValidationError.
    """
    symbols = [parse_symbol(symbol) for symbol in request.symbols]
    match request.source:
        case "synthetic":
            return _made_up(symbols, settings, session, market)
        case "flatfiles":
            return _filed(symbols, settings, session, market)
        case _:
            return _stored(symbols, settings, session, market)


def _made_up(symbols: list[str], settings: Settings, session: Session, market: Market) -> Recording:
    end = market.day_span(session.day).end
    source = Synthetic(market, lambda: end, settings.seed)
    return Recording(session, source.upstream(), lambda: symbols or listing())


def _filed(symbols: list[str], settings: Settings, session: Session, market: Market) -> Recording:
    files = flat_files(settings, market, MemoryAnswers())
    files.end_with(session.day)
    if not files.days.has_day(Series.MINUTE, session.day):
        raise ConfigurationError(
            f"{files.listing.storage.url} has no minute file of {session.day}: put it there, or "
            "replay a day that has one"
        )

    def universe() -> Iterable[str]:
        return symbols or files.listing.market_of(Series.MINUTE, session.day).places

    return Recording(session, files.upstream(), universe)


def _stored(symbols: list[str], settings: Settings, session: Session, market: Market) -> Recording:
    usual = location_of(settings.store)
    try:
        location = readable_location(settings.store)
        store = SegmentStore.existing(open_storage(location), market)
    except ConfigurationError as error:
        ways = _ways(usual, session, "SYMBOL...", "polygon")
        raise ConfigurationError(f"{error}: {ways}") from error
    if location != usual:
        note(f"the day is read from {location} (bars of {store.source}): it is the store there is")
    source = StoredSource(store, market, market.day_span(session.day).end)
    try:
        everything = symbols or source.symbols_in(session.extended)
        _must_be_stored(source, everything, session, store)
    except ConfigurationError as error:
        store.close()
        raise ConfigurationError(f"{error}{_elsewhere(symbols, location, session)}") from error
    return Recording(session, source.upstream(), lambda: everything)


def _elsewhere(symbols: list[str], location: str, session: Session) -> str:
    """Which other stores of the user have the day of some symbols, or of any."""
    others, market = [], this_market()
    for storage in own_stores():
        if storage.url == location:
            continue
        with closing(SegmentStore.existing(storage, market)) as store:
            source = StoredSource(store, market, market.day_span(session.day).end)
            wanted = symbols or source.symbols_in(session.extended)
            if wanted and not any(source.missing(one, session.extended) for one in wanted):
                others.append(f"--store {storage.url} (bars of {store.source}) has that day")
    return "".join(f"; {other}" for other in others)


def _minutes_of(recording: Recording, symbols: Iterable[str]) -> dict[str, Bars]:
    """The day's minute bars of symbols. Raises: ValidationError for symbols without any."""
    minutes = {symbol: _minutes(recording, symbol) for symbol in map(parse_symbol, symbols)}
    silent = [symbol for symbol, bars in minutes.items() if not len(bars)]
    if silent:
        day, hint = recording.session.day, _hint(recording, silent[0])
        allowed = f"symbols with minute bars on {day}; without any, all are replayed{hint}"
        raise ValidationError("symbols", " ".join(silent), allowed)
    return minutes


def _quiet_lines(
    recording: Recording, minutes: Mapping[str, Bars], start: int, market: Market
) -> list[str]:
    """Which of the symbols trade in few of the minutes from `start` (microseconds UTC) on: those to
    the closing bell, after it those of the post-market.
    """
    session = recording.session
    end = session.close if start < session.close else session.extended.end
    first, last = (f"{market.local(at):%H:%M}" for at in (start, end))
    whole = (end - start) // MINUTE_US
    lines = []
    for symbol, bars in minutes.items():
        count = len(bars.within(Span(start, end)))
        if count < whole * QUIET_SHARE:
            info = recording.upstream.reference.find(symbol)
            named = f" ({info.name})" if info is not None and info.name else ""
            played = f"trades in {count} of the {whole} minutes from {first} to {last}"
            lines.append(f"{symbol}{named} {played}{_hint(recording, symbol)}")
    more = len(lines) - SHOWN_SYMBOLS
    return [*lines[:SHOWN_SYMBOLS], *([f"so do {more} symbols more"] if more > 0 else [])]


def _hint(recording: Recording, symbol: str) -> str:
    """Which symbols of the day may be meant by another."""
    meant = [name for name in candidates(symbol) if len(_minutes(recording, name))]
    return f" (did you mean {' or '.join(meant)}?)" if meant else ""


def _minutes(recording: Recording, symbol: str) -> Bars:
    """The minute bars of a symbol on the day; none where there is no such symbol."""
    query = series_query(symbol, Series.MINUTE, recording.session.extended)
    try:
        return recording.upstream.bars.bars(query).bars
    except NotFoundError:
        return Bars.empty()


def _must_be_stored(
    source: StoredSource, symbols: list[str], session: Session, store: SegmentStore
) -> None:
    """Raises: ConfigurationError naming what of a session is not stored."""
    location = store.storage.url
    day, where = session.day, f"the store {location}"
    if not symbols:
        ways = _ways(location, session, "SYMBOL...", store.source)
        raise ConfigurationError(f"{where} has no symbol with all minutes of {day}: {ways}")
    missing = {symbol: source.missing(symbol, session.extended) for symbol in symbols}
    gaps = {symbol: spans for symbol, spans in missing.items() if spans}
    if gaps:
        first, spans = next(iter(gaps.items()))
        more = f" (and of {len(gaps) - 1} more symbols)" if len(gaps) > 1 else ""
        raise ConfigurationError(
            f"{where} does not hold the minutes of {day} in full: of {first}{more} it misses "
            f"{spans_text(spans.spans)}: {_ways(location, session, ' '.join(gaps), store.source)}"
        )


def _ways(location: str, session: Session, symbols: str, source: str) -> str:
    """The commands that get a day into a store of a source's bars, or play one without it."""
    days = f"--from {session.day} --to {session.day}"
    backfill = f"polytape history backfill {symbols} {days} --store {location}"
    made_up = "replay with --source synthetic plays a made-up market without a store"
    if source.startswith("synthetic"):
        return f"{made_up}, {backfill} --source synthetic puts that day into this one"
    files = f"polytape history import FILES --store {location}"
    if source == IMPORTED:
        return f"{files} --format csv brings in files of your own, {made_up}"
    return f"{files} brings in files, {backfill} asks the vendor, {made_up}"
