"""Bodies of responses, decoded in bounded steps: no answer takes more memory than it may.

https://www.rfc-editor.org/rfc/rfc9110#section-8.4
"""

import zlib
from http import HTTPStatus

from polytape.errors import DataFetchError, IncompleteDataError
from polytape.wire.texts import shown

# What is asked for: what is read here, and nothing else.
ACCEPT_ENCODING = "gzip"
# An error's text is for a reader: of a longer one the beginning is kept.
MOST_ERROR_BYTES = 64 * 1024
_STEP = 256 * 1024
_PLAIN, _PACKED = ("", "identity"), ("gzip", "x-gzip")
# zlib's sign for gzip.
_GZIP_BITS = zlib.MAX_WBITS | 16


class Body:
    """One body as it comes, of an answer from `url`. `most`: bytes that it may have, as sent and as
    decoded; with `cut` what is beyond them is left out, otherwise it is an error.

    Raises: IncompleteDataError for an encoding that was not asked for.
    """

    def __init__(self, url: str, encoding: str, most: int, *, cut: bool = False) -> None:
        self._url, self._most, self._cut = url, most, cut
        self._parts: list[bytes] = []
        self._sent = 0
        self.size = 0
        self.full = False
        name = encoding.strip().lower()
        if name not in (*_PLAIN, *_PACKED):
            raise IncompleteDataError(
                f"the encoding of the answer from {url} is {shown(name, 40)!r}: "
                f"{ACCEPT_ENCODING} was asked for"
            )
        self._inflater = zlib.decompressobj(_GZIP_BITS) if name in _PACKED else None

    def feed(self, raw: bytes) -> None:
        """Take bytes as they were sent.

        Raises: DataFetchError for too many; IncompleteDataError for what cannot be decoded.
        """
        self._sent += len(raw)
        if self._inflater is None:
            self._keep(raw)
        else:
            self._inflate(raw)
        # Blocks of nothing decode to nothing, for ever.
        if self._sent > self._most and not self.full:
            self._overflow()

    def end(self) -> bytes:
        """The whole body. Raises: IncompleteDataError where its encoding does not end."""
        unfinished = self._inflater is not None and not self._inflater.eof
        if unfinished and self._sent and not self.full:
            raise IncompleteDataError(f"the compressed answer from {self._url} does not end")
        return b"".join(self._parts)

    def _inflate(self, raw: bytes) -> None:
        """Decode in steps. A step that fills its room may have more to say without more input."""
        assert self._inflater is not None
        data, more = raw, True
        while more and not self.full:
            try:
                decoded = self._inflater.decompress(data, _STEP)
            except zlib.error as error:
                message = f"the compressed answer from {self._url} could not be read: {error}"
                raise IncompleteDataError(message) from error
            data = self._inflater.unconsumed_tail
            more = bool(data) or len(decoded) == _STEP
            self._keep(decoded)
        if self._inflater.unused_data:
            raise IncompleteDataError(f"the answer from {self._url} goes on after its end")

    def _keep(self, decoded: bytes) -> None:
        room = self._most - self.size
        if len(decoded) > room:
            self._overflow()
        part = decoded[:room]
        self._parts.append(part)
        self.size += len(part)

    def _overflow(self) -> None:
        self.full = True
        if not self._cut:
            raise too_large(self._url, self._most)


def too_large(url: str, most: int) -> DataFetchError:
    """The error for an answer of more bytes than it may have."""
    return DataFetchError(
        f"the answer from {url} is larger than {most:,} bytes, the most that is read of one"
    )


def body_of_status(url: str, status: int, encoding: str, most: int) -> Body:
    """The body of a response, to be fed as it comes. An error's is cut, and what is larger than the
    request allows is an error.
    """
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Body(url, encoding, most)
    return Body(url, encoding, min(most, MOST_ERROR_BYTES), cut=True)
