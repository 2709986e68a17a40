"""The wait for another process's compile: the user is told of it when it takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitserve._session import logger

if TYPE_CHECKING:
    from jitserve._session import Session
    from jitserve.store._tier import Lease, Store

SILENT_S = 10.0  # longer than most compiles; a job that says nothing for longer looks hung


def acquire(session: Session, store: Store, key: bytes, function: str) -> Lease | None:
    """Waits for the right to compile ``key``, as long as the settings say; None if somebody else still has it then.

    Args:
        session, store: of this process.
        key: of the call, or of its program.
        function: whose it is, for the warning.

    Raises:
        StoreFault: leases cannot be had here; compile without one.
    """
    timeout = session.settings.lease_timeout_s
    lease = store.acquire(key, min(SILENT_S, timeout))
    if lease is not None or timeout <= SILENT_S:
        return lease
    message = (
        "%s has waited %g s for somebody else who is compiling it: %s. It waits for up to JITSERVE_LEASE_TIMEOUT "
        "(%g s) in all, and then compiles by itself."
    )
    logger.warning(message, function, SILENT_S, store.holder(key), timeout)
    return store.acquire(key, timeout - SILENT_S)
