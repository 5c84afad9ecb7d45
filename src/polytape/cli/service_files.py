"""A systemd unit, a launchd property list, a Windows task. Secrets are in none of them."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import click

from polytape.cli.output import note
from polytape.settings import SECRETS, config_folder, load, origins, variable_of
from polytape.settings_files import TOML

NAME = "polytape"
ENVIRONMENT_FILE = "gateway.env"
# The gateway ends what is in flight within ten seconds.
STOP_S = 15
RESTART_S = 5


@dataclass(frozen=True, slots=True)
class Service:
    """What is started: a command line in a folder, with variables of the environment; `secrets`
    are the variables that are set here and are not written down.
    """

    command: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str]
    secrets: tuple[str, ...] = ()


def print_service(kind: str) -> None:
    """Print the file of a kind, and on stderr how to install it.

    Raises: ConfigurationError for a wrong setting.
    """
    load()
    service = this_service()
    write, install = {
        "systemd": (systemd_unit, _install_systemd),
        "launchd": (launchd_plist, _install_launchd),
        "task": (windows_task, _install_task),
    }[kind]
    click.echo(write(service), nl=False)
    note(install(service))


def this_service() -> Service:
    """`polytape serve` by this Python, in the working directory: its files of settings are found
    there again, and those of the environment go along.
    """
    names = {variable_of(name): name for name in origins()}
    written = {
        origin.where: origin.text for origin in origins().values() if ": " not in origin.where
    }
    secret = [where for where in written if _is_secret(where, names)]
    shown = {where: text for where, text in written.items() if where not in secret}
    command = (sys.executable, "-m", "polytape", "serve")
    return Service(command, Path.cwd(), shown, tuple(secret))


def systemd_unit(service: Service) -> str:
    """A user unit of systemd.

    https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
    """
    command = " ".join(_systemd(part, command=True) for part in service.command)
    variables = "".join(
        f"Environment={_systemd(f'{name}={text}')}\n" for name, text in service.variables.items()
    )
    return f"""\
[Unit]
Description=polytape gateway
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={command}
WorkingDirectory={str(service.folder).replace("%", "%%")}
{variables}EnvironmentFile=-%h/.config/{NAME}/{ENVIRONMENT_FILE}
Restart=on-failure
RestartSec={RESTART_S}
TimeoutStopSec={STOP_S}
NoNewPrivileges=yes
PrivateTmp=yes

[Install]
WantedBy=default.target
"""


def launchd_plist(service: Service) -> str:
    """A property list of launchd.

    https://www.manpagez.com/man/5/launchd.plist/
    """
    from plistlib import dumps

    content = {
        "Label": NAME,
        "ProgramArguments": list(service.command),
        "WorkingDirectory": str(service.folder),
        "EnvironmentVariables": dict(service.variables),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ExitTimeOut": STOP_S,
        "StandardErrorPath": str(Path.home() / "Library/Logs/polytape.log"),
    }
    return dumps(content, sort_keys=False).decode()


def windows_task(service: Service) -> str:
    """A task of Windows.

    https://learn.microsoft.com/en-us/windows/win32/taskschd/task-scheduler-schema
    """
    program, *arguments = service.command
    return f"""\
<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>polytape gateway</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
  </Settings>
  <Actions>
    <Exec>
      <Command>{escape(program)}</Command>
      <Arguments>{escape(" ".join(arguments))}</Arguments>
      <WorkingDirectory>{escape(str(service.folder))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def _install_systemd(service: Service) -> str:
    path = f"~/.config/systemd/user/{NAME}.service"
    secrets = _missing(service, f"a line each into ~/.config/{NAME}/{ENVIRONMENT_FILE}, chmod 600")
    return (
        f"Save it as {path}, then: systemctl --user daemon-reload && systemctl --user enable --now "
        f"{NAME} (loginctl enable-linger: also before you log in).{secrets}"
    )


def _install_launchd(service: Service) -> str:
    path = f"~/Library/LaunchAgents/{NAME}.plist"
    secrets = _missing(service, f"into {config_folder() / TOML}, chmod 600 (polytape init --user)")
    return f"Save it as {path}, then: launchctl bootstrap gui/$(id -u) {path}.{secrets}"


def _install_task(service: Service) -> str:
    toml = config_folder() / TOML
    variables = "".join(f" {name}={text}" for name, text in service.variables.items())
    settings = f" A task has no variables: put these into {toml}:{variables}." if variables else ""
    secrets = _missing(service, f"into {toml} (polytape init --user)")
    return (
        f"Save it as {NAME}.xml, then: schtasks /create /tn {NAME} /xml {NAME}.xml."
        f"{settings}{secrets}"
    )


def _missing(service: Service, where: str) -> str:
    """Where the secrets go that are set here."""
    if not service.secrets:
        return ""
    return f" It has no secrets: put {', '.join(service.secrets)} {where}."


def _is_secret(variable: str, names: Mapping[str, str]) -> bool:
    return names.get(variable, "api_key") in SECRETS


def _systemd(text: str, *, command: bool = False) -> str:
    """A word as systemd reads it: quoted, with nothing in it expanded."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + (quoted.replace("$", "$$") if command else quoted) + '"'
