"""From settings to who may do what: tokens, and where they lie."""

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from polytape.cli.output import note
from polytape.errors import ConfigurationError
from polytape.gateway import tokens
from polytape.net import owner_token, private_file
from polytape.settings import Settings, access_folder

if TYPE_CHECKING:
    from polytape.gateway.admission import Admission
    from polytape.gateway.browser_guard import BrowserGuard

# Of an address of another machine's, where nothing else is set: a page's files are some ten.
ANONYMOUS_PER_MINUTE = 600
# Shorter ones can be guessed.
SHORTEST_TOKEN = 16
NO_OWNER = (
    "no token of the owner's: what changes this gateway asks for POLYTAPE_TOKEN, or for a token of "
    "role administer (polytape token add)"
)
CLEAR_TEXT = (
    "Tokens and prices cross the network in clear text: add --tls-cert FILE and --tls-key FILE, or "
    "put a proxy with TLS before this gateway."
)
NO_MODES = " Windows has no modes of files: whoever may read this user's folder may read it."


def make_admission(settings: Settings, *, has_page: bool = False) -> "Admission":
    """Who may do what: the owner, whose token is made where there is none yet; clients with tokens;
    on the loopback also programs without one, but for what changes the gateway. `has_page`: as
    `Admission`.

    Raises: ConfigurationError where a network would be faced without a token, or a file of tokens
    cannot be used.
    """
    from polytape.gateway import admission
    from polytape.gateway.dialects.registry import DIALECTS
    from polytape.gateway.server import is_loopback
    from polytape.gateway.token_table import TokenTable

    local, token = is_loopback(settings.host), _checked_token(settings)
    folder = folder_of(settings)
    table = TokenTable(folder / tokens.FILE, seconds=time.monotonic, wall=time.time)
    if not local and token is None and not table.has_filed():
        raise ConfigurationError(
            f"{settings.host} can be reached from other machines: set POLYTAPE_TOKEN to an "
            "access token, make one by polytape token add NAME, or stay on --host 127.0.0.1"
        )
    if token is not None:
        table.give(token, admission.TOKEN_SETTING)
    owner = _owner_token(folder)
    if owner is not None:
        table.give(owner, "owner")
    if not local and settings.tls_cert is None:
        note(CLEAR_TEXT)
    asks = not local or token is not None
    return admission.Admission(
        table,
        browser_guard(settings),
        DIALECTS,
        asks=asks,
        has_page=has_page,
        anonymous_per_minute=_anonymous_quota(settings, local=local),
    )


def _anonymous_quota(settings: Settings, *, local: bool) -> int | None:
    """What is set; else a bound where other machines reach the gateway."""
    return settings.anonymous_per_minute or (None if local else ANONYMOUS_PER_MINUTE)


def folder_of(settings: Settings) -> Path:
    """The folder of tokens that the settings name, or this user's."""
    return access_folder() if settings.access_folder is None else settings.access_folder


def _owner_token(folder: Path) -> str | None:
    """The token of this machine's owner, made where there is none; None, with a warning, where it
    cannot be.

    Raises: ConfigurationError where others may have read it.
    """
    owner = owner_token.owner_token(folder)
    if owner is not None:
        return owner
    try:
        made = owner_token.make_owner_token(folder, tokens.new_token())
    except ConfigurationError as error:
        note(f"{error}. So there is {NO_OWNER}")
        return None
    if made:
        note(
            f"The owner's token is new, in {folder / owner_token.FILE}: what changes the gateway "
            "asks for it, and polytape and PolygonClient on this machine send it by themselves."
            f"{'' if private_file.HAS_MODES else NO_MODES}"
        )
    return owner_token.owner_token(folder)


def _checked_token(settings: Settings) -> str | None:
    token = None if settings.token is None else settings.token.reveal()
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise ConfigurationError(
            f"POLYTAPE_TOKEN has {len(token)} characters: at least {SHORTEST_TOKEN} are needed, "
            "so that nobody guesses it"
        )
    return token


def browser_guard(settings: Settings) -> "BrowserGuard":
    """Which hosts and pages the gateway knows: the address that it is bound to, this machine's
    name, and those that the settings name.
    """
    from polytape.gateway.browser_guard import BrowserGuard

    hosts = {settings.host.lower(), socket.gethostname().lower(), *_names(settings.allowed_hosts)}
    return BrowserGuard(frozenset(hosts), frozenset(_names(settings.allowed_origins)))


def _names(text: str) -> list[str]:
    return [name.strip().lower().rstrip("/") for name in text.split(",") if name.strip()]
