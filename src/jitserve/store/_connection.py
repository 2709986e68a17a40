"""The client's connection to the daemon: opened late, bounded in time, given up for a while when it breaks.

The only client module that knows gRPC's status codes. gRPC does not survive ``os.fork``, so a child of a process that
had used it goes without the daemon, on the disk tier.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from jitserve._errors import StoreFault
from jitserve._signals import pass_on
from jitserve.store._faults import DaemonFault
from jitserve.store._handles import kept_from_teardown

if TYPE_CHECKING:
    import grpc

T = TypeVar("T")
OnFault = Callable[[StoreFault], None]

REST_S = 60.0  # how long a daemon that failed is left alone: a process pays the delay once


class _Grpc:
    """gRPC keeps process-wide threads from its first channel on; a forked child does not have them."""

    first_user: ClassVar[int | None] = None  # pid


class Connection:
    """One daemon, as one process sees it.

    Args:
        socket: path of the daemon's unix socket.
        timeout: seconds for a quick RPC.
        on_fault: told of each failure of the daemon, since the caller, who is served by the disk tier, does not see it.
        clock: seconds, monotonic.
    """

    def __init__(
        self, socket: Path, timeout: float, on_fault: OnFault, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.timeout = timeout
        self.clock = clock
        self.socket = socket
        self._on_fault = on_fault
        self._channel: grpc.Channel | None = None
        self._stub: Any = None
        self._down_until = float("-inf")
        self._closed = False

    def usable(self) -> bool:
        """Whether an attempt makes sense: not closed, not given up, and not inherited through a fork."""
        inherited = _Grpc.first_user not in (None, os.getpid())
        return not self._closed and not inherited and self.clock() >= self._down_until

    def attempt(self, action: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """``action``, or ``otherwise`` when the daemon cannot be used or fails at it.

        Raises:
            StoreFault: the daemon is fine, and it is its store that could not do it; or ``otherwise`` could not.
        """
        if self.usable():
            try:
                return action()
            except DaemonFault as fault:
                self._on_fault(fault)
        return otherwise()

    def stub(self) -> Any:
        """The generated client; imports gRPC and opens the channel on first use."""
        if self._stub is None:
            self._channel, self._stub = self.open_channel()
        return self._stub

    def open_channel(self) -> tuple[grpc.Channel, Any]:
        """A channel of the caller's own, and its generated client. The caller closes it."""
        import grpc

        from jitserve.store._wire import MESSAGE_LIMIT
        from jitserve.v1 import cache_pb2_grpc

        options = [
            ("grpc.enable_http_proxy", 0),
            ("grpc.default_authority", "localhost"),  # some servers refuse the socket's escaped path
            ("grpc.use_local_subchannel_pool", 1),
            # We know what to do instead of a retry; and gRPC 1.85 retries in a busy loop when a server shuts down while
            # a call is being set up.
            ("grpc.enable_retries", 0),
            ("grpc.max_receive_message_length", MESSAGE_LIMIT),
            ("grpc.max_send_message_length", MESSAGE_LIMIT),
        ]
        _Grpc.first_user = os.getpid()
        channel = kept_from_teardown(grpc.insecure_channel(f"unix:{self.socket}", options))
        return channel, cache_pb2_grpc.CacheStub(channel)

    def call(self, method: str, request: Any, timeout: float | None = None) -> Any:
        """One RPC and its reply. ``request`` is an iterator where the method takes a stream.

        Raises:
            DaemonFault: the daemon failed; it is left alone for a while.
            StoreFault: its store did.
        """
        try:
            return getattr(self.stub(), method)(request, timeout=self.timeout if timeout is None else timeout)
        except Exception as error:
            raise self.fault(error, method) from error

    def fault(self, error: Exception, method: str) -> StoreFault:
        """What went wrong with an RPC, in our words. Unless it is the store's fault, the daemon is given up.

        Raises:
            ``error`` itself, where a handler of signals of the user's has raised it.
        """
        pass_on(error)
        if isinstance(error, ImportError):
            return self.give_up("daemon_error", f"gRPC cannot be imported: {error}")
        import grpc

        from jitserve.store._wire import FAULT_KIND_METADATA

        if not isinstance(error, grpc.RpcError) or not isinstance(error, grpc.Call):
            return self.give_up("daemon_error", f"{method}: {error!r}")
        for name, value in error.trailing_metadata() or ():
            if name == FAULT_KIND_METADATA:
                return StoreFault(str(value), f"{error.details()} (from the daemon at {self.socket})")
        code = error.code()
        kinds = {
            grpc.StatusCode.UNAVAILABLE: "daemon_unreachable",
            grpc.StatusCode.DEADLINE_EXCEEDED: "daemon_timeout",
        }
        return self.give_up(kinds.get(code, "daemon_error"), f"{method}: {code.name}: {error.details()}")

    def give_up(self, kind: str, what: str) -> DaemonFault:
        """Leaves the daemon alone for a while; returns the fault to raise."""
        self._down_until = self.clock() + REST_S
        self._close_channel()  # an open one would try to reconnect all the time, and remember that it could not
        return DaemonFault(kind, f"daemon at {self.socket}: {what}; going on without it for {REST_S:g} s")

    def close(self) -> None:
        """Closes the channel, in the process that opened it. Idempotent."""
        self._closed = True
        self._close_channel()

    def _close_channel(self) -> None:
        channel, self._channel, self._stub = self._channel, None, None
        if channel is not None and _Grpc.first_user == os.getpid():
            channel.close()
