"""A lease from the daemon: it lives as long as one gRPC stream does."""

from __future__ import annotations

import atexit
import os
import queue
import sys
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from jitserve.store._connection import Connection
from jitserve.store._handles import kept_from_teardown

_HANDSHAKE = 4.0  # times the timeout of a quick RPC: the caller is about to compile for seconds, and others do already


class GrantedLease:
    """A lease that the daemon holds for this process. Also a context manager."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def release(self) -> None:
        """Ends the stream, which frees the key. Idempotent; does nothing in a forked child."""
        self._stream.end()

    def wait(self, deadline: float) -> bool:
        """Whether it is granted until ``deadline``, on the connection's clock. Raises as ``acquire`` does."""
        connection = self._stream.connection
        event = self._stream.next_event(_HANDSHAKE * connection.timeout)
        if event is None:
            raise connection.give_up("daemon_timeout", "Lease: no answer")
        if event == "queued":
            event = self._stream.next_event(max(0.0, deadline - connection.clock()))
        if event not in (None, "granted"):
            raise connection.give_up("daemon_error", f"Lease: unexpected event {event!r}")
        return event == "granted"

    def __enter__(self) -> GrantedLease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __del__(self) -> None:
        # While the interpreter is torn down, its other threads stand still, some with gRPC's locks: we would wait for
        # ever. By then the exit hook of the stream has ended it.
        if not sys.is_finalizing():
            self.release()


def acquire(connection: Connection, key: bytes, timeout: float) -> GrantedLease | None:
    """Waits up to ``timeout`` seconds for the daemon to grant ``key``; ``None`` if it did not.

    Raises:
        DaemonFault: the daemon did not answer in a fraction of that time, or failed while we waited.
    """
    deadline = connection.clock() + timeout
    lease = GrantedLease(_Stream(connection, key))
    granted = False
    try:
        granted = lease.wait(deadline)
    finally:
        if not granted:
            lease.release()
    return lease if granted else None


class _Stream:
    """The stream, and the thread that reads it: gRPC's iterator cannot wait with a timeout."""

    def __init__(self, connection: Connection, key: bytes) -> None:
        self.connection = connection
        self._owner = os.getpid()
        self._ended = threading.Event()
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            # A channel of its own: giving up the daemon for something else must not free a lease that it still holds.
            self._channel, stub = connection.open_channel()
            self._call = kept_from_teardown(stub.Lease(self._requests(key)))
        except Exception as error:
            raise connection.fault(error, "Lease") from error
        atexit.register(self.end)
        threading.Thread(target=self._read, name="jitserve-lease", daemon=True).start()

    def next_event(self, timeout: float) -> str | None:
        """``queued`` or ``granted``; ``None`` after ``timeout`` seconds.

        Raises:
            DaemonFault: the stream broke or ended.
            StoreFault: the daemon's store cannot give leases.
        """
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(event, Exception):
            raise self.connection.fault(event, "Lease") from event
        return str(event)

    def end(self) -> None:
        if self._owner == os.getpid() and not self._ended.is_set():
            atexit.unregister(self.end)
            self._ended.set()  # lets gRPC's thread that reads `_requests` go
            self._call.cancel()
            self._channel.close()

    def _requests(self, key: bytes) -> Iterator[Any]:
        from jitserve.v1 import cache_pb2 as pb

        yield pb.LeaseRequest(key=key)
        self._ended.wait()

    def _read(self) -> None:
        try:
            for reply in self._call:
                self._events.put(reply.WhichOneof("event"))
            self._events.put(RuntimeError("the daemon ended the stream"))
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self._events.put(error)
