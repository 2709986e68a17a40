"""What the walk in C++ asks Python for (``cpp/bindings/hooks.h``): all that is rare, and all that refuses."""

from __future__ import annotations

import dataclasses
import types
from typing import NoReturn

from jitserve._outcome import BypassReason, Refusal

from . import _classes, _functions, _jax_values, _signatures, _stdlib_values, adapters
from . import _origin as origin
from ._annotations import FIXED as FIXED_ANNOTATIONS
from ._annotations import emit_one as emit_annotation
from ._builtins import encode_builtin
from ._by_keys import is_read_by_keys
from ._class_data import class_data
from ._classes import registered, registered_as
from ._containers import encode_modules
from ._dispatch import encoder_of
from ._functions import meet_user_code
from ._globals import bindings
from ._inner_imports import values as inner_imports
from ._instances import encode_instance
from ._loading import load_lazily
from ._marker import BUILTIN, MISSING, UNRESOLVED
from ._names import of as names_of
from ._path import Path, render
from ._pruning import GENERATED, GENERATED_FILES, is_pruned
from ._raw import UNSET
from ._shapes import shape_of
from ._signatures import told as told_signature
from ._static import check_opaque
from .adapters import is_compiled

__all__ = [
    "BUILTIN",
    "COMPILED",
    "DESCRIPTIVE",
    "FIXED_ANNOTATIONS",
    "GENERATED",
    "GENERATED_FILES",
    "HIDDEN",
    "HIDDEN_IN_LIBRARIES",
    "MISSING",
    "NO_DEFAULT",
    "NUMBERS_FIRST",
    "SIGNATURES",
    "SINGLE_DISPATCH",
    "SPECIAL_NAMES",
    "UNRESOLVED",
    "UNSET",
    "bindings",
    "check_opaque",
    "class_data",
    "emit_annotation",
    "encode_builtin",
    "encode_instance",
    "encode_modules",
    "encoder_of",
    "inner_imports",
    "is_compiled",
    "is_pruned",
    "is_read_by_keys",
    "load_lazily",
    "meet_user_code",
    "names_of",
    "origin",
    "registered",
    "registered_as",
    "shape_of",
    "told_signature",
    "too_large",
]

SINGLE_DISPATCH: types.CodeType = _functions.SINGLE_DISPATCH
NO_DEFAULT: object = dataclasses.MISSING
SIGNATURES = _signatures.NAMES
DESCRIPTIVE = _functions.DESCRIPTIVE | {"__annotations__"}
HIDDEN = _classes.BOOKKEEPING
HIDDEN_IN_LIBRARIES = _classes.BOOKKEEPING | _classes.PRESENTATION
COMPILED = frozenset(adapters.CLASS_ATTRIBUTES)
SPECIAL_NAMES = frozenset(name for _, name in (*adapters.REGISTRIES, *adapters.COUNTERS))

# Encoders that begin with a number: of what has been visited, the loop emits the reference itself.
NUMBERS_FIRST = (
    _functions.encode_partial,
    _functions.encode_lru_cache,
    _jax_values.encode_jitted,
    _stdlib_values.encode_context_variable,
)


def too_large(path: Path, limit: int) -> NoReturn:
    """Refuses to go on."""
    raise Refusal(BypassReason.WALK_TOO_LARGE, render(path), f"more than {limit} values are reachable")
