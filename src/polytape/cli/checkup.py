"""What `polytape doctor` looks at: libraries, settings, tokens, and the rest."""

import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from polytape import settings as setup
from polytape.errors import ConfigurationError, PolygonClientError
from polytape.extras import install_command

Verdict: TypeAlias = Literal["ok", "warning", "trouble"]
# What each extra is for.
EXTRAS = {
    "gateway": "polytape serve, stores",
    "plot": "pictures",
    "redis": "gateways that share a key",
    "dask": "scans on several machines",
}
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[^\]]*\])?>=([\d.]+)\s*(?:;(.*))?")


class Finding(NamedTuple):
    """One check: how it went, what is so, and the command or change that mends it."""

    check: str
    verdict: Verdict
    what: str
    cure: str = ""


def check_up(*, online: bool) -> list[Finding]:
    """Every check, in the order in which they are worth mending."""
    findings = [*version_findings(), *extra_findings(), *settings_findings()]
    try:
        settings, written, folder = setup.load(), setup.origins(), setup.access_folder()
    except PolygonClientError:  # said by the settings' own check
        return [*findings, *_without_files()]
    return [*findings, *_with_settings(settings, written, folder, online=online)]


def _with_settings(
    settings: setup.Settings, written: Mapping[str, setup.Origin], folder: Path, *, online: bool
) -> Iterator[Finding]:
    from polytape.cli import checkup_gateway, checkup_port, checkup_store, checkup_vendor
    from polytape.cli.gateway import status_of_gateway

    status = status_of_gateway()
    yield from checkup_vendor.vendor_findings(settings, status, online=online)
    yield from checkup_gateway.gateway_findings(settings, written, folder)
    if not _absent("gateway"):  # which is what has a store and a port
        yield from checkup_store.store_findings(settings, status, online=online)
        yield checkup_port.port_finding(settings)
        yield from checkup_port.tls_findings(settings)
    yield from token_findings(folder)


def _without_files() -> Iterator[Finding]:
    """What can be looked at where settings cannot be read: by the environment, and where that is
    wrong by nothing that is set. Key, store and port would be guessed.
    """
    from polytape.cli.checkup_gateway import gateway_findings

    environment: Mapping[str, str] = os.environ
    try:
        settings = setup.load(environment)
    except ConfigurationError:
        environment, settings = {}, setup.Settings()
    what = "key, plan, store and port are not looked at: they may stand where nothing can be read"
    yield Finding("settings", "warning", what, "mend the settings, then polytape doctor again")
    folder = setup.access_folder(os.environ)
    yield from gateway_findings(settings, setup.origins(environment), folder)
    yield from token_findings(folder)


def version_findings() -> Iterator[Finding]:
    """Python, polytape, and the libraries that are older than they may be."""
    own = metadata.version("polytape")
    versions = {name: _version(name) for name in ("numpy", "pandas", "pyarrow", "httpx2")}
    shown = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield Finding("versions", "ok", f"polytape {own}, Python {platform.python_version()}, {shown}")
    for name, least, extra in requirements():
        version = _version(name)
        if version is None and not extra:
            yield Finding("versions", "trouble", f"{name} is not installed", f"pip install {name}")
        elif version is not None and _numbers(version) < _numbers(least):
            what = f"{name} {version} is older than {least}, the oldest that works"
            yield Finding("versions", "trouble", what, f"pip install --upgrade '{name}>={least}'")


def extra_findings() -> Iterator[Finding]:
    """Which extras are there: whole, or with what missing."""
    for extra, purpose in EXTRAS.items():
        absent = _absent(extra)
        if not absent:
            yield Finding("extras", "ok", f"{extra} is installed")
            continue
        verdict: Verdict = "warning" if extra == "gateway" else "ok"
        what = f"{extra} is not installed ({purpose}): {', '.join(absent)}"
        yield Finding("extras", verdict, what, install_command(extra))


def settings_findings() -> Iterator[Finding]:
    """Where settings are written, and what is wrong with them."""
    try:
        written = setup.origins()
        setup.load()
        for file in setup.read_files():
            if setup.is_exposed(file):
                what = f"{file.path} has secrets, and others may read it (mode {file.mode:04o})"
                yield Finding("settings", "warning", what, f"chmod 600 {file.path}")
    except ConfigurationError as error:
        cure = "mend it there; polytape init --print shows every setting as it is written"
        yield Finding("settings", "trouble", str(error), cure)
        return
    places = ", ".join(sorted(origin.where for origin in written.values()))
    nothing = "nothing is set"
    cure = "" if written else "polytape init writes a file of settings"
    yield Finding("settings", "ok", places or nothing, cure)


def token_findings(folder: Path) -> Iterator[Finding]:
    """The files of tokens in a folder: private, and readable."""
    from polytape.gateway.tokens import FILE, read_tokens
    from polytape.net import owner_token

    files: Mapping[str, Callable[[], object]] = {
        owner_token.FILE: lambda: owner_token.owner_token(folder),
        FILE: lambda: read_tokens(folder / FILE),
    }
    for name, read in files.items():
        path = folder / name
        try:
            read()
        except ConfigurationError as error:
            yield Finding("tokens", "trouble", str(error), f"chmod 600 {path}")
        else:
            what = f"{path} is private" if path.exists() else f"{path}: none yet"
            yield Finding("tokens", "ok", what)


def requirements() -> Iterator[tuple[str, str, str]]:
    """Each library that polytape names: its name, the oldest version that works, and the extra that
    brings it ("" for all installations). Those of other platforms are left out.
    """
    for text in metadata.requires("polytape") or ():
        match = REQUIREMENT.match(text)
        if match is None:
            continue
        name, least, marker = match.groups(default="")
        extra = re.search(r"extra == ['\"](\w+)['\"]", marker)
        if "sys_platform != 'win32'" in marker.replace('"', "'") and sys.platform == "win32":
            continue
        if extra is None or extra[1] in EXTRAS:
            yield name, least, "" if extra is None else extra[1]


def _absent(extra: str) -> list[str]:
    """The libraries of an extra that are not installed."""
    return [name for name, _, of in requirements() if of == extra and not _version(name)]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: pre-releases count as what they lead to."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [] if match is None else [int(part) for part in match[0].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
