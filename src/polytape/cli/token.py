"""`polytape token`: tokens by client, of every gateway of this user on this machine."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path

import click

from polytape.cli.moments import SHOWN_IN
from polytape.cli.options import format_option
from polytape.cli.output import note, print_records
from polytape.settings import access_folder

ROLE_HELP = (
    "read: what is stored; spend: also requests of the vendor's; administer: also what changes the "
    "gateway. Default read."
)


@click.group()
def token() -> None:
    """Tokens by client: who may read, spend and administer; add, list, remove."""


@token.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(("read", "spend", "administer")),
    default="read",
    help=ROLE_HELP,
)
@click.option(
    "--expires",
    "days",
    type=click.FloatRange(min=0, min_open=True),
    help="After so many days; default never.",
)
@click.option("--per-minute", type=click.IntRange(min=1), help="Requests a minute.")
@click.option(
    "--vendor-per-day", type=click.IntRange(min=1), help="Requests of the vendor's a day UTC."
)
def add(
    name: str,
    role: str,
    days: float | None,
    per_minute: int | None,
    vendor_per_day: int | None,
) -> None:
    """Make a token for a client and print it, once: only its hash is stored."""
    from polytape.gateway.roles import parse_role
    from polytape.gateway.tokens import add_token

    made = add_token(
        _file(),
        name,
        parse_role(role),
        now=datetime.now(UTC),
        days=days,
        per_minute=per_minute,
        vendor_per_day=vendor_per_day,
    )
    click.echo(made)
    note(
        f"This is the token of {name}, shown once; its hash is in {_file()}. It is sent as "
        "Authorization: Bearer TOKEN, by a PolygonClient with api_key or POLYTAPE_TOKEN. Gateways "
        "that run know it within a second."
    )


@token.command("list")
@format_option
def list_tokens(form: str) -> None:
    """The tokens there are, without their hashes; times are New York time, of csv and json UTC."""
    from polytape.gateway.tokens import read_tokens

    now, zone = datetime.now(UTC), SHOWN_IN if form == "table" else UTC
    rows = [
        {
            "name": one.name,
            "role": one.role,
            "created": f"{one.created_at.astimezone(zone):%Y-%m-%d}",
            "expires": _expiry(one.expires_at, now, zone),
            "per_minute": one.per_minute,
            "vendor_per_day": one.vendor_per_day,
        }
        for one in read_tokens(_file())
    ]
    if not rows and form == "table":
        note(f"there are no tokens in {_file()}: polytape token add NAME makes one")
        return
    print_records(rows, form)


@token.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a client's token: gateways that run refuse it within a second."""
    from polytape.gateway.tokens import remove_token

    remove_token(_file(), name)
    click.echo(f"the token of {name} is removed")


def _file() -> Path:
    from polytape.gateway.tokens import FILE

    return access_folder() / FILE


def _expiry(at: datetime | None, now: datetime, zone: tzinfo) -> str | None:
    if at is None:
        return None
    text = f"{at.astimezone(zone):%Y-%m-%d %H:%M}{'Z' if zone is UTC else ''}"
    return text + ("" if now < at else " (over)")
