"""The certificate that a gateway serves HTTPS with."""

import ssl
from pathlib import Path

from polytape.errors import ConfigurationError


def server_context(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """A context of a certificate with its chain, and its key, both PEM; the key may be in the
    certificate's file. None where there is no certificate. TLS 1.2 or newer.

    Raises: ConfigurationError naming the file.
    """
    if cert is None:
        if key is not None:
            raise ConfigurationError(f"--tls-key {key} needs its certificate: add --tls-cert FILE")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    for option, file in (("--tls-cert", cert), ("--tls-key", key)):
        _must_read(option, file)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        files = f"--tls-cert {cert}" + ("" if key is None else f" and --tls-key {key}")
        reason = (error.reason or "NO_KEY_OR_CERTIFICATE_IN_IT").lower().replace("_", " ")
        raise ConfigurationError(
            f"{files} cannot be used: {reason} (PEM files are expected, the certificate before its "
            "chain, and the key of that certificate, without a passphrase)"
        ) from error
    return context


def _must_read(option: str, file: Path | None) -> None:
    if file is None:
        return
    try:
        file.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"{option} {file} cannot be read: {reason}") from error


def _no_password() -> str:
    """A gateway that starts by itself asks nobody for a passphrase."""
    return ""
