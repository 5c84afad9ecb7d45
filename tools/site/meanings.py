"""What the parameters of routes mean, where the description has no words for them."""

from collections.abc import Mapping

MEANINGS = {
    "symbol": "a ticker, such as `AAPL` or `BRK.B`",
    "symbols": "tickers",
    "timeframe": "`1min 5min 10min 15min 30min 60min 120min 240min 1day 1week 1month`",
    "start_date": "a date (that trading day in New York), an instant, or words such as `5d`, `ytd`",
    "end_date": "a date, included; or an instant, excluded",
    "limit": "only the latest so many bars",
    "use_cache": "`false` asks the source again",
    "validate": "adds a report on the quality of the bars",
    "include_extended": "`false`: regular hours alone",
    "adjusted": "`false`: as traded, before splits",
    "allow_partial": "what there is, where some is missing; `metadata.missing` names the spans",
    "requests": "up to 1,000 bodies as for `POST /api/v1/bars`",
    "detailed": "adds name, type and exchange of each symbol",
    "query": "a ticker, or a part of a name",
    "active_only": "`false`: those that were delisted, too",
    "dry_run": "counts the requests, fetches nothing",
    "wait": "`false`: answers at once with 202 and the job",
    "job_id": "the id that the answer of the job's start had",
    "as_of": "an instant that is not in the future; now by default",
    "options": "those of the engine, below",
    "action": "`pause`, `resume`, `step` or `speed`",
    "minutes": "of `step`: how far",
    "to": "of `step`: to this instant, or HH:MM in New York",
    "speed": "of `speed`: market seconds in a second",
    "code": "the code that `POST /api/v1/session/code` gave",
    "months": "calendar months up to this one",
}


def meaning_of(name: str, schema: Mapping[str, object]) -> str:
    """The description's own words, or those of this table.

    Raises: KeyError for a name that nobody has described.
    """
    said = schema.get("description")
    return said if isinstance(said, str) else MEANINGS[name]
