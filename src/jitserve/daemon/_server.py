"""Wires the daemon together, starts it, and stops it in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from jitserve import _core
from jitserve.daemon._janitor import Janitor
from jitserve.daemon._leases import LeaseTable
from jitserve.daemon._pidlock import DaemonError
from jitserve.daemon._presence import Presence
from jitserve.daemon._service import CacheService, Identity
from jitserve.daemon._socket import owned, private_umask
from jitserve.daemon._tally import Tally
from jitserve.daemon.metrics import DaemonCollector, MetricsServer, serve_metrics
from jitserve.store._disk import DiskStore
from jitserve.store._wire import MESSAGE_LIMIT, SERVICE
from jitserve.v1 import cache_pb2_grpc

_log = logging.getLogger("jitserve.daemon")

GRACE_S = 5.0  # for calls in flight when the daemon is told to stop


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """What to serve and where.

    Args:
        store: the store directory.
        socket: path of the unix socket.
        metrics: host and port for Prometheus (port 0: any free one); ``None``: no metrics.
    """

    store: Path
    socket: Path
    metrics: tuple[str, int] | None


def run_daemon(options: DaemonOptions) -> None:
    """Serves until SIGTERM or SIGINT. Blocks; must run in the main thread.

    Raises:
        DaemonError: it cannot start: another daemon is there, the socket cannot be had.
        StoreFault: the store cannot be used.
    """
    os.umask(0o077)
    asyncio.run(_run(options))


async def _run(options: DaemonOptions) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving(options):
        await stop.wait()
        _log.info("stopping: finishing calls in flight, for at most %g s", GRACE_S)


@contextlib.asynccontextmanager
async def serving(options: DaemonOptions) -> AsyncIterator[None]:
    """The daemon runs for the block. Ready when the block begins: the sidecar is in place."""
    store = DiskStore(options.store.absolute())
    with contextlib.ExitStack() as stack:
        presence = Presence(store, options.socket)
        stack.callback(presence.close)
        stack.enter_context(owned(options.socket))
        leases, tally, janitor = LeaseTable(presence.try_acquire), Tally(), Janitor(store, presence.keep)
        collector = DaemonCollector(_core.__version__, tally, leases, lambda: janitor.usage)
        metrics = _start_metrics(options.metrics, collector)
        if metrics is not None:
            stack.callback(metrics.close)
        identity = Identity(_core.__version__, time.monotonic(), metrics.address if metrics else "")
        service = CacheService(store, leases, tally, janitor, identity)
        async with _grpc_server(options.socket, service, leases.close), _background(janitor):
            presence.announce(identity.metrics_address)
            _log.info("serving %s on unix:%s, metrics on %s", options.store, options.socket, identity.metrics_address)
            yield
    _log.info("stopped")


@contextlib.asynccontextmanager
async def _grpc_server(socket: Path, service: CacheService, close_leases: Callable[[], None]) -> AsyncIterator[None]:
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MESSAGE_LIMIT),
            ("grpc.max_send_message_length", MESSAGE_LIMIT),
        ]
    )
    cache_pb2_grpc.add_CacheServicer_to_server(service, server)
    checks = health.aio.HealthServicer()  # type: ignore[attr-defined] # the stubs know the threaded one only
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    with private_umask():
        try:
            server.add_insecure_port(f"unix:{socket}")
        except RuntimeError as error:
            raise DaemonError(f"cannot listen on unix:{socket}: {error}") from error
        await server.start()
    try:
        for name in ("", SERVICE):
            await checks.set(name, health_pb2.HealthCheckResponse.SERVING)
        yield
    finally:
        await checks.enter_graceful_shutdown()
        stopping = asyncio.create_task(server.stop(GRACE_S))
        await asyncio.sleep(0)  # no new calls from here on
        close_leases()
        await stopping


@contextlib.asynccontextmanager
async def _background(janitor: Janitor) -> AsyncIterator[None]:
    task = asyncio.create_task(janitor.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _start_metrics(address: tuple[str, int] | None, collector: DaemonCollector) -> MetricsServer | None:
    if address is None:
        return None
    host, port = address
    try:
        return serve_metrics(host, port, collector)
    except OSError as error:
        # The cache is worth more than its metrics, and one host may run a daemon for each user or store.
        _log.warning(
            "no metrics: cannot listen on %s:%d (%s); choose another --metrics-address, port 0 takes a free one",
            host, port, error,
        )  # fmt: skip
        return None
