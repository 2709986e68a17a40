"""Calls of what is not written in Python: nobody sees it start, so that its caller says what it is about to call."""

from __future__ import annotations

import types
from typing import Any

from jitserve._outcome import BypassReason

from . import _attribute_names, _raw
from ._call_rules import untracked_rule
from ._code_origin import origin_of_code
from ._origin import Origin
from ._receivers import receiver_rule
from ._static import COMPILED
from ._stdlib_calls import direct_rule
from ._vars import asks_of_objects

_IN_C = (
    types.BuiltinFunctionType,
    types.ClassMethodDescriptorType,
    types.MethodDescriptorType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
)


def rule_of_call(function: Any, receiver: object, frame: types.FrameType | None) -> tuple[BypassReason, str] | None:
    """The rule for something that is not written in Python, and that code calls."""
    kind = type(function)
    if kind is type:
        return untracked_rule(_raw.module_name(function), _raw.qualname(function))
    owner = function.__self__ if kind is types.BuiltinFunctionType else receiver
    if _raw.module_name(type(owner)) == _raw.PYBIND11:
        owner = None
    if kind is not types.BuiltinFunctionType or not issubclass(type(owner), types.ModuleType | type(None)):
        return receiver_rule(function, owner)
    module, qualname = str(function.__module__), function.__qualname__
    rule = untracked_rule(module, qualname)
    if rule is None and frame is not None and origin_of_code(frame.f_code, frame) is Origin.USER:
        rule = direct_rule(module, qualname)
    return rule


def home_of(function: Any, receiver: object) -> str:
    """The module that answers for a function or a method that is written in C; ``builtins`` for all other callables."""
    kind = type(function)
    # By identity: a metaclass of the user's is not asked for a hash.
    if _raw.qualname(kind) != COMPILED and not any(kind is known for known in _IN_C):
        return "builtins"
    # Not by ``getattr``, which a recording listens to.
    try:
        module = function.__module__
        if type(module) is str:
            return module
    except AttributeError:  # methods have none
        pass
    try:
        owner = function.__self__
    except AttributeError:
        owner = receiver
    kinds = _raw.mro(owner if issubclass(type(owner), type) else type(owner))
    return _raw.module_name(next(cls for cls in kinds if not _raw.is_heap_type(cls) or _raw.hides_state(cls)))


def takes_unnamed(function: Any, code: types.CodeType) -> bool:
    """Whether it takes all attributes of an object, and the code that calls it does not name it: it was handed it."""
    if not any(type(function) is known for known in _IN_C):
        return False
    name = function.__name__
    return name in _attribute_names.ALL and name not in code.co_names


def is_harmless(function: Any, code: types.CodeType) -> bool:
    """Whether code calls a builtin, that is refused elsewhere, for nothing that matters."""
    if function is hash or function is id:
        return code.co_name == "__hash__"  # seen by those only who ask for a hash themselves, and by sets
    return function is vars and asks_of_objects(code)
