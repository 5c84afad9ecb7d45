"""Topics of the live protocol: `AM.AAPL`, `T.BRK.B`, `Q.*`. A symbol may hold dots: a topic is
split at the first one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from polytape.errors import ValidationError, one_of
from polytape.model.symbols import parse_symbol
from polytape.wire.polygon.events import CHANNELS

ALL = "*"
# The vendor names no limit; a frame of subscriptions stays well below one of a megabyte.
TOPICS_A_MESSAGE = 500


@dataclass(frozen=True, slots=True, order=True)
class Topic:
    """A channel of a symbol; `*` is every symbol."""

    channel: str
    symbol: str

    def __str__(self) -> str:
        return f"{self.channel}.{self.symbol}"

    @property
    def everything(self) -> "Topic":
        """The same channel of every symbol."""
        return Topic(self.channel, ALL)


def parse_topic(text: str, param: str = "params") -> Topic:
    """A topic. Raises: ValidationError naming what is wrong of it."""
    channel, dot, symbol = text.strip().partition(".")
    if not dot:
        raise ValidationError(param, text, "CHANNEL.SYMBOL, such as AM.AAPL or T.*")
    if channel not in CHANNELS:
        raise ValidationError(param, text, f"a channel, {one_of(CHANNELS)}")
    return Topic(channel, symbol if symbol == ALL else parse_symbol(symbol, param))


def parse_topics(params: str) -> list[Topic | ValidationError]:
    """The topics of a message, in order, each once; in place of one that is wrong, the error."""
    topics: dict[object, Topic | ValidationError] = {}
    for text in params.split(","):
        try:
            topic = parse_topic(text)
        except ValidationError as error:
            topics[text] = error
        else:
            topics[topic] = topic
    return list(topics.values())


def needed(topics: Iterable[Topic]) -> frozenset[Topic]:
    """The topics that have to be subscribed to, so that all of them are served: a symbol of a
    channel that is wanted whole is not asked for by itself.
    """
    every = frozenset(topics)
    return frozenset(t for t in every if t.symbol == ALL or t.everything not in every)


def messages(action: str, topics: Iterable[Topic]) -> Iterator[dict[str, str]]:
    """Messages of an action, none with too many topics."""
    ordered = sorted(topics)
    for at in range(0, len(ordered), TOPICS_A_MESSAGE):
        part = ordered[at : at + TOPICS_A_MESSAGE]
        yield {"action": action, "params": ",".join(map(str, part))}
