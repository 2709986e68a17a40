"""Whose a loaded module is, and parts of libraries that are loaded on first use."""

from __future__ import annotations

import contextlib
import sys
import types

from jitserve import _jax

from . import _origin, _raw
from ._origin import Origin


def origin_of(module: types.ModuleType) -> Origin:
    """Origin of a module object; one that is not the module of its own name belongs to the user."""
    name = _raw.module_namespace(module).get("__name__")
    loaded = type(name) is str and sys.modules.get(name) is module
    return _origin.of_module(str(name)) if loaded else Origin.USER


def load_lazily(module: types.ModuleType, name: str) -> bool:
    """Lets an opaque module load a part of itself that is loaded on first use (``jax.scipy.linalg``).

    The trace would do the same, and a key must not depend on who came first. False where there is no such part.
    """
    namespace = _raw.module_namespace(module)
    loads = "__getattr__" in namespace and not _jax.only_warns(namespace["__getattr__"])
    if loads and origin_of(module) is Origin.OPAQUE:
        with contextlib.suppress(Exception):
            getattr(module, name)
    return name in namespace
