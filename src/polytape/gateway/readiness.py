"""Whether a gateway can do what it is there for, by what happened last: the vendor is not asked."""

import asyncio
import os
import shutil
from pathlib import Path

from polytape.gateway.gateway import Gateway
from polytape.net.storage import FolderStorage
from polytape.wire.api.readiness_message import Readiness

# Who has to wait longer for the budget than this is better served elsewhere.
LONG_S = 60.0
# A day of the market's minutes has some 20 MB, and is written beside what it replaces.
LEAST_FREE_BYTES = 64 * 1024 * 1024
# A disk that hangs, on a network, is not waited for.
DISK_S = 2.0
FEED_WORKS = frozenset({"none", "idle", "connected"})


async def readiness(gateway: Gateway) -> Readiness:
    """The gateway's state now; it is ready where there is no reason against it."""
    against = (_fetching(gateway), await _store(gateway), _feed(gateway))
    reasons = tuple(reason for reason in against if reason is not None)
    return Readiness(
        not reasons,
        reasons,
        gateway.bars.source_name,
        None if gateway.store is None else gateway.store.storage.url,
        gateway.live.status(),
        gateway.budget_state().remaining,
    )


def _fetching(gateway: Gateway) -> str | None:
    """Why nothing can be fetched."""
    if gateway.upstream is None:
        return None
    trouble = gateway.upstream.trouble()
    if trouble is not None:
        return f"nothing can be fetched: {trouble}"
    state = gateway.budget_state()
    if state.remaining == 0 and state.reset_s > LONG_S:
        return f"the request budget is used up for another {state.reset_s:.0f} s"
    return None


def _feed(gateway: Gateway) -> str | None:
    """Why there are no live events, where somebody wants them."""
    state = gateway.live.status()
    if state in FEED_WORKS or not gateway.live.hub.wanted():
        return None
    return f"the live feed is down: {state}"


async def _store(gateway: Gateway) -> str | None:
    """Why nothing can be stored. Of an object store that is known only when it is tried."""
    storage = None if gateway.store is None else gateway.store.storage
    if not isinstance(storage, FolderStorage):
        return None
    root = storage.root
    try:
        async with asyncio.timeout(DISK_S):
            return await gateway.workers.work(lambda: disk_trouble(root))
    except TimeoutError:
        return f"the disk of {root} does not answer"


def disk_trouble(folder: Path, least_free: int = LEAST_FREE_BYTES) -> str | None:
    """Why nothing can be written to a folder, which may not be there yet."""
    place = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return f"the disk of {folder} cannot be read: {error.strerror}"
    if free < least_free:
        return f"the disk of {folder} is full: {free // 2**20} MB are left"
    if not os.access(place, os.W_OK):
        return f"{folder} cannot be written"
    return None
