"""Settings of one process. ``Settings.from_env`` is the only reader of ``os.environ`` in jitserve.

==========================  ===========================================================================
``JITSERVE_DIR``            the store directory (default: the platform's user cache directory)
``JITSERVE_ADDRESS``        the daemon: ``unix:/path`` or ``/path`` (default: under the runtime directory);
                            ``none`` never looks for one
``JITSERVE_DISABLE``        ``1``: ``jitserve.jit`` runs plain JAX
``JITSERVE_LOOKUP_TIMEOUT`` seconds that a lookup may wait for the daemon (default 0.25)
``JITSERVE_LEASE_TIMEOUT``  seconds to wait for another process's compile of the same key (default 600)
``JITSERVE_AGREEMENT_TIMEOUT``
                            seconds that the processes of a distributed job wait for one another (default 60)
``JITSERVE_EXIT_FLUSH``     seconds to wait at interpreter exit for the writer (default 30)
``JITSERVE_VERIFY``         share of direct hits, 0 to 1, that are traced all the same and compared (default 0)
``JITSERVE_STRICT``         ``1``: a wrong hit found that way is an error (for tests)
``JITSERVE_LOG``            level of the ``jitserve`` logger, for example ``debug``
==========================  ===========================================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jitserve._errors import SettingsError

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process needs to know before its first lookup. All times are in seconds."""

    store_dir: Path
    store_dir_explicit: bool
    address: str | None
    daemon_wanted: bool
    socket_path: Path
    disabled: bool
    lookup_timeout_s: float
    lease_timeout_s: float
    agreement_timeout_s: float
    exit_flush_s: float
    verify_share: float
    strict: bool
    log_level: str | None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads the settings from ``environ`` (default ``os.environ``).

        Raises:
            SettingsError: a variable holds a value that cannot be used; the message names it.
        """
        env = os.environ if environ is None else environ
        directory = env.get("JITSERVE_DIR", "")
        address = env.get("JITSERVE_ADDRESS", "") or None
        wanted = address is None or address.lower() != "none"
        return cls(
            store_dir=store_directory(directory, "JITSERVE_DIR"),
            store_dir_explicit=bool(directory),
            address=address if wanted else None,
            daemon_wanted=wanted,
            socket_path=default_socket_path(env),
            disabled=_flag(env, "JITSERVE_DISABLE"),
            lookup_timeout_s=_seconds(env, "JITSERVE_LOOKUP_TIMEOUT", 0.25),
            lease_timeout_s=_seconds(env, "JITSERVE_LEASE_TIMEOUT", 600.0),
            agreement_timeout_s=_seconds(env, "JITSERVE_AGREEMENT_TIMEOUT", 60.0),
            exit_flush_s=_seconds(env, "JITSERVE_EXIT_FLUSH", 30.0),
            verify_share=_share(env, "JITSERVE_VERIFY"),
            strict=_flag(env, "JITSERVE_STRICT"),
            log_level=_level(env, "JITSERVE_LOG"),
        )

    @classmethod
    def usable(cls) -> tuple[Settings, list[SettingsError]]:
        """The settings of ``os.environ``, the default for each that cannot be used, and what is wrong with those."""
        env, errors = dict(os.environ), list[SettingsError]()
        while True:
            try:
                return cls.from_env(env), errors
            except SettingsError as error:
                errors.append(error)
                del env[error.variable]


def default_socket_path(environ: Mapping[str, str]) -> Path:
    """The daemon's socket: in ``XDG_RUNTIME_DIR``, else in a directory of this user under the temporary directory."""
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "jitserve" / "daemon.sock"
    return _temporary(environ) / f"jitserve-{os.getuid()}" / "daemon.sock"


def _temporary(environ: Mapping[str, str]) -> Path:
    """Where temporary files go. ``tempfile.gettempdir`` would write there to see whether it can, and raise if not."""
    named = (environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP"))
    return next((Path(name) for name in named if os.path.isabs(name) and os.path.isdir(name)), Path("/tmp"))


def store_directory(path: str | os.PathLike[str], name: str) -> Path:
    """The store directory that a setting asks for: the default where it is empty.

    Args:
        path: what the user has written.
        name: of the setting.

    Raises:
        SettingsError: it is no path, or there is no home directory of that user.
    """
    try:
        if not os.fspath(path):
            return _default_store_dir()
        if b"\0" in os.fsencode(path):
            raise ValueError("a path has no null character")
        # What a relative path means now is what it means for the process: programs change their directory.
        return Path(path).expanduser().absolute()
    except (RuntimeError, TypeError, ValueError) as error:
        raise SettingsError(f"{name}={path!r}: {error}", name) from None


def seconds(given: Any, name: str, example: float) -> float:
    """The time that a setting asks for.

    Args:
        given: what the user has written.
        name: of the setting.
        example: a time that can be used.

    Raises:
        SettingsError: it is no number, negative or without end.
    """
    try:
        value = float(given)
    except (TypeError, ValueError, OverflowError):
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise SettingsError(f"{name}={given!r} is not a number of seconds: use for example {example}", name)
    return value


def _default_store_dir() -> Path:
    # Imported here: only processes without JITSERVE_DIR need it.
    import platformdirs

    return Path(platformdirs.user_cache_dir("jitserve", appauthor=False)).absolute()


def _flag(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "").strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise SettingsError(f"{name}={env[name]!r} is not a switch: use 1 or 0", name)


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    return seconds(text, name, default) if text else default


def _share(env: Mapping[str, str], name: str) -> float:
    text = env.get(name, "").strip() or "0"
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise SettingsError(f"{name}={text!r} is not a share: use a number from 0 to 1", name)
    return share


def _level(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name, "").strip().upper()
    if text and text not in _LEVELS:
        raise SettingsError(f"{name}={env[name]!r} is not a level: use one of {', '.join(_LEVELS).lower()}", name)
    return text or None
