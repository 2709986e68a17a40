"""JAX's own compilation cache: a place in front of it, and a way around it.

JAX asks one object (``CacheInterface``) for the bytes of an executable before it compiles, and hands them over
afterwards. ``put_in_front`` makes that object ask ``Entries`` first; whatever cache the user has configured stays
behind it, with the user's own thresholds. ``without_jax_cache`` is for compilations whose executable we store: one that
JAX's cache found by version strings must never get under a key that promises more.
"""

from __future__ import annotations

import contextlib
import pathlib
import threading
from collections.abc import Iterator
from typing import Any, Protocol

from jax._src import compilation_cache, compiler, config
from jax._src.compilation_cache_interface import CacheInterface


class Entries(Protocol):
    """Where executables are kept, by JAX's own key. Neither function may raise, nor wait for long."""

    def get(self, key: str) -> bytes | None:
        """What was put under this key, or None."""

    def put(self, key: str, value: bytes, compile_s: float) -> None:
        """Keeps ``value``, which took ``compile_s`` seconds to compile."""


class _Here(threading.local):
    """What this thread is doing.

    Attributes:
        around: how many compilations are under way that JAX's cache has no part in.
        compile_s: seconds that the executable took to compile which is being handed over.
        least_s, least_bytes: the user's thresholds for it.
    """

    around: int = 0
    compile_s: float = 0.0
    least_s: float = 0.0
    least_bytes: int = 0


class _Front(CacheInterface):
    """The cache that JAX sees: ours, and behind it the user's."""

    _path = pathlib.Path("jitserve")

    def __init__(self, entries: Entries, behind: CacheInterface | None, here: _Here) -> None:
        self._entries = entries
        self._behind = behind
        self._here = here

    def get(self, key: str) -> bytes | None:
        value = self._entries.get(key)
        if value is None and self._behind is not None:
            value = self._behind.get(key)
        return value

    def put(self, key: str, value: bytes) -> None:
        here = self._here
        self._entries.put(key, value, here.compile_s)
        if self._behind is not None and here.compile_s >= here.least_s and len(value) >= here.least_bytes:
            self._behind.put(key, value)


class _Bytes:
    """Stands for an executable that was serialised already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def serialize(self) -> bytes:
        return self._data


class _Seam:
    """The two functions of JAX that say which cache is used and what gets into it, replaced while anybody needs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here = _Here()
        self._users = 0
        self._entries: Entries | None = None
        self._get_cache: Any = compilation_cache._get_cache
        self._cache_write: Any = compiler._cache_write

    def put_in_front(self, entries: Entries | None) -> None:
        """Has ``entries`` asked before the user's cache; None: only the user's cache, as without us."""
        before, self._entries = self._entries, entries
        if before is None and entries is not None:
            self._hold()
        if before is not None and entries is None:
            self._let_go()

    @contextlib.contextmanager
    def without_jax_cache(self) -> Iterator[None]:
        """What this thread compiles in this context is neither looked up nor stored by JAX."""
        self._hold()
        self._here.around += 1
        try:
            yield
        finally:
            self._here.around -= 1
            self._let_go()

    def _hold(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._get_cache, self._cache_write = compilation_cache._get_cache, compiler._cache_write
                compilation_cache._get_cache = self.get_cache
                compiler._cache_write = self.cache_write  # type: ignore[assignment]

    def _let_go(self) -> None:
        with self._lock:
            self._users -= 1
            # Somebody else may have replaced them after us; then ours stays, and does nothing.
            if self._users == 0 and compilation_cache._get_cache == self.get_cache:
                compilation_cache._get_cache = self._get_cache
            if self._users == 0 and compiler._cache_write == self.cache_write:
                compiler._cache_write = self._cache_write

    def get_cache(self, backend: Any) -> Any:
        """In place of ``compilation_cache._get_cache``."""
        if self._here.around:
            return None
        behind = self._get_cache(backend)
        entries = self._entries
        return behind if entries is None or _is_special() else _Front(entries, behind, self._here)

    def cache_write(self, key: str, compile_s: float, module: str, backend: Any, executable: Any, *rest: Any) -> None:
        """In place of ``compiler._cache_write``: without the thresholds, which are for the user's cache only."""
        if self._entries is None or self._here.around or _is_special():
            self._cache_write(key, compile_s, module, backend, executable, *rest)
            return
        data = _serialized(executable)
        if data is None:
            return  # where no cache is configured, JAX says nothing about it either
        here, least_s = self._here, config.persistent_cache_min_compile_time_secs
        least_bytes = config.persistent_cache_min_entry_size_bytes
        here.compile_s, here.least_s, here.least_bytes = compile_s, least_s.value, least_bytes.value
        with least_s(0.0), least_bytes(0):
            self._cache_write(key, compile_s, module, backend, _Bytes(data), *rest)


def _is_special() -> bool:
    """Whether JAX uses its cache for more than looking up, or with a key that leaves code out: none of ours then."""
    return bool(
        config.compilation_cache_check_contents.value
        or config.compilation_cache_expect_pgle.value
        or config.enable_pgle.value
        or config.remove_custom_partitioning_ptr_from_cache_key.value
    )


def _serialized(executable: Any) -> bytes | None:
    try:
        return bytes(executable.serialize())
    except Exception:  # noqa: BLE001 - JAX would make a warning of it, which nobody gets without us
        return None


# A look at what is bound inside JAX takes ours for what it stands in the place of.
vars(_Seam)["get_cache"].__wrapped__ = compilation_cache._get_cache
vars(_Seam)["cache_write"].__wrapped__ = compiler._cache_write

_seam = _Seam()
put_in_front = _seam.put_in_front
without_jax_cache = _seam.without_jax_cache
