"""What lowering warns the user about (donated buffers that cannot be used): kept, so that a hit can say it again."""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from jax._src.interpreters import mlir

Warned = tuple[str, int]  # what it says, and the line of JAX's module that it comes from


class _Tap:
    """Stands where ``jax._src.interpreters.mlir`` has the ``warnings`` module; listens for one thread at a time."""

    def __init__(self) -> None:
        self.listening = threading.local()

    def warn(self, message: Any, category: Any = None, stacklevel: int = 1, **options: Any) -> None:
        heard = getattr(self.listening, "heard", None)
        if heard is not None and category in (None, UserWarning):
            heard.append((str(message), sys._getframe(1).f_lineno))
            if self.listening.quietly:
                return
        warnings.warn(message, category, stacklevel + 1, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(warnings, name)


_tap = _Tap()
vars(mlir)["warnings"] = _tap


@contextlib.contextmanager
def heard_warnings(*, quietly: bool = False) -> Iterator[list[Warned]]:
    """The user warnings that lowering raises in this thread meanwhile: raised as ever, too, if not ``quietly``."""
    heard: list[Warned] = []
    _tap.listening.heard, _tap.listening.quietly = heard, quietly
    try:
        yield heard
    finally:
        _tap.listening.heard = None


def warn_again(warned: list[Warned]) -> None:
    """Warns as lowering would have: from JAX's own module, by which people filter, and once as often as there."""
    registry = vars(mlir).setdefault("__warningregistry__", {})
    for message, line in warned:
        warnings.warn_explicit(message, UserWarning, str(mlir.__file__), line, mlir.__name__, registry)
