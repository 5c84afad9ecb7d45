"""What of an answer goes into the gateway's cache of answers, and until when it is good."""

from datetime import timedelta

from polytape.gateway.answer_cache import MOVING_US, CachedResponse
from polytape.gateway.gateway import Gateway
from polytape.history.bars_result import BarsResult
from polytape.model.basis import SeriesBasis
from polytape.model.query import BarsQuery
from polytape.store.segments import FolderTokens
from polytape.wire.api import messages


def may_be_cached(message: messages.BarsRequest) -> bool:
    """Whether the same bytes may be given again: not where the answer is to be made anew, or the
    question means other days each day.
    """
    return message.use_cache and not message.validate and not message.has_words


def entry(
    query: BarsQuery,
    result: BarsResult,
    body: bytes,
    media: str,
    *,
    gateway: Gateway,
    now: int,
    tokens: FolderTokens,
) -> CachedResponse:
    """An answer of `now`, microseconds UTC; `tokens` are from before its bars were read."""
    lines = f"content-type: {media}\r\nvary: Accept\r\ncontent-length: {len(body)}\r\n"
    until = _good_until(query, result, gateway, now)
    return CachedResponse(body, lines.encode(), len(result.bars), until, tokens)


def _good_until(query: BarsQuery, result: BarsResult, gateway: Gateway, now: int) -> int:
    """Until when an answer of `now` is good, both in microseconds UTC."""
    market, basis = gateway.market, result.metadata.basis
    sure = basis is not None and not basis.notes and all(map(_is_sure, basis.inputs))
    moving = not sure or query.of_series(market).span.end > market.final_before(now)
    if moving:
        # Why there is no bar yet may be another reason at any moment.
        return now + (MOVING_US if len(result.bars) else 0)
    # From tomorrow on there may be another split to adjust for.
    return market.day_start(market.date_of(now) + timedelta(days=1))


def _is_sure(series: SeriesBasis) -> bool:
    return not (series.missing or series.from_minutes or series.provisional_from)
