"""Settings in files: `.env` and `polytape.toml` of the working directory, then the user's own
`polytape.toml`. `polytape.settings` alone reads them. Where there is none, nothing is imported.
"""

import logging
import os
import re
import stat
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from polytape.errors import ConfigurationError

log = logging.getLogger(__name__)

TOML = "polytape.toml"
DOTENV = ".env"
OTHERS = 0o077
LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")
QUOTED = re.compile(r"""(?P<quote>["'])(?P<text>.*?)(?P=quote)\s*(?:#.*)?""")


class SettingsFile(NamedTuple):
    """What a file says: its texts by the key that is written there. `mode`: its permissions."""

    path: Path
    texts: Mapping[str, str]
    mode: int

    @property
    def is_dotenv(self) -> bool:
        """Whether its keys are environment variables, also of other programs."""
        return self.path.name == DOTENV

    def exposes(self, secrets: Collection[str]) -> bool:
        """Whether others may read one of these keys in it. Windows has no such modes."""
        readable = os.name == "posix" and bool(self.mode & OTHERS)
        return readable and not self.texts.keys().isdisjoint(secrets)


def read_file(path: Path, secrets: frozenset[str]) -> SettingsFile | None:
    """The file; None where there is none. Once for each state of it a warning is logged where it
    has `secrets` that others may read.

    Raises: ConfigurationError naming the file and the line, never a value.
    """
    try:
        status = path.stat()
    except OSError:  # in a folder that cannot be searched there is none for this user, either
        return None
    if not stat.S_ISREG(status.st_mode):
        if path.name == DOTENV:  # a virtual environment may have this name
            return None
        raise ConfigurationError(f"{path} is a folder or a device, and no file of settings")
    return _read(path, status.st_mode & 0o777, status.st_mtime_ns, status.st_size, secrets)


def nearest(name: str, names: Collection[str]) -> str:
    """Which of the names may be meant: " (did you mean port?)", or nothing."""
    from difflib import get_close_matches

    near = get_close_matches(name, names, 1, 0.5)
    return f" (did you mean {near[0]}?)" if near else ""


@lru_cache(maxsize=8)
def _read(
    path: Path,
    mode: int,
    modified_ns: int,  # noqa: ARG001 - another state of the file
    size: int,  # noqa: ARG001 - as well
    secrets: frozenset[str],
) -> SettingsFile:
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is no UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        if path.name != DOTENV:
            raise ConfigurationError(f"{path} cannot be read: {reason}") from error
        log.warning("%s cannot be read, and is left out: %s", path, reason)
        return SettingsFile(path, {}, mode)
    texts = _variables(content) if path.name == DOTENV else _toml(path, content)
    file = SettingsFile(path, {key: _home(text) for key, text in texts.items()}, mode)
    if file.exposes(secrets):
        log.warning("%s has secrets, and others may read it (mode %04o): chmod 600 it", path, mode)
    return file


def _toml(path: Path, content: str) -> dict[str, str]:
    import tomllib

    try:
        table = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_no_toml(path, content, str(error))) from error
    return {key: _text(path, key, value) for key, value in table.items()}


def _no_toml(path: Path, content: str, error: str) -> str:
    """Where a file is no TOML, and what may be wrong there; not what is written, which may be a
    secret.
    """
    place = re.search(r" \(at line (\d+), column (\d+)\)", error)
    if place is None:
        return f"{path} is no TOML: {error}"
    line = content.splitlines()[int(place[1]) - 1 : int(place[1])]
    key = re.match(r"\s*([\w-]+)\s*=", line[0] if line else "")
    of = f" ({key[1]})" if key else ""
    return (
        f"{path}, line {place[1]}, column {place[2]}{of} is no TOML: {error[: place.start()]}; "
        'texts stand in quotes, as in source = "synthetic"'
    )


def _text(path: Path, key: str, value: object) -> str:
    """A value as the environment would say it; a list of names as one text."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case list() if all(isinstance(one, str) for one in value):
            return ",".join(value)
        case dict() | list():
            raise ConfigurationError(
                f"{path}: {key} is a table or a list: settings stand at the top, each of one value"
            )
        case _:
            return str(value)


def _variables(content: str) -> dict[str, str]:
    """`NAME=value` lines, quoted or not, as shells and Docker write them; nothing is expanded."""
    texts = {}
    for line in content.splitlines():
        parts = LINE.fullmatch(line)
        if parts is None:
            continue
        name, value = parts.groups()
        quoted = QUOTED.fullmatch(value)
        texts[name] = quoted["text"] if quoted else re.split(r"(?:^|\s+)#", value, maxsplit=1)[0]
    return texts


def _home(text: str) -> str:
    """No shell has expanded the `~` of a path."""
    return os.path.expanduser(text) if text.startswith("~/") else text  # noqa: PTH111 - a text
