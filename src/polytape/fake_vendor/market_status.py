"""`/v1/marketstatus`: the market now, and the holidays of the next year."""

from datetime import timedelta

from polytape.fake_vendor.answers import Json
from polytape.fake_vendor.market import NEW_YORK, FakeMarket
from polytape.model.timestamps import to_datetime

SATURDAY = 5
EXCHANGES = ("NYSE", "NASDAQ")


def status(market: FakeMarket) -> Json:
    """The market now."""
    now = market.now()
    session = market.market.session(market.today())
    early = session is not None and session.extended.start <= now < session.open
    late = session is not None and session.close <= now < session.extended.end
    regular = session is not None and session.open <= now < session.close
    word = "open" if regular else "extended-hours" if early or late else "closed"
    server = to_datetime(now).astimezone(NEW_YORK).isoformat(timespec="seconds")
    return {
        "market": word,
        "earlyHours": early,
        "afterHours": late,
        "serverTime": server,
        "exchanges": {"nyse": word, "nasdaq": word, "otc": "open" if regular else "closed"},
        "currencies": {"fx": "open", "crypto": "open"},
        "indicesGroups": {"s_and_p": word},
    }


def upcoming(market: FakeMarket) -> list[Json]:
    """Holidays and early closes of the next year, a row for each exchange."""
    rows: list[Json] = []
    for ahead in range(1, 366):
        day = market.today() + timedelta(days=ahead)
        session = market.market.session(day)
        if session is None and day.weekday() < SATURDAY:
            hours: Json = {"status": "closed"}
        elif session is not None and session.early_close:
            opens, closes = _utc(session.open), _utc(session.close)
            hours = {"status": "early-close", "open": opens, "close": closes}
        else:
            continue
        named = hours | {"name": "Holiday", "date": f"{day}"}
        rows += [{"exchange": exchange} | named for exchange in EXCHANGES]
    return rows


def _utc(instant: int) -> str:
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.000Z")
