"""The functions that look at this process's session, or replace it."""

from __future__ import annotations

import dataclasses
import os

from jitserve._errors import SettingsError
from jitserve._session import Session, current_session, replace_session
from jitserve._settings import seconds, store_directory
from jitserve._stats import Stats


def stats() -> Stats:
    """What this process's calls came to so far."""
    return current_session().counters.snapshot()


def flush(timeout_s: float | None = None) -> bool:
    """Waits until what this process has compiled so far is published.

    Args:
        timeout_s: seconds to wait at most; None waits until it is done.

    Returns:
        Whether all of it is published, or has failed to be.
    """
    return current_session().writer.flush(timeout_s)


def configure(
    *,
    directory: str | os.PathLike[str] | None = None,
    address: str | None = None,
    lookup_timeout_s: float | None = None,
    lease_timeout_s: float | None = None,
) -> None:
    """Changes the settings of this process from now on; the counters begin anew.

    What is not given stays as it is. Executables that the process has loaded stay loaded.

    Args:
        directory: the store directory, as ``JITSERVE_DIR`` names it: ``~`` is the home directory, and an empty text
            means the default.
        address: the daemon, ``unix:/path`` or ``/path``; ``none`` uses the store directory without a daemon.
        lookup_timeout_s: seconds that a lookup may wait for the daemon.
        lease_timeout_s: seconds to wait for another process's compile of the same key.

    Raises:
        SettingsError: a value cannot be used; the message names it.
    """
    settings = current_session().settings
    times = {"lookup_timeout_s": lookup_timeout_s, "lease_timeout_s": lease_timeout_s}
    changes: dict[str, object] = {
        name: seconds(given, name, getattr(settings, name)) for name, given in times.items() if given is not None
    }
    if directory is not None:
        store_dir = store_directory(directory, "directory")
        changes |= {"store_dir": store_dir, "store_dir_explicit": bool(os.fspath(directory))}
    if address is not None:
        if not isinstance(address, str):
            raise SettingsError(f"address={address!r} is not a text: use unix:/path, /path or none", "address")
        wanted = address.lower() != "none"
        changes |= {"address": address if wanted else None, "daemon_wanted": wanted}
    replace_session(Session(dataclasses.replace(settings, **changes)))  # type: ignore[arg-type]
