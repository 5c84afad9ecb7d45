"""What the figures were measured on, in words that fit any machine: no names, no paths."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import polytape

PEERS = (
    "massive",
    "requests",
    "httpx2",
    "pandas",
    "polars",
    "pyarrow",
    "numpy",
    "fastapi",
    "pydantic",
    "litestar",
    "uvicorn",
)


def machine_text() -> str:
    """Cores, processor, memory, system and Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [
        f"{cores} cores of {_processor()}",
        f"{_memory_gb():.0f} GB",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
    ]
    return ", ".join(parts)


def date_text() -> str:
    """The day, UTC."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def versions() -> dict[str, str]:
    """Of polytape and of those it stands beside; what is not installed is left out."""
    found = {"polytape": polytape.__version__}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | _programs()


def _programs() -> dict[str, str]:
    """wrk and nginx, where they are."""
    import shutil
    import subprocess

    found = {}
    for name in ("wrk", "nginx"):
        if shutil.which(name):
            said = subprocess.run([name, "-v"], capture_output=True, text=True, check=False)
            number = re.search(r"\d+\.[\d.]*\d", said.stdout + said.stderr)
            found[name] = number[0] if number else "unknown"
    return found


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    model = re.search(r"model name\s*:\s*(.+)", text)
    return model[1].strip() if model else platform.machine()


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError, AttributeError):
        return 0.0
