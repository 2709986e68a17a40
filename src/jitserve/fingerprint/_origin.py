"""Where code comes from, decided by the file that it was compiled from.

Not by ``__module__``: ``functools.wraps`` copies that from the wrapped function, and anybody can assign to it.

* ``OPAQUE``: the standard library, JAX and what JAX is built on. Their contents are in the key as a whole (see
  ``_toolchain``), so a function of theirs is a name and a code digest, and the walk goes no further.
* ``LIBRARY``: the libraries of JAX's world. Walked like the user's code, but for what is known of them: how they look
  things up by names, and what they keep. The recorder covers what they do.
* ``USER``: everything else, notebooks and ``exec`` included, and other installed packages, which may be the user's own.
"""

from __future__ import annotations

import enum
import functools
import os
import sys
import types
from typing import Any

from . import _packages, _raw

# The programs that the demo runs are programs like any other.
_DEMO = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "demo", "")


class Origin(enum.Enum):
    """Who is answerable for a piece of code."""

    OPAQUE = "opaque"
    LIBRARY = "library"
    USER = "user"


@functools.cache
def _opaque_directories() -> tuple[str, ...]:
    """Where the standard library is, and the packages that everybody who uses jitserve has imported."""
    found = set(_packages.stdlib_directories())
    for name in (
        "jax",
        "jaxlib",
        "numpy",
        "ml_dtypes",
        "jitserve",
    ):  # source trees, too: not all sit in a site directory
        found.update(os.path.abspath(place) for place in getattr(sys.modules.get(name), "__path__", ()))
    return tuple(os.path.join(directory, "") for directory in found)


@functools.lru_cache(maxsize=65536)
def of_file(filename: str) -> Origin:
    """Origin of the code in a file. A name in angle brackets belongs to the user, but for frozen modules."""
    if filename.startswith("<"):
        return Origin.OPAQUE if _packages.is_frozen_stdlib(filename) else Origin.USER
    path = os.path.abspath(filename)
    if path.startswith(_DEMO):
        return Origin.LIBRARY
    package = _packages.installed_package(path)
    if package is not None:
        return _of_package(package)
    return Origin.OPAQUE if path.startswith(_opaque_directories()) else Origin.USER


def _of_package(name: str) -> Origin:
    if name in _packages.OPAQUE_PACKAGES or name in _packages.BYSTANDERS:
        return Origin.OPAQUE
    return Origin.LIBRARY if name in _packages.FAMILIAR or name in _packages.BESIDE else Origin.USER


def _nearest_module(name: str) -> tuple[types.ModuleType | None, list[str]]:
    """The loaded module of a name, or the one around it: extensions have inner modules that are not loaded by name."""
    inner: list[str] = []
    while name:
        module = sys.modules.get(name)
        if issubclass(type(module), types.ModuleType):
            return module, inner
        name, _, last = name.rpartition(".")
        inner.insert(0, last)
    return None, inner


def of_module(name: str) -> Origin:
    """Origin of a loaded module by its file. Built-in modules are opaque, unknown names the user's."""
    module, inner = _nearest_module(name)
    if module is None:
        return Origin.USER
    name = name.removesuffix("".join(f".{part}" for part in inner))
    globals_ = _raw.module_namespace(module)
    filename = globals_.get("__file__")
    if type(filename) is str:
        return of_file(filename)
    if name in sys.builtin_module_names:
        return Origin.OPAQUE
    place = next(iter(globals_.get("__path__", ())), None)  # a namespace package has no file
    if type(place) is str:
        return of_file(os.path.join(place, "__init__.py"))
    outer = name.rpartition(".")[0]  # an inner module of an extension has no file of its own
    return of_module(outer) if outer else Origin.USER


def of_function(function: types.FunctionType) -> Origin:
    """Origin of a Python function, by its code's file; generated code belongs to the module it was made in."""
    filename = function.__code__.co_filename
    if not filename.startswith("<") or filename.startswith("<frozen "):
        return of_file(filename)
    name = function.__globals__.get("__name__")
    if type(name) is not str or name == "__main__":
        return Origin.USER
    module, inner = _nearest_module(name)
    owned = module is not None and not inner and _raw.module_namespace(module) is function.__globals__
    return of_module(name) if owned else Origin.USER


def of_class(cls: type) -> Origin:
    """Origin of a class: that of its module, when the module vouches for it; else the user's.

    A module vouches for what it holds under the class's name. A class made inside a function is vouched for by its
    methods when they all come from there, and one that was implemented in C cannot be made up. One of the methods must
    be written there: those of a dataclass are generated in whichever module the class claims to be of (that of
    ``dataclasses.make_dataclass`` claims to be of ``types`` before Python 3.12).
    """
    module = _raw.module_name(cls)
    claimed = of_module(module)
    if claimed is Origin.USER or not _raw.is_heap_type(cls) or _raw.hides_state(cls):
        return claimed
    name = _raw.qualname(cls)
    # The qualified name of ``jax.Array`` has that of the extension in it that has made it.
    if is_at_home(cls, module, name) or is_at_home(cls, module, name.rpartition(".")[2]):
        return claimed
    methods = [value for value in _raw.namespace(cls).values() if type(value) is types.FunctionType]
    home = _nearest_module(module)[0]
    written = any(_is_written_in(home, value) for value in methods)
    return claimed if written and {of_function(value) for value in methods} == {claimed} else Origin.USER


def _is_written_in(module: types.ModuleType | None, function: types.FunctionType) -> bool:
    is_generated = function.__code__.co_filename.startswith("<")
    return module is not None and not is_generated and function.__globals__ is _raw.module_namespace(module)


def is_at_home(obj: object, module: object, qualname: object) -> bool:
    """Whether ``module.qualname`` is this very object, in this process, now."""
    return type(module) is str and type(qualname) is str and look_up(module, qualname) is obj


def look_up(module_name: str, qualname: str) -> Any:
    """What a dotted name in a loaded module holds, through modules and classes only; None when nothing."""
    loaded, inner = _nearest_module(module_name)
    found: Any = loaded
    for name in (*inner, *qualname.split(".")):
        if issubclass(type(found), types.ModuleType):
            found = _raw.module_namespace(found).get(name)
        elif issubclass(type(found), type):
            found = _raw.namespace(found).get(name)
            found = found.__func__ if type(found) in (staticmethod, classmethod) else found
        else:
            return None
    return found
