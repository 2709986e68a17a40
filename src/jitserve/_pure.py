"""``jitserve.pure``: the user vouches for a callable that the walk cannot read, or need not."""

from __future__ import annotations

import contextlib
import functools
import inspect
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

    OWN = frozenset(("_function", "_identity", "_scope", "_works"))  # the attributes that are not the user's

    def __init__(self, function: Callable[..., Any], module: str, qualname: str, version: int | str) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._identity = (module, qualname, version)
        self._scope = _scope_of(function)
        self._works = _works_of(function)

    @property
    def function(self) -> Callable[..., Any]:
        """The callable itself."""
        return self._function

    @property
    def scope(self) -> dict[str, Any] | None:
        """The globals beside which a function in Python is defined; None for what an extension has made but once."""
        return self._scope

    @property
    def works(self) -> dict[str, Any]:
        """What the callable needs to work, by the names of its attributes, as another decorator has made it."""
        return self._works

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

    Its part of every key is its module, its qualified name and ``version``, and what has been set on it as attributes.
    Neither its code nor anything that it calls or reads is looked at: **raise the version whenever its results
    change**, or old programs are served. A function in Python must be found under its name in its module, or the call
    stands aside: another one of that name and version would be taken for it.
    ``jitserve.explain`` lists it among what was waived.

    Args:
        version: an ``int`` or a ``str``.

    Returns:
        A decorator. It also takes callables that cannot be decorated where they are defined:
        ``norm = jitserve.pure(version="2.1")(extension.norm)``.

    Raises:
        TypeError: ``version`` is neither ``int`` nor ``str``, or (from the decorator) the callable has no qualified
            name of its own (a lambda, a function inside another, a method of an object), or is none (a
            ``classmethod``), or does not run when it is called (a generator, a coroutine).
    """
    if type(version) not in (int, str):
        raise TypeError(f"pure(version={version!r}): a version is an int or a str, not {type(version).__name__}")

    def decorate(function: Callable[..., Any]) -> PureFunction:
        _check(function)
        module, qualname = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
        if type(module) is not str or type(qualname) is not str or "<" in qualname:
            raise TypeError(
                f"pure() needs a callable with a qualified name of its own, not {function!r}; "
                "call it from a function that is defined at the top of a module or class, and make that one pure"
            )
        return PureFunction(function, module, qualname, version)

    return decorate


def _check(function: Any) -> None:
    """Raises for what cannot be pure, or is not told by its name."""
    if isinstance(function, classmethod | staticmethod):
        raise TypeError(f"pure() needs a callable, not a {type(function).__name__}; put it below that decorator")
    if isinstance(function, types.MethodType) and not isinstance(function.__self__, type | types.ModuleType):
        raise TypeError(
            f"pure() cannot tell {function!r} from the same method of another object; "
            "make the method pure where its class defines it, or a function that is given the object"
        )
    inner = inspect.unwrap(function) if callable(function) else function
    if inspect.isgeneratorfunction(inner) or inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        raise TypeError(f"{inner!r} runs piece by piece after it was called; make the functions pure that it calls")


def _scope_of(function: Any) -> dict[str, Any] | None:
    inner = inspect.unwrap(function)
    scope: dict[str, Any] = getattr(getattr(inner, "__func__", inner), "__globals__", {})
    is_python = inner is not function or isinstance(inner, types.MethodType | types.FunctionType | functools.partial)
    return scope if is_python else None


def _works_of(function: Any) -> dict[str, Any]:
    """The registry of a single-dispatch function, and all that a callable has which is neither a function nor jitted.

    That is what ``pure`` is for: a compiler's dispatcher holds what no fingerprint could read.
    """
    is_function = type(function) is types.FunctionType
    if is_function and function.__code__ is not _SINGLE_DISPATCH:
        return {}
    if not is_function and type(function).__module__.partition(".")[0] == "jaxlib":
        return {}
    return dict(getattr(function, "__dict__", {}))


_SINGLE_DISPATCH = functools.singledispatch(lambda value: value).__code__  # type: ignore[attr-defined]


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


def forget_waivers() -> int:
    """For a trace that begins inside of a pure function: that vouches for its own results, and not for those of a
    function which is jitted by itself. Returns what to ``recall_waivers`` at the end.
    """
    before, _depth.value = _depth.value, 0
    return before


def recall_waivers(before: int) -> None:
    """Takes ``forget_waivers`` back."""
    _depth.value = before
