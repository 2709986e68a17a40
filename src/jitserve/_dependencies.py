"""``jitserve.depends_on`` and ``jitserve.File``: what a function depends on, where its code does not show it."""

from __future__ import annotations

import contextlib
import os
import threading
import types
from collections.abc import Callable
from typing import Any, NoReturn, Protocol, TypeVar

from jitserve import _core
from jitserve._pure import PureFunction, waived

Target = TypeVar("Target", bound=Callable[..., Any])

ATTRIBUTE = "__jitserve_depends_on__"


class Reader(Protocol):
    """A trace that is recorded, and that may read files."""

    def covers_file(self, file: File) -> bool:
        """Whether the key of the trace holds the contents of this very object."""

    def path_read(self, file: File) -> None:
        """Notes that the trace has seen the path, which no key holds."""


class _Here(threading.local):
    reader: Reader | None = None


_here = _Here()


def read_for(reader: Reader | None) -> Reader | None:
    """Has a recorded trace of this thread told what it reads (None: there is none). Returns the one before."""
    before, _here.reader = _here.reader, reader
    return before


class File:
    """A file that takes part in a key by its contents, wherever it lies. That it is absent is a value, too.

        TABLE = jitserve.File("table.csv")

        @jitserve.jit
        def f(x):
            return x * parse(TABLE.text())

    To be made outside of the function: one that is made while tracing is an ordinary file, which counts by its path.
    The path itself is in no key, so that a trace which asks for it (``open(TABLE)``, ``str(TABLE)``) is not stored.

    Args:
        path: of the file, which is read whenever a key is computed.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)

    def __init_subclass__(cls, **_: Any) -> NoReturn:
        raise TypeError(f"{cls.__qualname__} cannot be made from jitserve.File; hold a File in an attribute instead")

    def digest(self) -> bytes | None:
        """32 bytes over the contents; None where there is no such file.

        Raises:
            OSError: the file is there and cannot be read.
        """
        hasher = _core.Hasher()
        try:
            with self._waived(), open(self._path, "rb") as file:
                while chunk := file.read(1 << 20):
                    hasher.update(chunk)
        except FileNotFoundError:
            return None
        return hasher.digest()

    def bytes(self) -> bytes:
        """The contents. May be called while tracing.

        Raises:
            OSError: the file cannot be read.
        """
        with self._waived(), open(self._path, "rb") as file:
            return file.read()

    def text(self, encoding: str = "utf-8") -> str:
        """The contents as text. May be called while tracing.

        Raises:
            OSError: the file cannot be read.
        """
        return self.bytes().decode(encoding)

    def __fspath__(self) -> str:
        self._tell_path()
        return self._path

    def __repr__(self) -> str:
        self._tell_path()
        return f"jitserve.File({self._path!r})"

    def _waived(self) -> contextlib.AbstractContextManager[None]:
        """What the key holds already need not be recorded once more, by where it lies in this process."""
        covered = _here.reader is not None and _here.reader.covers_file(self)
        return waived() if covered else contextlib.nullcontext()

    def _tell_path(self) -> None:
        if _here.reader is not None:
            _here.reader.path_read(self)


def depends_on(*dependencies: object) -> Callable[[Target], Target]:
    """Adds objects to the fingerprint of a function, beside everything that its code reads.

        @jitserve.jit
        @jitserve.depends_on(CONFIG, jitserve.File("table.csv"))
        def step(state, batch): ...

    For what a fingerprint cannot see: what a ``pure`` function reads, or what C code keeps. The objects are walked like
    captured values: when one of them changes, the function misses.

    Args:
        dependencies: any objects that can be fingerprinted, and ``jitserve.File`` for files.

    Returns:
        A decorator that returns the very function it is given. It goes below ``jit``.

    Raises:
        TypeError: there are no dependencies, or (from the decorator) what is decorated is neither a function nor a
            class.
    """
    if not dependencies:
        raise TypeError("depends_on() was given nothing: name the objects, as in @depends_on(CONFIG)")

    def decorate(target: Target) -> Target:
        if not isinstance(target, types.FunctionType | type | PureFunction):
            raise TypeError(
                f"depends_on() decorates functions and classes, not {type(target).__qualname__} objects; give it what "
                "the function depends on, as in @depends_on(CONFIG), and put it below jit, and below other decorators "
                "that do not return a function"
            )
        # An attribute: the walk reads those anyway, and whoever looks at the function sees it.
        own = vars(target).get(ATTRIBUTE, ())
        try:
            setattr(target, ATTRIBUTE, (*own, *dependencies))
        except TypeError:
            raise TypeError(f"depends_on() cannot mark {target!r}, which takes no attributes") from None
        return target

    return decorate
