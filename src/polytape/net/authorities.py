"""Whose certificates a client believes."""

import ssl
from pathlib import Path

from polytape.errors import ConfigurationError


def client_context(ca: Path) -> ssl.SSLContext:
    """A context that trusts the authorities of a PEM file, and no others.

    Raises: ConfigurationError naming the file.
    """
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"POLYTAPE_CA {ca} is no PEM file of certificates: the one that the gateway's was "
            "signed by, or the gateway's own, is expected"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"POLYTAPE_CA {ca} cannot be read: {reason}") from error


def system_context() -> ssl.SSLContext:
    """A context that trusts whom the system trusts, by the same rule as requests do: on macOS and
    Windows Python's own default often knows no authority at all.
    """
    import httpcore2  # not loaded where nothing is secure

    return httpcore2.default_ssl_context()
