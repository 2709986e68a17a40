"""Keeps the daemon's picture of its store fresh. (What keeps the store within a size will live here too.)"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from jitserve._errors import StoreFault
from jitserve.store._disk import DiskStore
from jitserve.store._tier import Usage

_log = logging.getLogger("jitserve.daemon")

PERIOD_S = 30.0
_SHORTEST_S = 1.0
_SHARE = 20.0  # measuring takes at most a twentieth of the time, however large the store


class Janitor:
    """Measures the store now and then, and soon after something was published.

    Args:
        store: of the daemon.
        keep: called before that, in the event loop: sees to it that there is one. Never raises.
    """

    def __init__(self, store: DiskStore, keep: Callable[[], None]) -> None:
        self._store = store
        self._keep = keep
        self._changed = asyncio.Event()
        self._usage = Usage(0, 0, 0, 0, 0, 0)

    @property
    def usage(self) -> Usage:
        """As last measured."""
        return self._usage

    def touched(self) -> None:
        """Something was published."""
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._keep()
            started = time.monotonic()
            await self._measure()
            await asyncio.sleep(max(_SHORTEST_S, _SHARE * (time.monotonic() - started)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_S):
                    await self._changed.wait()

    async def _measure(self) -> None:
        self._changed.clear()
        try:
            self._usage = await asyncio.to_thread(self._store.usage)
        except StoreFault as fault:
            _log.warning("cannot measure the store: %s", fault)
