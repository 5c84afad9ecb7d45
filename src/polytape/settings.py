"""One frozen Settings; the only reader of the environment, of `.env` and of `polytape.toml`. Light:
every command starts with it.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, NoReturn, TypeAlias, get_args

import msgspec
from msgspec import Meta

from polytape.errors import ConfigurationError, one_of
from polytape.settings_files import DOTENV, TOML, SettingsFile, nearest, read_file

SourceName: TypeAlias = Literal["auto", "polygon", "flatfiles", "synthetic", "none"]
PlanOption: TypeAlias = Literal["basic", "starter", "developer", "advanced"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogFormat: TypeAlias = Literal["text", "json"]
PREFIX = "POLYTAPE_"
DEFAULT_VENDOR = "https://api.massive.com"
# The vendor's key under either brand's name; the first that is set counts.
KEY_NAMES = ("POLYGON_API_KEY", "MASSIVE_API_KEY")


class Secret:
    """A text that is not shown by accident, nor written: it cannot be pickled."""

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

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a secret is not pickled: it would stand in clear in the file or message; "
            "pass reveal() where that is meant, or let the other process read its own environment"
        )

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _: object) -> "Secret":
        return self


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The environment's `POLYTAPE_...`, and the vendor's key; below it those of `.env`, then those
    of `polytape.toml` in the working directory, then those of the user's own.

    `data`: flat files, a folder or s3://BUCKET. `vendor_url`: where the vendor's REST API is;
    `feed_url`: its live feed, None for the one that goes with it.
    `speed`: how many times as fast as the wall's a made-up market's clock runs, from the last
    session's open; None: the wall clock. `allowed_hosts`,
    `allowed_origins`: names of the gateway, and sites whose pages may use it, separated by commas.
    `memory`: what a gateway may use for its cache and the answers in flight, such as 2GB; None: a
    quarter of the machine's. `long_day_from`: the first trade date of 23 hours, of the market that
    programs of this machine know; None: it does not come. `access_folder`: where the tokens of
    gateways of this machine are, `access_folder()` by default. `anonymous_per_minute`: how many
    requests without a right token a gateway answers to one address; None: 600 where other machines
    reach it, else as many as come. `tls_cert`, `tls_key`: PEM files
    that a gateway serves HTTPS with.
    `ca`: a PEM file of authorities by which clients trust a gateway, None for the system's.
    `log_level`, `log_file` (None: stderr), `log_format`, `access_log` (a line a request),
    `slow_request_s` (a line for one that takes so long; 0: none): what a gateway says of its work.
    `tracing`: spans of OpenTelemetry, of gateways and clients.
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
    access_folder: Path | None = None
    anonymous_per_minute: Annotated[int, Meta(ge=1)] | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    ca: Path | None = None
    long_day_from: date | None = None
    store: str | None = None
    memory: str | None = None
    vendor_url: str = DEFAULT_VENDOR
    feed_url: str | None = None
    plan: PlanOption | None = None
    redis: Secret | None = None
    files_endpoint: str = "https://files.massive.com"
    files_key: Secret | None = None
    files_secret: Secret | None = None
    api_key: Secret | None = None
    log_level: LogLevel = "warning"
    log_file: Path | None = None
    log_format: LogFormat = "text"
    access_log: bool = False
    slow_request_s: Annotated[float, Meta(ge=0)] = 1.0
    tracing: bool = False


_ALLOWED = {
    "port": "a port from 0 to 65535",
    "seed": "a whole number",
    "anonymous_per_minute": "a whole number over 0",
    "long_day_from": "a date, such as 2026-12-07",
    "speed": "a number over 0, at most 100,000",
    "source": one_of(get_args(SourceName)),
    "plan": one_of(get_args(PlanOption)),
    "log_level": one_of(get_args(LogLevel)),
    "log_format": one_of(get_args(LogFormat)),
    "access_log": "true or false",
    "slow_request_s": "seconds, 0 or more",
    "tracing": "true or false",
}
SECRETS = ("token", "redis", "files_key", "files_secret", "api_key")


class Origin(NamedTuple):
    """Where a setting is written, for people, and its text there."""

    where: str
    text: str


def load(environment: Mapping[str, str] | None = None, /, **given: object) -> Settings:
    """The environment under what is given and not None. Where no environment is given it is the
    process's, and below it are the files of settings.

    Raises: ConfigurationError naming the variable or the file and key, never its value.
    """
    written = origins(environment)
    parsed = {name: _parse(name, origin) for name, origin in written.items()}
    chosen = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(Settings(), **parsed | chosen)


def origins(environment: Mapping[str, str] | None = None) -> dict[str, Origin]:
    """Where each setting is written that is; an empty text is none.

    Raises: ConfigurationError for a file that cannot be read, or has a key that is no setting.
    """
    files = read_files() if environment is None else []
    for file in files:
        _check_keys(file)
    variables = os.environ if environment is None else environment
    all_origins = {name: _read(name, variables, files) for name in Settings.__struct_fields__}
    return {name: origin for name, origin in all_origins.items() if origin is not None}


def read_files() -> list[SettingsFile]:
    """The files of settings that there are, the first above the others.

    Raises: ConfigurationError for one that cannot be read.
    """
    paths = [Path(DOTENV), Path(TOML)]
    with suppress(RuntimeError):  # a user without a home, as in containers
        paths.append(config_folder() / TOML)
    files = [read_file(path, _secret_keys(path)) for path in paths]
    return [file for file in files if file is not None]


def is_exposed(file: SettingsFile) -> bool:
    """Whether a file has a secret that others may read."""
    return file.exposes(_secret_keys(file.path))


def long_day_from(environment: Mapping[str, str] | None = None) -> date | None:
    """`Settings.long_day_from` alone, for those who read no other setting: whatever is wrong with
    one of these is none of their business.

    Raises: ConfigurationError naming the variable.
    """
    origin = _alone("long_day_from", environment)
    parsed = None if origin is None else _parse("long_day_from", origin)
    assert parsed is None or isinstance(parsed, date)
    return parsed


def ca_file(environment: Mapping[str, str] | None = None) -> Path | None:
    """`Settings.ca` alone."""
    origin = _alone("ca", environment)
    return None if origin is None else Path(origin.text)


def tracing(environment: Mapping[str, str] | None = None) -> bool:
    """`Settings.tracing` alone.

    Raises: ConfigurationError naming the variable.
    """
    origin = _alone("tracing", environment)
    return origin is not None and bool(_parse("tracing", origin))


def access_folder(
    environment: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Path:
    """Where the tokens of gateways of this machine are: `POLYTAPE_ACCESS_FOLDER`, or the place
    where the platform keeps a user's state.
    """
    origin = _alone("access_folder", environment)
    if origin is not None:
        return Path(origin.text).expanduser()
    variables = os.environ if environment is None else environment
    return _user_folder(variables, platform, "XDG_STATE_HOME", ".local/state")


def config_folder(
    environment: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Path:
    """Where the user's own `polytape.toml` is, if there is one."""
    variables = os.environ if environment is None else environment
    return _user_folder(variables, platform, "XDG_CONFIG_HOME", ".config")


def key_cure() -> str:
    """Where to put the vendor's key, as it is written in each place."""
    return (
        f"set {KEY_NAMES[0]}=YOUR_KEY in the environment or in a file {DOTENV} here, or "
        f'api_key = "YOUR_KEY" in {TOML} (polytape init writes one)'
    )


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return KEY_NAMES[0] if name == "api_key" else f"{PREFIX}{name.upper()}"


def _user_folder(
    variables: Mapping[str, str], platform: str, xdg_variable: str, otherwise: str
) -> Path:
    """A folder of this user's, by the platform's custom.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    xdg = Path(variables.get(xdg_variable, ""))
    if xdg.is_absolute() and platform != "win32":
        return xdg / "polytape"
    home = Path.home()
    if platform == "win32":
        return Path(variables.get("LOCALAPPDATA") or home / "AppData/Local") / "polytape"
    places = {"darwin": "Library/Application Support"}
    return home / places.get(platform, otherwise) / "polytape"


def _secret_keys(path: Path) -> frozenset[str]:
    """The keys of a file that are secrets."""
    if path.name == TOML:
        return frozenset(SECRETS)
    return frozenset({*map(variable_of, SECRETS), *KEY_NAMES})


def _check_keys(file: SettingsFile) -> None:
    """Raises: ConfigurationError for a key that is no setting. A `.env` is also of others."""
    fields = Settings.__struct_fields__
    names = [variable_of(name) for name in fields] if file.is_dotenv else list(fields)
    for key in file.texts:
        if key in names or (file.is_dotenv and not key.startswith(PREFIX)):
            continue
        raise ConfigurationError(
            f"{file.path}: {key} is no setting{nearest(key, names)}; polytape init --print has "
            "them all"
        )


def _alone(name: str, environment: Mapping[str, str] | None) -> Origin | None:
    if environment is None:
        return _read(name, os.environ, read_files())
    return _read(name, environment)


def _read(
    name: str, environment: Mapping[str, str], files: list[SettingsFile] | None = None
) -> Origin | None:
    """What the environment says of a setting, else the first file that does. `POLYTAPE_TOKEN=`
    means that there is none, not one that every request carries.
    """
    variables = KEY_NAMES if name == "api_key" else (variable_of(name),)
    for variable in variables:
        if text := environment.get(variable, "").strip():
            return Origin(variable, text)
    for file in files or ():
        for key in variables if file.is_dotenv else (name,):
            if text := file.texts.get(key, "").strip():
                return Origin(f"{file.path}: {key}", text)
    return None


def _parse(name: str, origin: Origin) -> object:
    hint = Settings.__annotations__[name]
    try:
        return msgspec.convert(origin.text, hint, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        allowed = _ALLOWED.get(name, str(error))
        raise ConfigurationError(f"{origin.where}: {allowed} is expected") from None


def _decode(kind: type, value: object) -> object:
    """A path or a secret of its text."""
    decoded: object = kind(value)
    return decoded
