"""What an answer says of how its question was read, and why it has no bars."""

from collections.abc import Iterable
from dataclasses import replace

from msgspec import structs

from polytape.gateway.gateway import Gateway
from polytape.history.bars_result import BarsResult
from polytape.model.query import BarsQuery
from polytape.model.why_empty import empty_note
from polytape.model.zone_warning import reading_of
from polytape.wire.api.messages import BarsRequest


def readings(**texts: object) -> tuple[str, ...]:
    """How each text of an instant without a zone was read, by the name of its field."""
    said = (reading_of(text, name) for name, text in texts.items() if isinstance(text, str))
    return tuple(filter(None, said))


def dates_read(message: BarsRequest) -> tuple[str, ...]:
    """How the dates of a request for bars were read, where that may be another way than meant."""
    return readings(start_date=message.start_date, end_date=message.end_date)


def noted(
    result: BarsResult, query: BarsQuery, notes: Iterable[str], gateway: Gateway
) -> BarsResult:
    """The same answer with more notes; one without bars also says why."""
    more = [*notes]
    if not len(result.bars):
        now = gateway.now()
        more.append(empty_note(query.span, query.timeframe.value, gateway.market, now))
    if not more:
        return result
    metadata = result.metadata
    return replace(result, metadata=structs.replace(metadata, notes=[*metadata.notes, *more]))
