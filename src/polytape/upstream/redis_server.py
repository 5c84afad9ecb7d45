"""A Redis (or Valkey) server that several gateways with one API key share."""

import hashlib
from urllib.parse import urlsplit

from polytape.extras import install_command


def shared_name(purpose: str, key: str) -> str:
    """What a thing is called on the server, which gets a hash of the API key only."""
    return f"polytape:{purpose}:{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def need_redis() -> str:
    """The library is missing: what brings it."""
    return f"--redis needs {install_command('redis')}"


def without_password(url: str) -> str:
    """A URL as errors show it. Raises: ValueError for what is no URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or 6379}{parts.path}"
