"""What the walk refuses in the user's own code, because it cannot prove it harmless by looking.

Each of these reads something that is not reachable from the function: the caller's frame, the environment, a file, a
clock, a random number, an address. A direct lookup that skips the trace would skip the reading, too. Library code is
exempt here: what it does while tracing is for the recorder to see.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import types
from collections.abc import Iterator
from typing import Any

from jitserve._outcome import BypassReason as R
from jitserve._outcome import Refusal

from . import _bystanders, _inner_imports, _origin, _raw, _receivers, _stdlib_calls, _telltales, _tracked, adapters
from ._impure_callables import ENVIRONMENT, IMPORT, RANDOM, rule_of, rule_of_module
from ._names import Chain, Names
from ._origin import Origin
from ._path import Path, render

_AROUND_LOGGERS = frozenset(("getChild", "hasHandlers", "manager", "parent", "root"))
COMPILED = "cython_function_or_method"  # the name of the type of Cython's functions
_GENERATED_FILES = tuple(adapters.GENERATED)


def code_hazards(function: types.FunctionType, names: Names, path: Path) -> Iterator[Refusal]:
    """What the bytecode of a function of the user shows that is to be refused."""
    for name in sorted(names.globals_written):
        text = f"assigns to the global {name!r}, which a hit would not do"
        yield Refusal(R.TRACE_SIDE_EFFECT, render(path), text)
    made_up = function.__code__.co_filename.startswith(_GENERATED_FILES)  # by a library, that knows what it reads
    for name, (reason, advice) in () if made_up else names.telltales:
        kind = _tracked.Tracked if reason is R.FILE_READ_UNTRACKED else Refusal  # it opens the file by its path
        yield kind(reason, render(path), f"reads the attribute {name!r}: {advice}")
    for name, chain in sorted(names.writes):
        if issubclass(type(function.__globals__.get(name)), types.ModuleType):
            yield Refusal(R.TRACE_SIDE_EFFECT, render(path), f"assigns to {'.'.join((name, *chain))}")
    for imported in _inner_imports.of_user(function, names) if names.imports else ():
        if imported.value is _inner_imports.UNTOLD:
            yield Refusal(R.LAZY_IMPORT, render(path), f"{IMPORT} ({imported.label})")
        elif imported.is_written and issubclass(type(imported.value), types.ModuleType):
            yield Refusal(R.TRACE_SIDE_EFFECT, render(path), f"assigns to an attribute of {imported.label}")


def check_value(value: Any, path: Path) -> None:
    """Refuses a value that a global name of the user's code holds, if that can be seen from the value itself."""
    kind = type(value)
    if type(kind) is type and kind in _receivers.CARRIERS:  # a metaclass of the user's is not asked for a hash
        _check_carrier(value, path)
    if kind is types.BuiltinFunctionType or kind is types.MethodType:
        _check_bound(value, path)
    elif kind is types.FunctionType:
        if _origin.of_function(value) is Origin.OPAQUE:
            _check_direct(value, path)
    elif kind is str:
        _check_text(value, path)
    elif issubclass(kind, type):
        if _origin.of_class(value) is Origin.OPAQUE:
            check_opaque(value, _raw.module_name(value), _raw.qualname(value), path)
    elif _raw.qualname(kind) == COMPILED:
        check_opaque(value, str(value.__module__), str(value.__qualname__), path)
    elif kind not in _PLAIN:
        check_instance(value, path)


def _check_text(value: str, path: Path) -> None:
    if _telltales.is_telltale(value):
        raise Refusal(R.DYNAMIC_SCOPE, render(path), f"names {value!r}, an attribute that no walk covers")


def _check_carrier(value: Any, path: Path) -> None:
    rule = _receivers.carried_rule(value)
    if rule is not None:
        raise Refusal(rule[0], render(path), f"{_raw.qualname(type(value))}: {rule[1]}")


def _check_bound(value: Any, path: Path) -> None:
    owner = value.__self__
    if owner is None or issubclass(type(owner), types.ModuleType):
        _check_direct(value, path)
    elif not issubclass(type(owner), type):
        check_instance(owner, path)


_PLAIN = frozenset((int, float, str, bytes, bool, type(None), tuple, list))


def _check_direct(value: Any, path: Path) -> None:
    module, qualname = str(value.__module__), value.__qualname__
    check_opaque(value, module, qualname, path)
    found = _stdlib_calls.direct_rule(module, qualname)
    if found is not None:
        raise Refusal(found[0], render(path), f"{module}.{qualname}: {found[1]}")


def check_opaque(obj: object, module: str, qualname: str, path: Path) -> None:
    """Refuses a callable of the standard library or numpy that reads more than its arguments."""
    _bystanders.named(obj, module)
    found = rule_of(module, qualname)
    if found is not None:
        rule = (found[0], f"{module}.{qualname}: {found[1]}")
        raise _tracked.refusal_of(obj, module, rule, render(path))


def chain_hazard(value: Any, chain: Chain, path: Path) -> Refusal | None:
    """Why ``datetime.now()`` is to be refused: a harmless class, but not by every one of its methods. The same holds
    for classes that are made from it, and for loggers, which lead to all the others.
    """
    if chain and chain[0] in _AROUND_LOGGERS and issubclass(type(value), logging.Logger):
        return Refusal(R.OPAQUE_CALLABLE, render(path), f"{chain[0]}: depends on which loggers there are")
    rule = _receivers.class_rule(value, chain[0]) if chain and issubclass(type(value), type) else None
    return None if rule is None else Refusal(rule[0], render(path), f"{chain[0]}(): {rule[1]}")


def check_module(name: str, path: Path) -> None:
    """Refuses a module that is handed around as a value when it is one that reads the outside world."""
    rule = rule_of_module(name)
    if rule is not None:
        raise Refusal(rule[0], render(path), f"the module {name} is used as a value: {rule[1]}")


def check_instance(obj: object, path: Path) -> None:
    """Refuses the well-known objects that stand for something outside: ``os.environ``, ``sys.modules``, generators."""
    if type(obj) is os._Environ:
        if _tracked.is_environment(obj):
            raise _tracked.Tracked(R.ENV_READ_UNTRACKED, render(path), ENVIRONMENT)
        raise Refusal(R.ENV_READ_UNTRACKED, render(path), "an environment other than that of the process")
    if obj is sys.modules:
        raise Refusal(R.DYNAMIC_MODULE_ATTR, render(path), "looks modules up by name; import them and name them")
    if any(kind is random.Random or _raw.module_name(kind).startswith("numpy.random") for kind in _raw.mro(type(obj))):
        raise Refusal(R.RNG_READ, render(path), RANDOM)
