"""The vendor's key where the vendor repeats it. Pure.

Texts of errors have it replaced. Data is never changed: "any" is a key and a word. An answer that
has a key in it which is too long to stand there by chance is refused as a whole.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

from polytape.errors import DataFetchError, PolygonClientError

HIDDEN = "***"
# Shorter ones may be words. The vendor's own have 32 characters.
LONG_ENOUGH = 16
_ESCAPED = re.compile(r"\\+(?:u00([2-7][0-9a-fA-F])|(/))")
_ESCAPED_BYTES = re.compile(_ESCAPED.pattern.encode())


class KeyScrubber:
    """Knows one key, and does not show it."""

    __slots__ = ("_key", "_pattern")

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        forms = sorted({key, quote(key, safe="")}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms)), re.IGNORECASE)

    def text(self, text: str) -> str:
        """A text without the key, however its characters are escaped."""
        plain = _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)
        hidden = self._pattern.sub(HIDDEN, text)
        if plain != text and self._pattern.search(plain):
            return self._pattern.sub(HIDDEN, plain)
        return hidden

    def error(self, error: PolygonClientError) -> None:
        """Take the key out of an error: its texts, and what it came from where that has it."""
        error.args = tuple(self._value(arg) for arg in error.args)
        for name, value in vars(error).items():
            setattr(error, name, self._value(value))
        if any(self.text(repr(cause)) != repr(cause) for cause in _causes(error)):
            error.__cause__ = error.__context__ = None

    def check_data(self, body: bytes) -> None:
        """Pass data that has no key in it. Raises: DataFetchError."""
        if len(self._key) < LONG_ENOUGH:
            return
        plain = body
        if b"\\" in body:
            plain = _ESCAPED_BYTES.sub(lambda m: bytes([int(m[1], 16)]) if m[1] else m[2], body)
        if self._key in plain:
            raise DataFetchError(
                "the vendor's answer has the API key in it: it is neither stored nor passed on"
            )

    def _value(self, value: object) -> object:
        return self.text(value) if isinstance(value, str) else value


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What an error came from, the nearest first."""
    seen = {id(error)}
    cause = error.__cause__ or error.__context__
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
