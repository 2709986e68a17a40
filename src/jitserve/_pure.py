"""``jitserve.pure``: the user vouches for a callable that the walk cannot read, or need not."""

from __future__ import annotations

import contextlib
import functools
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any


class _Depth(threading.local):
    """How many pure functions are running in this thread, one inside the other."""

    value = 0


_depth = _Depth()


class PureFunction:
    """A callable that stands for itself in a fingerprint by its qualified name and version. Made by ``pure``."""

    def __init__(self, function: Callable[..., Any], module: str, qualname: str, version: int | str) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._identity = (module, qualname, version)

    @property
    def identity(self) -> tuple[str, str, int | str]:
        """Module, qualified name and version: all that a key holds of the callable."""
        return self._identity

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with waived():
            return self._function(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Binds like a function, so that a method can be pure. ``self`` is an argument, and is walked."""
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str:
        return self._identity[1]  # pickled by name, as functions are

    def __repr__(self) -> str:
        module, qualname, version = self._identity
        return f"<pure {module}.{qualname}, version {version!r}>"


def pure(*, version: int | str) -> Callable[[Callable[..., Any]], PureFunction]:
    """Asserts that a callable is a pure function of its arguments, for one that a fingerprint would refuse.

        @jitserve.pure(version=1)
        def table(n):
            return load_table_from_c_library(n)

    Its part of every key is its module, its qualified name and ``version``. Neither its code nor anything that it
    calls or reads is looked at: **raise the version whenever its results change**, or old programs are served.
    ``jitserve.explain`` lists it among what was waived.

    Args:
        version: an ``int`` or a ``str``.

    Returns:
        A decorator. It also takes callables that cannot be decorated where they are defined:
        ``norm = jitserve.pure(version="2.1")(extension.norm)``.

    Raises:
        TypeError: ``version`` is neither ``int`` nor ``str``, or (from the decorator) the callable has no qualified
            name of its own: a lambda, or a function inside another.
    """
    if type(version) not in (int, str):
        raise TypeError(f"pure(version={version!r}): a version is an int or a str, not {type(version).__name__}")

    def decorate(function: Callable[..., Any]) -> PureFunction:
        module, qualname = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
        if type(module) is not str or type(qualname) is not str or "<" in qualname:
            raise TypeError(
                f"pure() needs a callable with a qualified name of its own, not {function!r}; "
                "call it from a function that is defined at the top of a module or class, and make that one pure"
            )
        return PureFunction(function, module, qualname, version)

    return decorate


def inside_pure() -> bool:
    """Whether a pure function is running in this thread: what it executes and reads is waived."""
    return _depth.value > 0


@contextlib.contextmanager
def waived() -> Iterator[None]:
    """Marks what runs inside as waived, like the body of a pure function."""
    waive(1)
    try:
        yield
    finally:
        waive(-1)


def waive(step: int) -> None:
    """What ``waived`` does at its beginning (1) and its end (-1), for callbacks."""
    _depth.value += step
