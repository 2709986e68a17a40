"""Who may compile which key: clients queue here, and the head of each queue takes the file lock for its key.

The file lock is what excludes; this table only adds order and prompt hand-over among the daemon's own clients, and
waits for the locks of processes that do not use the daemon. So whatever happens to the daemon, exclusion holds or is
freed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from jitserve.store._lease import FIRST_PAUSE_S, LONGEST_PAUSE_S


class FileLock(Protocol):
    def release(self) -> None: ...


@dataclass(slots=True)
class _Queue:
    """One key: ``turn`` is first come, first served; ``users`` counts its holder and all who wait."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class LeasesClosed(Exception):
    """The daemon is stopping: ask the file lock yourself."""


class TooManyLeases(Exception):
    """More streams than any host has processes: a client is broken."""


class LeaseTable:
    """The leases of one daemon. Lives in one event loop.

    Args:
        try_lock: takes the file lock of a key, or returns ``None``; must not block.
        limit: holders and waiters at once.
    """

    def __init__(self, try_lock: Callable[[bytes], FileLock | None], limit: int = 10_000) -> None:
        self._try_lock = try_lock
        self._limit = limit
        self._queues: dict[bytes, _Queue] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._held = 0
        self._granted = 0
        self._waited_s = 0.0
        self._closing = False

    @property
    def held(self) -> int:
        return self._held

    @property
    def waiting(self) -> int:
        return len(self._tasks) - self._held

    @property
    def granted(self) -> int:
        """Leases granted since the daemon started."""
        return self._granted

    @property
    def waited_s(self) -> float:
        """Seconds that those who were granted one had waited for it, in all."""
        return self._waited_s

    @contextlib.asynccontextmanager
    async def hold(self, key: bytes, queued: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Has the lease of ``key`` for the block. Calls ``queued`` once if it must wait.

        Raises:
            LeasesClosed: the table was closed, before or within the block.
            TooManyLeases: at once.
            StoreFault: the file lock cannot be had.
        """
        if self._closing:
            raise LeasesClosed
        if len(self._tasks) >= self._limit:
            raise TooManyLeases(f"{self._limit} leases are held or waited for")
        task = asyncio.current_task()
        assert task is not None, "hold() outside a task"
        self._tasks.add(task)
        try:
            async with self._turn(key, queued):
                yield
        except asyncio.CancelledError:
            if not self._closing:
                raise  # the client is gone
            task.uncancel()
            raise LeasesClosed from None
        finally:
            self._tasks.discard(task)

    def close(self) -> None:
        """Ends every ``hold`` with ``LeasesClosed``, which frees the locks, and refuses new ones."""
        self._closing = True
        for task in self._tasks:
            task.cancel()

    @contextlib.asynccontextmanager
    async def _turn(self, key: bytes, queued: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        asked = asyncio.get_running_loop().time()
        queue = self._queues.setdefault(key, _Queue())
        queue.users += 1
        try:
            # Only who is alone may try before having the turn: else two could each hold what the other waits for.
            lock = self._try_lock(key) if queue.users == 1 else None
            if lock is None:
                await queued()
            async with queue.turn:
                if lock is None:
                    lock = await self._poll(key)
                self._held += 1
                self._granted += 1
                self._waited_s += asyncio.get_running_loop().time() - asked
                try:
                    yield
                finally:
                    self._held -= 1
                    lock.release()
        finally:
            queue.users -= 1
            if not queue.users:
                del self._queues[key]

    async def _poll(self, key: bytes) -> FileLock:
        pause = FIRST_PAUSE_S
        while True:
            lock = self._try_lock(key)
            if lock is not None:
                return lock
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
