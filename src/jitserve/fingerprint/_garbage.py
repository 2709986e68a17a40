"""Finalizers that the garbage collector runs while a function is traced."""

from __future__ import annotations

import contextlib
import gc
import threading

from jitserve._pure import waive


class Finalizers:
    """Has a recording in this thread take no notice of what finalizers do.

    The collector runs at any moment, and ends generators and finalizes objects of anybody: that is no part of the
    trace, and says nothing about another one. What ends because its last reference goes does so in every trace.
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._collecting = False

    def start(self) -> None:
        """Begins."""
        gc.callbacks.append(self)

    def stop(self) -> None:
        """Ends."""
        with contextlib.suppress(ValueError):  # somebody has emptied the list
            gc.callbacks.remove(self)
        self._collect(False)

    def __call__(self, phase: str, info: object) -> None:
        if threading.get_ident() == self._thread:
            self._collect(phase == "start")

    def _collect(self, collecting: bool) -> None:
        waive(collecting - self._collecting)
        self._collecting = collecting
