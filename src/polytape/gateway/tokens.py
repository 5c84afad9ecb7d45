"""Tokens by client, as they lie in a file: hashes, never the tokens.

A token has 256 random bits. So its SHA-256 is enough: nobody finds the token of a hash by trying,
which is what slow and salted hashes of passwords are for, and each request is checked quickly.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from polytape.errors import ConfigurationError, ValidationError
from polytape.gateway.roles import Role, parse_role
from polytape.net.private_file import locked, read_private, write_private

FILE = "tokens.json"
BITS = 256
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NAME_ALLOWED = "1 to 64 letters, digits, dots, hyphens and underscores"
# Names that the gateway itself gives.
OWN_NAMES = frozenset({"owner", "page", "anonymous", "POLYTAPE_TOKEN"})
Count: TypeAlias = Annotated[int, Meta(ge=1)] | None


class TokenRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One client's token. `sha256` in hex; instants ISO 8601, UTC; `per_minute` requests,
    `vendor_per_day` requests of the vendor's a day UTC.
    """

    name: str
    role: Literal["read", "spend", "administer"]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    created_at: datetime
    expires_at: datetime | None = None
    per_minute: Count = None
    vendor_per_day: Count = None

    def rights(self) -> Role:
        """Its role."""
        return parse_role(self.role)


class _Content(msgspec.Struct):
    tokens: list[TokenRecord]


def new_token() -> str:
    """A random token of BITS bits."""
    return secrets.token_urlsafe(BITS // 8)


def digest(token: bytes) -> bytes:
    """What is stored of a token, and looked up."""
    return sha256(token).digest()


def read_tokens(path: Path) -> list[TokenRecord]:
    """The tokens of a file; none where there is no file.

    Raises: ConfigurationError naming the file, where it is not private or no file of tokens.
    """
    content = read_private(path)
    if content is None:
        return []
    try:
        tokens = msgspec.json.decode(content, type=_Content).tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no file of tokens: {error}") from error
    if any(one.expires_at is not None and one.expires_at.tzinfo is None for one in tokens):
        raise ConfigurationError(f"{path} is no file of tokens: expires_at without a zone")
    return tokens


def add_token(
    path: Path,
    name: str,
    role: Role,
    *,
    now: datetime,
    days: float | None = None,
    per_minute: int | None = None,
    vendor_per_day: int | None = None,
) -> str:
    """Make a token for a client, for so many days from `now` (aware) on, and put its hash into a
    file. Returns the token, which is nowhere else.

    Raises: ValidationError for what is no name, or a name in use; ConfigurationError.
    """
    if not NAME.fullmatch(name) or name in OWN_NAMES:
        raise ValidationError("name", name, f"{NAME_ALLOWED}, and none of the gateway's own names")
    token = new_token()
    record = TokenRecord(
        name,
        role.word,  # type: ignore[arg-type]
        digest(token.encode()).hex(),
        now.astimezone(UTC).replace(microsecond=0),
        None if days is None else _expiry(now, days),
        per_minute,
        vendor_per_day,
    )
    with locked(path):
        tokens = read_tokens(path)
        if any(one.name == name for one in tokens):
            raise ValidationError("name", name, "another name: there is a token of this one")
        _write(path, [*tokens, record])
    return token


def remove_token(path: Path, name: str) -> None:
    """Take a client's token out of a file.

    Raises: ValidationError where there is none of this name; ConfigurationError.
    """
    with locked(path):
        tokens = read_tokens(path)
        rest = [one for one in tokens if one.name != name]
        if len(rest) == len(tokens):
            names = ", ".join(one.name for one in tokens) or "none"
            raise ValidationError("name", name, f"the name of a token: {names}")
        _write(path, rest)


def _expiry(now: datetime, days: float) -> datetime:
    try:
        return (now.astimezone(UTC) + timedelta(days=days)).replace(microsecond=0)
    except OverflowError as error:
        raise ValidationError("days", days, "fewer days") from error


def _write(path: Path, tokens: list[TokenRecord]) -> None:
    content = msgspec.json.encode(_Content(tokens))
    write_private(path, msgspec.json.format(content) + b"\n")
