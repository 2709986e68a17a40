"""Opaque code that asks the user's objects for nothing by a plain name, but for what any array has.

JAX, NumPy and the standard library read some attributes of what they are handed: ``np.mgrid`` asks for ``start``,
``fractions`` for ``numerator``. So the names in such code count as read where it runs. What runs in every trace is
left out: it deals with arrays, types, trees, functions and frames, and its names would make all attributes count that
are called ``level`` or ``params``. The names of what arrays have are in ``_unread._DUCKS``.
"""

from __future__ import annotations

import functools
import os
import types

import jax
import numpy as np

from jitserve import _core

from . import _packages
from ._attribute_names import ALL

_STDLIB_MODULES = """
    _collections_abc _weakrefset abc codecs collections contextlib copyreg dataclasses dis enum functools
    genericpath importlib inspect keyword linecache logging opcode os posixpath re reprlib tempfile threading
    tokenize traceback types typing warnings weakref zipimport
"""
_JAX_FILES = """
    abstract_arrays.py ad_util.py api.py api_util.py array.py basearray.py cache_key.py compilation_cache.py compiler.py
    config.py core.py custom_derivatives.py dispatch.py dtypes.py effects.py flattree.py frozen_dict.py hijax.py
    interpreters/ jaxpr_util.py lax/control_flow/ lax/lax.py lax/utils.py layout.py lazy_loader.py lib/ linear_util.py
    literals.py mesh.py monitoring.py named_sharding.py numpy/array_methods.py numpy/error.py numpy/hijax.py
    numpy/reductions.py numpy/scalar_types.py numpy/ufunc_api.py numpy/ufuncs.py numpy/util.py partition_spec.py path.py
    pjit.py prng.py profiler.py random/prng.py random/threefry2x32.py sharding_impls.py source_info_util.py stages.py
    traceback_util.py tree.py tree_util.py util.py xla_bridge.py xla_metadata_lib.py
"""
_STDLIB = frozenset(_STDLIB_MODULES.split())
_JAX = tuple(f"_src/{name}" for name in _JAX_FILES.split())
_NUMPY = tuple(f"_core/{name}.py" for name in ("fromnumeric", "getlimits", "multiarray", "numeric", "numerictypes"))
_PACKAGES = frozenset(("jaxlib", "jitserve", "ml_dtypes", "opt_einsum", "typing_extensions"))


@functools.cache
def is_plumbing(filename: str) -> bool:
    """Whether opaque code of that file asks objects of the user's for nothing but what any array has."""
    if filename.startswith("<"):
        return True
    if _packages.is_stdlib(filename):
        folder, name = os.path.split(filename)
        return os.path.splitext(name)[0] in _STDLIB or os.path.basename(folder) in _STDLIB
    for package, parts in ((jax, _JAX), (np, _NUMPY)):
        home = _home(package)
        if filename.startswith(home):
            return filename[len(home) :].replace(os.sep, "/").startswith(parts)
    return _packages.package_of(filename) in _PACKAGES or filename.startswith(_OURS)


@functools.lru_cache(maxsize=16384)
def attributes_in(code: types.CodeType) -> frozenset[str]:
    """The names of the attributes that opaque code reads."""
    return frozenset(_core.code_names(code)[5])


def takes_all(code: types.CodeType) -> bool:
    """Whether opaque code goes through all attributes of an object. JAX does so with its own only."""
    return not ALL.isdisjoint(code.co_names) and not code.co_filename.startswith(_home(jax))


def _home(package: types.ModuleType) -> str:
    return os.path.dirname(package.__file__ or "") + os.sep


_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep
