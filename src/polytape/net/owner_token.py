"""The token of whoever owns this machine's gateways: in a file that only that user may read. The
gateway makes it, the command line and the client send it to a gateway of this machine that asks.
"""

from pathlib import Path

from polytape.errors import ConfigurationError
from polytape.net.private_file import make_private, read_private

FILE = "owner.token"
# Of what `secrets.token_urlsafe` makes.
SHORTEST = 32


def owner_token(folder: Path) -> str | None:
    """The token of a folder; None where none was made.

    Raises: ConfigurationError naming the file, where it is not private, or has no token.
    """
    path = folder / FILE
    content = read_private(path)
    if content is None:
        return None
    text = content.decode("ascii", "replace").strip()
    if len(text) < SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(f"{path} has no token: remove it, and the next gateway makes one")
    return text


def make_owner_token(folder: Path, token: str) -> bool:
    """Put a token into a folder that has none. Whether it was put there.

    Raises: ConfigurationError naming the file.
    """
    return make_private(folder / FILE, f"{token}\n".encode())
