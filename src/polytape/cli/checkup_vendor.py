"""What `polytape doctor` looks at of the vendor: key, plan, network, clock."""

from collections.abc import Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from polytape.cli.checkup import Finding
from polytape.cli.checkup_key import key_finding, plan_finding
from polytape.cli.clock import now_us
from polytape.errors import AuthenticationError, PolygonClientError, RateLimitError
from polytape.model.units import SECOND_US
from polytape.settings import Settings
from polytape.upstream.made_up_check import HEADER

# Of a clock that is set by the network; one that is a minute off makes bars final too early.
CLOCK_S, CLOCK_TROUBLE_S = 5, 60
TRIED_SYMBOL = "SPY"
NOT_TRIED = "not tried"
ONLINE = "polytape doctor --online sends one request"


def vendor_findings(
    settings: Settings, status: Mapping[str, Any], *, online: bool
) -> list[Finding]:
    """Key and plan; whether the vendor answers and knows the key; whether the clocks agree.
    `status`: what a gateway that runs says of itself.
    """
    own = [key_finding(settings), plan_finding(settings, status)]
    return [*own, *network_findings(settings, online=online)]


def network_findings(settings: Settings, *, online: bool) -> list[Finding]:
    """Whether the vendor answers and knows the key, and whether the clocks agree."""
    if settings.api_key is None or settings.source not in ("auto", "polygon"):
        what = "nothing outside this machine is needed"
        # Without a key --online sends nothing either.
        return [Finding("network", "ok", what), _unknown_clock(tried=True)]
    host = urlsplit(settings.vendor_url).hostname or settings.vendor_url
    if not online:
        what = f"{host}: {NOT_TRIED}"
        return [Finding("network", "ok", what, ONLINE), _unknown_clock()]
    headers: dict[str, str] = {}
    try:
        _send_one(settings, headers)
    except AuthenticationError as error:
        cure = "copy the key from the vendor's dashboard into POLYGON_API_KEY"
        finding = Finding("network", "trouble", str(error), cure)
    except RateLimitError as error:
        cure = "wait a minute; POLYTAPE_PLAN names the plan"
        finding = Finding("network", "warning", str(error), cure)
    except PolygonClientError as error:
        cure = f"is this machine online, and does it reach {host}?"
        finding = Finding("network", "trouble", str(error), cure)
    else:
        made_up = "; its prices are made up" if HEADER in headers else ""
        finding = Finding("network", "ok", f"{host} answers, and knows the key{made_up}")
    return [finding, clock_finding(headers, now_us())]


def clock_finding(headers: Mapping[str, str], now: int) -> Finding:
    """This machine's clock (`now`, microseconds UTC) beside the `Date` of the vendor's answer."""
    try:
        said = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return _unknown_clock(tried=True)
    ahead = now / SECOND_US - said
    if abs(ahead) < CLOCK_S:
        return Finding("clock", "ok", "agrees with the vendor's")
    where = "ahead of" if ahead > 0 else "behind"
    what = f"this machine's clock is {abs(ahead):,.0f} s {where} the vendor's"
    cure = "set it by the network: timedatectl set-ntp true, or the system's own settings"
    return Finding("clock", "warning" if abs(ahead) < CLOCK_TROUBLE_S else "trouble", what, cure)


def _send_one(settings: Settings, headers: dict[str, str]) -> None:
    """One request of the vendor's, within the budget; the response's headers go into `headers`.

    Raises: PolygonClientError.
    """
    from polytape.cli.budget import make_budget
    from polytape.net import http
    from polytape.upstream.polygon.connection import POLICIES, VendorConnection
    from polytape.wire.polygon.requests import ticker_request

    assert settings.api_key is not None
    url = http.check_url(settings.vendor_url, "vendor_url")
    key = http.check_key(settings.api_key.reveal(), "POLYGON_API_KEY")
    once = {background: replace(policy, max_retries=0) for background, policy in POLICIES.items()}
    vendor = VendorConnection(
        http.SyncDriver(url), make_budget(settings), key, policies=once, on_headers=headers.update
    )
    try:
        vendor.get(ticker_request(TRIED_SYMBOL, active=True))
    finally:
        vendor.end()


def _unknown_clock(*, tried: bool = False) -> Finding:
    """No answer of the vendor's says what time it is."""
    return Finding("clock", "ok", "unknown: no answer has its time", "" if tried else ONLINE)
