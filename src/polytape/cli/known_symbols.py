"""Whether symbols exist, before they are streamed: one that does not would be silent for ever."""

from collections.abc import Sequence

from polytape.cli.answers import JsonObject, Verdict
from polytape.cli.gateway import GatewayConnection, connect
from polytape.cli.output import note
from polytape.errors import DataFetchError, NotFoundError
from polytape.model.symbols import parse_symbol
from polytape.wire.api.messages import MAX_SYMBOLS

EVERY_SYMBOL = "*"
# A vendor streams what its reference does not have, or not yet; without a source only a store says.
CANNOT_TELL = ("polygon", "none")


def check_symbols(url: str | None, symbols: Sequence[str], *, shows_each: bool = False) -> None:
    """Say which symbols a gateway has not, and which may be meant. Where the source may stream them
    all the same this is a remark on stderr, made as far as it takes at most half of the vendor's
    budget. `shows_each`: the command says itself what is wrong with each, unless it is wrong with
    all of them. Other servers of this API are not asked.

    Raises: NotFoundError where the source knows its symbols and one of these is none;
    ValidationError; ConnectionError.
    """
    names = list(dict.fromkeys(parse_symbol(name) for name in symbols if name != EVERY_SYMBOL))
    with connect(url) as gateway:
        _check(gateway, names, shows_each=shows_each)


def _check(gateway: GatewayConnection, names: list[str], *, shows_each: bool) -> None:
    try:
        status = gateway.status()
        source = str(status["source"])
    except (DataFetchError, KeyError):
        return
    certain = source not in CANNOT_TELL
    if not certain and (shows_each or not _has_room(status, len(names))):
        return
    absent = _absent(gateway, names)
    if not absent or (shows_each and len(absent) < len(names)):
        return
    texts = [f"{name}{gateway.hint(name)}" for name in absent]
    if certain:
        raise NotFoundError(f"there is no symbol {', '.join(texts)}")
    _note_doubts(source, texts)


def _note_doubts(source: str, texts: list[str]) -> None:
    for text in texts:
        note(f"{source} lists no symbol {text}: it is streamed in case the feed has it")


def _has_room(status: JsonObject, requests: int) -> bool:
    remaining: int = status.get("rate_limit", {}).get("remaining", 0)
    return requests <= remaining // 2


def _absent(gateway: GatewayConnection, names: list[str]) -> list[str]:
    """Those that there are not; none, which is said, where the gateway cannot find out."""
    verdicts: dict[str, Verdict] = {}
    try:
        for at in range(0, len(names), MAX_SYMBOLS):
            body = {"symbols": names[at : at + MAX_SYMBOLS], "detailed": False}
            verdicts |= gateway.post("/validate", body, dict[str, Verdict])
    except DataFetchError as error:
        note(f"whether there are these symbols could not be found out: {error}")
        return []
    return [name for name in names if not verdicts.get(name, {"valid": True})["valid"]]
