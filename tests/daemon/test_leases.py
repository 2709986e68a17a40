"""The table of leases: order, hand-over, and clients that go away at any moment."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

import pytest
from actors import key

from jitserve.daemon._leases import LeasesClosed, LeaseTable, TooManyLeases


class Lock:
    """A file lock that is not in a file."""

    def __init__(self, locks: Locks, key: bytes) -> None:
        self._locks = locks
        self._key = key

    def release(self) -> None:
        self._locks.taken.remove(self._key)


class Locks:
    """All of them. A key in ``taken`` is held, by the table or by a process that does not use the daemon."""

    def __init__(self) -> None:
        self.taken: set[bytes] = set()

    def __call__(self, key: bytes) -> Lock | None:
        if key in self.taken:
            return None
        self.taken.add(key)
        return Lock(self, key)


class Client:
    """One client of the table: a task, and the events that it saw."""

    def __init__(self, table: LeaseTable, key: bytes) -> None:
        self.queued = asyncio.Event()
        self.granted = asyncio.Event()
        self.done = asyncio.Event()
        self.task = asyncio.create_task(self._run(table, key))

    async def _run(self, table: LeaseTable, key: bytes) -> None:
        async def queued() -> None:
            self.queued.set()

        async with table.hold(key, queued):
            self.granted.set()
            await self.done.wait()

    async def finish(self) -> None:
        self.done.set()
        await self.task

    async def vanish(self) -> None:
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 60.0))


def test_free_key_is_granted_without_queueing() -> None:
    async def scenario() -> None:
        locks = Locks()
        table = LeaseTable(locks)
        client = Client(table, key(1))
        await client.granted.wait()
        assert not client.queued.is_set()
        assert (table.held, table.waiting) == (1, 0)
        await client.finish()
        assert (table.held, table.waiting) == (0, 0)
        assert locks.taken == set()

    run(scenario())


def test_waiters_are_served_in_the_order_they_came() -> None:
    async def scenario() -> None:
        table = LeaseTable(Locks())
        clients = [Client(table, key(1))]
        await clients[0].granted.wait()
        for _ in range(3):
            clients.append(Client(table, key(1)))
            await clients[-1].queued.wait()
        assert (table.held, table.waiting) == (1, 3)
        for holder, following in itertools.pairwise(clients):
            assert not following.granted.is_set()
            await holder.finish()
            await following.granted.wait()
        await clients[-1].finish()

    run(scenario())


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_client_that_vanishes_anywhere_in_the_queue_holds_nobody_up(gone: int) -> None:
    async def scenario() -> None:
        locks = Locks()
        table = LeaseTable(locks)
        clients = [Client(table, key(1))]
        await clients[0].granted.wait()
        for _ in range(2):
            clients.append(Client(table, key(1)))
            await clients[-1].queued.wait()
        await clients.pop(gone).vanish()
        for client in clients:
            await client.granted.wait()
            await client.finish()
        assert (table.held, table.waiting, locks.taken) == (0, 0, set())

    run(scenario())


def test_lock_of_a_process_without_the_daemon_is_waited_for() -> None:
    async def scenario() -> None:
        locks = Locks()
        table = LeaseTable(locks)
        locks.taken.add(key(1))
        client = Client(table, key(1))
        await client.queued.wait()
        assert not client.granted.is_set()
        locks.taken.remove(key(1))
        await client.granted.wait()
        await client.finish()

    run(scenario())


def test_client_that_vanishes_while_the_lock_is_waited_for_leaves_nothing() -> None:
    async def scenario() -> None:
        locks = Locks()
        table = LeaseTable(locks)
        locks.taken.add(key(1))
        client = Client(table, key(1))
        await client.queued.wait()
        await client.vanish()
        assert (table.held, table.waiting, locks.taken) == (0, 0, {key(1)})

    run(scenario())


def test_close_frees_holders_and_waiters_and_refuses_more() -> None:
    async def scenario() -> None:
        locks = Locks()
        table = LeaseTable(locks)
        holder = Client(table, key(1))
        await holder.granted.wait()
        waiter = Client(table, key(1))
        await waiter.queued.wait()
        table.close()
        late = Client(table, key(2))
        for client in (holder, waiter, late):
            with pytest.raises(LeasesClosed):
                await client.task
        assert (table.held, table.waiting, locks.taken) == (0, 0, set())
        assert not waiter.granted.is_set()

    run(scenario())


def test_more_leases_than_the_limit_are_refused_at_once() -> None:
    async def scenario() -> None:
        table = LeaseTable(Locks(), limit=1)
        holder = Client(table, key(1))
        await holder.granted.wait()
        with pytest.raises(TooManyLeases, match="1 leases"):
            await Client(table, key(2)).task
        await holder.finish()

    run(scenario())
