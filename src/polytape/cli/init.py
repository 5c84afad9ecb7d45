"""`polytape init`: a file of settings to be filled in, with every setting explained."""

import os
from pathlib import Path

import click

from polytape.cli.output import note
from polytape.errors import ConfigurationError
from polytape.net.private_file import make_private
from polytape.settings import SECRETS, config_folder, variable_of
from polytape.settings_files import TOML

HEAD = """\
# Settings of polytape. What is not set here is as each line below shows it, or is not set at all:
# take the # away before a name to set it. An option of a command goes before the environment, that
# before a file .env in the working directory, that before this file in the working directory, and
# that before the same file in the user's own folder.
# polytape doctor says what is set, and whether it works.
"""
# By section: a setting, an example as TOML, and what it means.
SECTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Where bars come from": (
        ("source", '"auto"', "auto (the vendor, with a key), polygon, flatfiles, synthetic, none"),
        ("api_key", '"..."', "the vendor's key; keep this file to yourself (chmod 600)"),
        ("plan", '"basic"', "basic, starter, developer or advanced; not set: found out"),
        ("data", '"/data/flatfiles"', "flat files: a folder, or s3://flatfiles"),
        ("splits", '"/data/flatfiles/splits.csv"', "ticker,execution_date,split_from,split_to"),
        ("files_key", '"..."', "of the vendor's bucket of flat files"),
        ("files_secret", '"..."', "of the same bucket"),
        ("files_endpoint", '"https://files.massive.com"', "where that bucket is"),
        ("vendor_url", '"https://api.massive.com"', "where the vendor's API is"),
        ("feed_url", '"wss://socket.massive.com"', "its live feed; not set: the one of that API"),
        ("seed", "0", "another made-up market"),
        ("speed", "60.0", "a made-up market's clock, so many times as fast; not set: the wall's"),
        ("long_day_from", "2026-12-07", "the first trade date of 23 hours; not set: never"),
    ),
    "Where bars are stored": (
        ("store", '"/data/polytape"', "a folder, s3://BUCKET/PREFIX or none; not set: user data"),
    ),
    "The gateway": (
        ("host", '"127.0.0.1"', "where it listens; what other machines reach needs a token"),
        ("port", "8200", "and its port"),
        ("memory", '"2GB"', "for its cache and the answers in flight; not set: a quarter"),
        ("redis", '"redis://localhost"', "budget and live feed, shared between gateways"),
        ("tls_cert", '"/etc/polytape/cert.pem"', "HTTPS: the certificate and its chain"),
        ("tls_key", '"/etc/polytape/key.pem"', "and its key"),
        ("allowed_hosts", '["prices.example"]', "further names of this gateway"),
        ("allowed_origins", '["https://desk.example"]', "sites whose pages may use it"),
        ("anonymous_per_minute", "600", "requests of an address without a token"),
        ("access_folder", '"~/.local/state/polytape"', "where tokens are; not set: user state"),
    ),
    "Its log": (
        ("log_level", '"warning"', "debug, info, warning or error; the vendor's trouble always"),
        ("log_file", '"/var/log/polytape.log"', "in turns of 20 MB; not set: stderr"),
        ("log_format", '"text"', "text, or json: an object a line"),
        ("access_log", "false", "a line for each request"),
        ("slow_request_s", "1.0", "seconds: a line for a request that takes so long; 0: none"),
        ("tracing", "false", "spans of OpenTelemetry, of clients too; needs the extra otel"),
    ),
    "Clients": (
        ("url", '"http://localhost:8200"', "the gateway that commands and clients ask"),
        ("token", '"..."', "what opens it, where it asks for one"),
        ("ca", '"/etc/polytape/ca.pem"', "the authorities that its certificate may be of"),
    ),
}  # fmt: skip


@click.command()
@click.option("--user", is_flag=True, help="Into the user's own folder, for all working folders.")
@click.option("--print", "prints", is_flag=True, help="Print it instead.")
def init(user: bool, prints: bool) -> None:
    """Write a polytape.toml with every setting explained.

    None of them is set in it. An option goes before the environment, that before .env and
    polytape.toml of the working directory, and those before the user's own. A file that is there is
    left as it is.
    """
    if prints:
        click.echo(template(), nl=False)
        return
    path = (config_folder() if user else Path.cwd()) / TOML
    if not make_private(path, template().encode()):
        raise ConfigurationError(f"{path} is there already: polytape init --print shows a new one")
    click.echo(path)
    note("Nothing is set in it yet. polytape doctor says what is missing.")


def template() -> str:
    """The file."""
    parts = [HEAD]
    for title, settings in SECTIONS.items():
        lines = [f"# {title}\n"]
        lines += [f"#{name} = {example}  # {meaning}" for name, example, meaning in settings]
        parts.append("\n".join(lines) + "\n")
    secret = ", ".join(variable_of(name) for name in SECRETS)
    parts.append(f"# Secrets may stand in the environment or in .env as well:\n# {secret}\n")
    return "\n".join(parts).replace("\n", os.linesep)
