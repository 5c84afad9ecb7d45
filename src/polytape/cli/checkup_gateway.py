"""What `polytape doctor` looks at of the gateway that commands and clients would use."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NotRequired, TypedDict

from polytape import __version__, errors
from polytape.cli import answers
from polytape.cli.checkup import Finding
from polytape.client.connection import Connection
from polytape.net.http import SyncDriver, check_key, check_url, is_loopback
from polytape.net.owner_token import owner_token
from polytape.settings import Origin, Settings
from polytape.wire.api.media import API
from polytape.wire.flow import RetryPolicy

# It says at once what it is, or something is wrong with it.
AT_ONCE = RetryPolicy(timeout_s=3.0, max_retries=0, deadline_s=5.0)
# What only those may send who manage a gateway: there is no such timeframe, so nothing comes of it,
# and a dry run is no line of the audit's.
MANAGING = {"symbols": [], "start_date": "2024-01-02", "timeframe": "none", "dry_run": True}


class StatusFacts(TypedDict):
    """What a gateway says of itself."""

    version: str
    source: str
    store: str | None
    made_up: NotRequired[bool]


def gateway_findings(
    settings: Settings, written: Mapping[str, Origin], folder: Path
) -> Iterator[Finding]:
    """Whether a gateway answers where clients look for one, what it is, and whether it takes the
    token that they send. `written`: where each setting is; `folder` has the owner's token.
    """
    try:
        address = check_url(settings.url).removesuffix(API)
        key = None if settings.token is None else check_key(settings.token.reveal())
        driver = SyncDriver(address, ca=settings.ca)
    except errors.PolygonClientError as error:
        yield Finding("gateway", "trouble", str(error), f"mend {_named_by(written)}")
        return
    connection = Connection(address, AT_ONCE, key, ca=settings.ca)
    if is_loopback(address):
        connection.read_owner_token = lambda: owner_token(folder)
    try:
        status: StatusFacts = answers.check(
            driver.run(connection.ask("GET", "/status")), StatusFacts
        )
        yield _what_it_is(address, status)
        yield _token_finding(connection, driver, settings)
    except errors.ConnectionError as error:
        yield _unreached(address, error) if error.sent else _nobody(settings, written)
    except errors.AuthenticationError as error:
        yield Finding("gateway", "trouble", f"{address}: {error.detail}", _token_cure(settings))
    except errors.NotFoundError:
        what = f"{address} answers, and does not say what it is: another server of this API?"
        yield Finding("gateway", "warning", what, "polytape serve --port 8201 starts one of ours")
    except errors.PolygonClientError as error:
        what = f"{address} answers, and not as a gateway does: {error}"
        yield Finding("gateway", "trouble", what, f"mend {_named_by(written)}")
    finally:
        driver.close()


def _what_it_is(address: str, status: StatusFacts) -> Finding:
    store = "keeps nothing" if status["store"] is None else f"store {status['store']}"
    made_up = " (made-up prices)" if status.get("made_up") else ""
    version = status["version"]
    what = f"{address}: polytape {version}, source {status['source']}{made_up}, {store}"
    if version != __version__:
        cure = f"start it again by this installation, which is {__version__}"
        return Finding("gateway", "warning", what, cure)
    return Finding("gateway", "ok", what)


def _token_finding(connection: Connection, driver: SyncDriver, settings: Settings) -> Finding:
    """Whether what changes the gateway may be sent to it from here."""
    own = "POLYTAPE_TOKEN" if settings.token is not None else "the owner's token"
    try:
        driver.run(connection.ask("POST", f"{API}/history/backfill", body=MANAGING))
    except errors.AuthenticationError as error:
        trouble = settings.token is not None and "role" not in error.detail
        cure = _token_cure(settings) if trouble else ""
        return Finding("gateway", "trouble" if trouble else "ok", error.detail, cure)
    except errors.ValidationError:  # it was let in
        pass
    return Finding("gateway", "ok", f"takes {own}: it may be managed from here")


def _unreached(address: str, error: errors.ConnectionError) -> Finding:
    """Somebody listens, and gives no answer."""
    cure = "is it busy, or another program? polytape top shows a gateway's work"
    return Finding("gateway", "trouble", f"{address}: {error}", cure)


def _nobody(settings: Settings, written: Mapping[str, Origin]) -> Finding:
    """Nothing answers: as it may be, unless a setting names the address."""
    if "url" in written:
        what = f"{written['url'].where} names {settings.url}, and nothing answers there"
        return Finding("gateway", "trouble", what, "start it there, or mend the setting")
    other = f"; one on port {settings.port} needs POLYTAPE_URL=http://localhost:{settings.port}"
    cure = f"polytape serve starts one{other if settings.port != Settings().port else ''}"
    return Finding("gateway", "ok", f"none runs at {settings.url}", cure)


def _named_by(written: Mapping[str, Origin]) -> str:
    return written["url"].where if "url" in written else "POLYTAPE_URL"


def _token_cure(settings: Settings) -> str:
    if settings.token is None:
        return "set POLYTAPE_TOKEN to a token of its (polytape token add NAME, on its machine)"
    return "POLYTAPE_TOKEN is another gateway's: polytape token add NAME there makes one"
