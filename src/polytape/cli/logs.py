"""The log of a gateway: its level, its form, and where it goes.

Loggers are `polytape...`: `polytape.access` has a line a request, `polytape.audit` one for each
change, `polytape.vendor` the vendor's trouble. The last two are written at every level.
"""

import json
import logging
import os
import sys
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from polytape.errors import ConfigurationError
from polytape.settings import Settings

TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
ACCESS, AUDIT, VENDOR = "polytape.access", "polytape.audit", "polytape.vendor"
# A file of the log, and how many older ones are left beside it.
FILE_BYTES, OLDER_FILES = 20 * 1024 * 1024, 5
# Who changed what, and from where, is for the gateway's user and group.
FILE_MODE = 0o640


class JsonFormatter(logging.Formatter):
    """A line is a JSON object in ASCII: time (UTC), level, logger, message; `facts` where there are
    named ones (of requests and changes), `exception` where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": _utc(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        facts = record.args if isinstance(record.args, dict) else getattr(record, "facts", None)
        if facts:
            line["facts"] = facts
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """A line for people; time in UTC."""

    def __init__(self) -> None:
        super().__init__(TEXT)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802, ARG002 - logging's own name
        """The instant of a record, UTC."""
        return _utc(record)


class PrivateFileHandler(RotatingFileHandler):
    """A file of FILE_BYTES with OLDER_FILES older ones beside it, all of FILE_MODE."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=OLDER_FILES, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
        return os.fdopen(handle, "a", encoding="utf-8")


def configure_logs(settings: Settings) -> logging.Handler:
    """Send all records to the file of the settings, or to stderr; returns what writes them.
    `polytape --verbose` goes before the level of the settings.

    Raises: ConfigurationError where the file cannot be written.
    """
    root = logging.getLogger()
    verbose = root.getEffectiveLevel() <= logging.INFO
    handler = _handler(settings.log_file)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    for plain in [old for old in root.handlers if type(old) is logging.StreamHandler]:
        root.removeHandler(plain)
    root.addHandler(handler)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    logging.getLogger("polytape").setLevel(min(level, logging.INFO) if verbose else level)
    access = logging.INFO if settings.access_log or verbose else logging.WARNING
    logging.getLogger(ACCESS).setLevel(access)
    logging.getLogger(AUDIT).setLevel(logging.INFO)
    logging.getLogger(VENDOR).setLevel(min(level, logging.WARNING))
    return handler


def _handler(path: Path | None) -> logging.Handler:
    if path is None:
        return logging.StreamHandler(sys.stderr)
    try:
        return PrivateFileHandler(path)
    except OSError as error:
        raise ConfigurationError(
            f"the log file {path} cannot be written: {error.strerror or error} (--log-file names "
            "another; without it the log goes to stderr)"
        ) from error


def _utc(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03d}Z"
