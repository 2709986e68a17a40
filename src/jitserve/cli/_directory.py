"""Which store directory a command looks at."""

from __future__ import annotations

from pathlib import Path

from jitserve._settings import Settings
from jitserve.store._disk import DiskStore
from jitserve.store._layout import Layout
from jitserve.store._sidecar import read_sidecar

STORE_HELP = "Store directory.  [default: JITSERVE_DIR, else the daemon's, else the user's cache directory]"


def store_directory(settings: Settings, socket: Path) -> Path:
    """The directory that a process with these settings would use, given the daemon's socket."""
    sidecar = read_sidecar(socket) if settings.daemon_wanted and not settings.store_dir_explicit else None
    return Path(sidecar.store) if sidecar is not None and sidecar.is_here() else settings.store_dir


def default_store_directory() -> Path:
    """The directory that a process started here would use.

    Raises:
        SettingsError: a variable holds a value that cannot be used.
    """
    settings = Settings.from_env()
    return store_directory(settings, settings.socket_path)


def existing_store(directory: Path) -> DiskStore | None:
    """The store in a directory; None if there is none: who only looks makes none.

    Raises:
        StoreFault: there is one that cannot be used.
    """
    return DiskStore(directory) if Layout(directory).exists() else None
