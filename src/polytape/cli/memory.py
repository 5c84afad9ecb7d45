"""How much memory a gateway may use."""

import os
import re
from pathlib import Path

from polytape.errors import ConfigurationError

MB, GB = 1024**2, 1024**3
UNITS = {"MB": MB, "GB": GB}
LEAST = 256 * MB
SHARE = 4
# Where the machine does not say how much it has.
UNKNOWN = 4 * GB
# https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def memory_bytes(text: str | None) -> int:
    """The bytes that a text such as `2GB` or `512MB` means; without one a quarter of the machine's,
    or of the container's.

    Raises: ConfigurationError for another text, or less than 256 MB.
    """
    if text is None:
        return max(LEAST, machine_bytes() // SHARE)
    size = re.fullmatch(r"(\d{1,7}(?:\.\d+)?)\s*(MB|GB)", text.strip().upper())
    chosen = 0 if size is None else round(float(size[1]) * UNITS[size[2]])
    if chosen < LEAST:
        raise ConfigurationError(
            f"memory={text[:40]!r} is not valid: a size of 256MB or more, such as 512MB or 2GB "
            "(--memory, or POLYTAPE_MEMORY)"
        )
    return chosen


def machine_bytes(container_limit: Path = CONTAINER_LIMIT) -> int:
    """The memory of this machine, or of the container, where that has less."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no such function
        machine = UNKNOWN
    try:
        text = container_limit.read_text("ascii").strip()
    except OSError:
        return machine
    return min(machine, int(text)) if text.isdigit() else machine
