"""The visible table of what the walk knows about particular classes of the libraries.

Most objects need no entry: they are read generically. An entry says which attributes are bookkeeping that no program
depends on (a process-wide counter, a memo), or that an object of the class is *inert* as a whole: what a program can
see of it is in the key in another way, given as the reason.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

from jitserve._outcome import BypassReason

from .. import _origin, _raw
from . import (
    _absl,
    _attrs,
    _beartype,
    _distrax,
    _einops,
    _equinox,
    _flax,
    _haiku,
    _jax,
    _numpyro,
    _omegaconf,
    _pydantic,
    _stdlib,
)
from ._absl import flag_named as flag_named
from ._adapter import Adapter as Adapter
from ._harmless import Harmless as Harmless
from ._pydantic import is_compiled as is_compiled

TABLE: dict[str, Adapter] = {
    **_absl.TABLE,
    **_beartype.TABLE,
    **_stdlib.TABLE,
    **_jax.TABLE,
    **_flax.TABLE,
    **_numpyro.TABLE,
    **_distrax.TABLE,
    **_omegaconf.TABLE,
    **_pydantic.TABLE,
}

# Registries of libraries, by (module, name): only the entries of walked classes count (``_registries``).
REGISTRIES: dict[tuple[str, str], str] = {**_flax.REGISTRIES}

# Globals of libraries that are left out, by (module, name), with the reason.
COUNTERS: dict[tuple[str, str], str] = {**_einops.COUNTERS, **_haiku.COUNTERS}

# Objects of libraries that differ from thread to thread, by (module, name), with the reason why none is in a program.
THREAD_LOCALS: dict[tuple[str, str], str] = {**_attrs.THREAD_LOCALS}

# Attributes of classes that are left out, by name, with the reason, where ``is_compiled`` says so.
CLASS_ATTRIBUTES: dict[str, str] = {**_pydantic.CLASS_ATTRIBUTES}

# What functions of libraries do while they are traced without any effect on a program.
HARMLESS: dict[str, Harmless] = {
    **_einops.HARMLESS,
    **_equinox.HARMLESS,
    **_flax.HARMLESS,
    **_numpyro.HARMLESS,
}

# Libraries that put off until a trace what every process makes alike: what to do before, by the module to wait for.
PREPARED: dict[str, Callable[[Any], None]] = {**_einops.PREPARED}

# Beginnings of the names of files that libraries make up for code they generate, with the reason to trust it.
GENERATED: dict[str, str] = {**_attrs.GENERATED, **_equinox.GENERATED}

NOTHING = Adapter(reason="")
_QUALNAMES = frozenset(name.rpartition(".")[2] for name in TABLE)  # no class of the table is nested in another


def is_harmless(reason: BypassReason, module: object, code: types.CodeType) -> bool:
    """Whether code of a library, of a module of that name, does it of which we know what for."""
    known = HARMLESS.get(f"{module}.{code.co_qualname}")
    return known is not None and reason in known.does and known.variable in (*code.co_varnames, *code.co_cellvars)


def find(cls: type, trusted: bool) -> Adapter:
    """What is known about a class: the entries of all its bases, joined. ``trusted``: reached from a library."""
    names = [(base, TABLE.get(_name(base))) for base in _raw.mro(cls) if _raw.qualname(base) in _QUALNAMES]
    found = [entry for base, entry in names if entry and (trusted or not entry.in_libraries_only) and _installed(base)]
    if not found:
        return NOTHING
    ignored = frozenset[str]().union(*(entry.ignored for entry in found))
    presence_only = frozenset[str]().union(*(entry.presence_only for entry in found))
    return Adapter(
        reason=found[0].reason,
        ignored=ignored,
        expected={name: test for entry in found for name, test in entry.expected.items()},
        presence_only=presence_only,
        inert=any(entry.inert for entry in found),
        class_by_name=any(entry.class_by_name for entry in found),
        shown=next((entry.shown for entry in found if entry.shown), None),
        shown_in_libraries=next((entry.shown_in_libraries for entry in found if entry.shown_in_libraries), None),
        registers_itself=any(entry.registers_itself for entry in found),
    )


def prepare() -> None:
    """Has the loaded libraries make what their first use in a process makes. To be called before a walk."""
    for name, action in PREPARED.items():
        module = sys.modules.get(name)
        if module is not None and _origin.of_module(name) is not _origin.Origin.USER:
            action(module)


def is_known_local(obj: object) -> bool:
    """Whether it is one of the thread-local objects of the table."""
    for module_name, name in THREAD_LOCALS:
        module = sys.modules.get(module_name)
        if module is not None and _raw.module_namespace(module).get(name) is obj:
            return _origin.of_module(module_name) is not _origin.Origin.USER
    return False


def holds_flags(cls: type) -> bool:
    """Whether instances of a class hold the flags of a program, as absl's do."""
    return _absl.holds_flags(cls) and _installed(cls)


def _name(cls: type) -> str:
    return f"{_raw.module_name(cls)}.{_raw.qualname(cls)}"


def _installed(cls: type) -> bool:
    """Whether the class is what its name says; anybody can call a class ``flax.linen.module.Module``."""
    return _origin.of_class(cls) is not _origin.Origin.USER


__all__ = [
    "CLASS_ATTRIBUTES",
    "COUNTERS",
    "GENERATED",
    "HARMLESS",
    "NOTHING",
    "PREPARED",
    "REGISTRIES",
    "TABLE",
    "THREAD_LOCALS",
    "Adapter",
    "Harmless",
    "find",
    "flag_named",
    "holds_flags",
    "is_compiled",
    "is_known_local",
    "prepare",
]
