"""One frozen Settings; the only reader of the environment. Light: every command starts with it."""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

from polytape.errors import ConfigurationError, one_of

SourceName: TypeAlias = Literal["auto", "polygon", "flatfiles", "synthetic", "none"]
PlanOption: TypeAlias = Literal["basic", "starter", "developer", "advanced"]
PREFIX = "POLYTAPE_"
DEFAULT_VENDOR = "https://api.massive.com"
# The vendor's key under either brand's name; the first that is set counts.
KEY_NAMES = ("POLYGON_API_KEY", "MASSIVE_API_KEY")


class Secret:
    """A text that is not shown by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The environment's `POLYTAPE_...`, and the vendor's key.

    `data`: flat files, a folder or s3://BUCKET. `vendor_url`: where the vendor's REST API is;
    `feed_url`: its live feed, None for the one that goes with it.
    `speed`: how many times as fast as the wall's a made-up market's clock runs, from the last
    session's open; None: the wall clock. `allowed_hosts`,
    `allowed_origins`: names of the gateway, and sites whose pages may use it, separated by commas.
    `long_day_from`: the first trade date of 23 hours, of the market that programs of this machine
    know; None: it does not come.
    """

    url: str = "http://localhost:8200"
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8200
    source: SourceName = "auto"
    data: str | None = None
    splits: Path | None = None
    seed: int = 0
    speed: Annotated[float, Meta(gt=0, le=100_000)] | None = None
    token: Secret | None = None
    allowed_hosts: str = ""
    allowed_origins: str = ""
    long_day_from: date | None = None
    store: str | None = None
    vendor_url: str = DEFAULT_VENDOR
    feed_url: str | None = None
    plan: PlanOption | None = None
    redis: Secret | None = None
    files_endpoint: str = "https://files.massive.com"
    files_key: Secret | None = None
    files_secret: Secret | None = None
    api_key: Secret | None = None


_ALLOWED = {
    "port": "a port from 0 to 65535",
    "seed": "a whole number",
    "long_day_from": "a date, such as 2026-12-07",
    "speed": "a number over 0, at most 100,000",
    "source": one_of(get_args(SourceName)),
    "plan": one_of(get_args(PlanOption)),
}


def load(environment: Mapping[str, str] | None = None, /, **given: object) -> Settings:
    """The environment (of the process, where none is given), under what is given and not None.

    Raises: ConfigurationError naming the variable, never its value.
    """
    variables = os.environ if environment is None else environment
    texts = {name: _read(name, variables) for name in Settings.__struct_fields__}
    parsed = {name: _parse(name, text) for name, text in texts.items() if text is not None}
    chosen = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(Settings(), **parsed | chosen)


def long_day_from(environment: Mapping[str, str] | None = None) -> date | None:
    """`Settings.long_day_from` alone, for those who read no other setting: whatever is wrong with
    one of these is none of their business.

    Raises: ConfigurationError naming the variable.
    """
    text = _read("long_day_from", os.environ if environment is None else environment)
    parsed = None if text is None else _parse("long_day_from", text)
    assert parsed is None or isinstance(parsed, date)
    return parsed


def _read(name: str, environment: Mapping[str, str]) -> str | None:
    """What the environment says of a setting. `POLYTAPE_TOKEN=` means that there is none, not one
    that every request carries.
    """
    variables = KEY_NAMES if name == "api_key" else (f"{PREFIX}{name.upper()}",)
    texts = (environment.get(variable, "").strip() for variable in variables)
    return next((text for text in texts if text), None)


def _parse(name: str, text: str) -> object:
    hint = Settings.__annotations__[name]
    try:
        return msgspec.convert(text, hint, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        allowed = _ALLOWED.get(name, str(error))
        raise ConfigurationError(f"{PREFIX}{name.upper()}: {allowed} is expected") from None


def _decode(kind: type, value: object) -> object:
    """A path or a secret of its text."""
    decoded: object = kind(value)
    return decoded
