"""The container: what can be tried of it without a container engine."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from polytape.settings import load

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
GATEWAY = COMPOSE["services"]["gateway"]


def instructions(name: str) -> list[str]:
    """The arguments of each instruction of a name."""
    return re.findall(rf"^ *{name}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def variables() -> dict[str, str]:
    """The environment that the image sets."""
    pairs = [part.split("=", 1) for part in shlex.split(instructions("ENV")[0])]
    return {name: text for name, text in pairs if name.startswith("POLYTAPE_")}


def health_check() -> list[str]:
    command: list[str] = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
    return command


def test_the_image_sets_settings_that_there_are() -> None:
    """It listens to the network, and keeps bars and tokens on its volume."""
    settings = load(variables())
    assert len(variables()) == 5
    assert (settings.host, settings.port, settings.log_format) == ("0.0.0.0", 8200, "json")
    (volume,) = instructions("VOLUME")
    assert str(settings.store).startswith(f"{volume}/")
    assert str(settings.access_folder).startswith(f"{volume}/")
    assert json.loads(instructions("CMD")[0]) == ["polytape", "serve"]


def test_nobody_is_root_in_it() -> None:
    """And nothing but the volume can be written."""
    (user,) = instructions("USER")
    assert user.split(":")[0].isdigit()
    assert int(user.split(":")[0]) > 0
    assert GATEWAY["read_only"] is True
    assert GATEWAY["cap_drop"] == ["ALL"]
    assert GATEWAY["volumes"] == [f"store:{instructions('VOLUME')[0]}"]
    assert "store" in COMPOSE["volumes"]


def test_the_key_is_in_no_image_and_no_repository() -> None:
    """It is in a file beside, which git and the image leave out."""
    path = f"deploy/{GATEWAY['env_file']}"
    assert path == "deploy/gateway.env"
    for file in (".gitignore", ".dockerignore"):
        assert "deploy/*.env" in (ROOT / file).read_text().splitlines()
    example = (ROOT / "deploy" / "gateway.env.example").read_text()
    names = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    assert names == ["POLYGON_API_KEY", "POLYTAPE_PLAN", "POLYTAPE_TOKEN"]
    load(dict(line.split("=", 1) for line in example.splitlines() if line[:1].isupper()))


def test_a_container_that_is_made_anew_has_the_name_of_the_one_before() -> None:
    """The list of jobs in the store is named by host and port: a backfill under way would be
    forgotten, where the host is the container's own number.
    """
    assert GATEWAY["hostname"].isalnum()


def test_only_this_machine_reaches_the_container_by_default() -> None:
    """Tokens would cross the network in clear text."""
    assert GATEWAY["ports"] == [f"127.0.0.1:8200:{instructions('EXPOSE')[0]}"]


def test_both_ask_whether_the_gateway_is_ready() -> None:
    """The same way, by what the image has."""
    assert GATEWAY["healthcheck"]["test"] == ["CMD", *health_check()]
    assert "/ready" in health_check()[-1]


@pytest.mark.socket
def test_the_health_check_tells_a_gateway_from_none(gateway: str) -> None:
    """It ends well where one is ready, and fails where none is."""
    check = health_check()[-1]
    exec(check.replace("http://127.0.0.1:8200", gateway), {})
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(urllib.error.URLError):
        exec(check.replace("http://127.0.0.1:8200", nobody), {})


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The image's command in a folder: the URL of the gateway, by the loopback."""
    process = subprocess.Popen(
        ["polytape", "serve"], executable=folder / "opt/polytape/bin/polytape", cwd=folder, text=True,
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        port = re.findall(r"http://0.0.0.0:(\d+)", process.stdout.readline())[0]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.long
@pytest.mark.process
@pytest.mark.timeout(900)
def test_what_the_image_runs_runs(tmp_path: Path) -> None:
    """Its commands in a fresh environment: installed, served as its user would, ready, stopped."""
    for command in instructions("RUN"):
        if "/opt/" in command:
            here = command.replace("/opt/", f"{tmp_path}/opt/")
            here = here.replace("python -m venv", f"{sys.executable} -m venv")
            subprocess.run(here, shell=True, cwd=ROOT, check=True, timeout=800)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    image = {name: text.replace("/data", str(tmp_path)) for name, text in variables().items()}
    own = {"POLYTAPE_PORT": str(port), "POLYTAPE_SOURCE": "synthetic", "POLYTAPE_TOKEN": "t" * 32}
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **image, **own}
    with serving(tmp_path, environment) as url:
        check = health_check()[-1].replace("http://127.0.0.1:8200", url)
        subprocess.run([tmp_path / "opt/polytape/bin/python", "-c", check], check=True, timeout=60)
    assert (tmp_path / "store" / "store.json").is_file()
