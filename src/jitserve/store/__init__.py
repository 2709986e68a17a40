"""Where compiled programs are kept: the tiers, and what every one of them promises.

* A record (manifest or program) is returned whole and verified, or not at all. ``None`` is a miss; anything that broke
  is a ``StoreFault``, and never a miss.
* A blob is verified against its digest *and* size before the caller sees one byte of it.
* ``publish`` is the commit point: before it a record is not there, after it every process sees the whole of it.
* At most one holder of a key's lease at any time, in whatever process and through whichever tier it asked. The kernel
  or the daemon frees the lease of a process that dies.
* Nothing waits without a bound, and nothing here imports jax.

``_disk`` is the store directory used in-process, ``_daemon`` the same directory with the host's daemon for leases,
publishing and reports, ``_remote`` what a client does that cannot see the daemon's directory. ``_open`` chooses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jitserve.store._open import open_store as open_store

__all__ = ["open_store"]


def __getattr__(name: str) -> Any:
    # Lazy: the daemon and the tools import modules of this package, and need no client.
    if name == "open_store":
        from jitserve.store._open import open_store

        return open_store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
