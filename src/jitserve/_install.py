"""``jitserve.install``: the whole process profits, libraries included, without a change of their code."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jitserve._jax import Replacement


class _Installation:
    """What ``install`` has replaced in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._replacement: Replacement | None = None

    def install(self) -> None:
        """Has JAX served from the store from now on, in the whole process.

        ``jax.jit`` becomes ``jitserve.jit`` for all code that looks it up from now on, and JAX's compilation cache is
        served from the store: eager operations, ``pmap`` and functions that were jitted before are still traced and
        lowered, but not compiled. Call it before the modules that use ``jax.jit`` are imported. Doing it twice does
        nothing. A cache of JAX's own that is configured stays in use, behind the store. On a JAX that jitserve does not
        support there is one warning and nothing is replaced.
        """
        import jitserve

        with self._lock:
            jit = jitserve.jit
            if self._replacement is not None or not is_ours(jit):
                return
            from jitserve import _jax
            from jitserve._entries import StoredEntries

            self._replacement = _jax.Replacement(jit)
            _jax.put_in_front(StoredEntries())

    def uninstall(self) -> None:
        """Undoes ``install``: everything that it replaced is as it was found.

        What ``jitserve.jit`` listens to inside of JAX is no part of that.
        Functions that were jitted in between remain what they are, as does what they have loaded.
        """
        with self._lock:
            if self._replacement is None:
                return
            from jitserve import _jax

            _jax.put_in_front(None)
            self._replacement.undo()
            self._replacement = None


def is_ours(jit: object) -> bool:
    """Whether this is our ``jit``: on an unsupported JAX, and where JITSERVE_DISABLE is set, it is ``jax.jit``."""
    home = sys.modules.get("jitserve._jit")
    return home is not None and getattr(home, "jit", None) is jit


_installation = _Installation()
install = _installation.install
uninstall = _installation.uninstall
