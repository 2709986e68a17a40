"""Callables and descriptors that are implemented in C: by name, as long as an opaque module vouches for them."""

from __future__ import annotations

import collections
import operator
import types
from typing import TYPE_CHECKING, Any

from jitserve import _core
from jitserve._outcome import BypassReason, Refusal

from . import _askers, _origin, _raw, _receivers, _static, _telltales
from ._path import ATTR, Path, is_looked_up_by, render
from ._pruning import INTROSPECTION

if TYPE_CHECKING:
    from ._walker import Walker


def encode_builtin(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """``len``, ``math.sin``, or a method that is bound to an object (``[].append``)."""
    owner = obj.__self__
    if owner is not None and type(owner).__module__ == _raw.PYBIND11:
        owner = None  # a record of the function itself, unreadable: only the name is left to go by
    if owner is not None and not issubclass(type(owner), types.ModuleType):
        if not trusted:
            _check_clock(obj, path)
        _askers.meet_builtin(walker, obj.__name__, path, trusted)
        walker.tokens.begin("bound builtin", 2)
        walker.tokens.str_(obj.__name__)
        walker.push([(owner, (path, ATTR, "__self__"), trusted)])
        return
    module = obj.__module__
    if type(module) is not str and owner is not None:
        module = _raw.module_namespace(owner).get("__name__")
    name_opaque(walker, obj, module, obj.__qualname__, path, trusted)


def name_opaque(walker: Walker, obj: object, module: Any, qualname: Any, path: Path, trusted: bool) -> None:
    """A token by name for a callable without readable state. Refuses unless an opaque module vouches for it."""
    known = type(module) is str and type(qualname) is str
    if not known or (not trusted and not walker.is_opaque_module(module)):
        raise Refusal(
            BypassReason.OPAQUE_CALLABLE,
            render(path),
            f"{module}.{qualname} is implemented outside Python, and its state cannot be read",
        )
    if not trusted:
        _static.check_opaque(obj, module, qualname, path)
    _askers.meet_builtin(walker, qualname.rpartition(".")[2], path, trusted)
    walker.tokens.begin("builtin", 2)
    walker.tokens.str_(module)
    walker.tokens.str_(qualname)


def encode_c_descriptor(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """``list.append``, ``int.real``, a slot: the class that it belongs to, and its name."""
    _askers.meet_builtin(walker, obj.__name__, path, trusted)
    if not trusted:
        _check_clock(obj, path)
    owner = obj.__objclass__
    is_users = not trusted and _origin.of_class(owner) is _origin.Origin.USER
    if not trusted and not is_users and not is_looked_up_by(path, obj.__name__):
        _check_names([obj.__name__], path)
    walker.tokens.begin("descriptor", 3 if is_users else 2)
    walker.tokens.str_(obj.__name__)
    walker.tokens.str_(f"{_raw.module_name(owner)}.{_raw.qualname(owner)}")
    if is_users:
        walker.push([(owner, (path, ATTR, "__objclass__"), trusted)])


def _check_clock(obj: Any, path: Path) -> None:
    """Refuses ``datetime.now`` wherever it is kept, as ``name_opaque`` does ``time.time``: nobody hears C call it."""
    rule = _receivers.carried_rule(obj)
    if rule is not None and rule[0] is BypassReason.TIME_READ:
        raise Refusal(rule[0], render(path), f"{obj.__name__}: {rule[1]}")


def encode_method_wrapper(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    _askers.meet_builtin(walker, obj.__name__, path, trusted)
    walker.tokens.begin("bound descriptor", 2)
    walker.tokens.str_(obj.__name__)
    walker.push([(obj.__self__, (path, ATTR, "__self__"), trusted)])


def encode_operator(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """``itemgetter``, ``attrgetter``, ``methodcaller``: built-in types that tell how to build themselves."""
    if not trusted and type(obj) is not operator.itemgetter:
        _check_read(obj.__reduce__()[1], path)
    if type(obj) is not operator.itemgetter:
        _askers.meet_getter(walker, obj.__reduce__()[1], trusted)
    if walker.number(obj, path):
        walker.tokens.begin(type(obj).__name__, 1)
        walker.push([(obj.__reduce__()[:2], path, trusted)])


def _check_read(arguments: tuple[Any, ...], path: Path) -> None:
    _check_names([part for text in arguments if isinstance(text, str) for part in str.split(text, ".")], path)


def _check_names(names: list[str], path: Path) -> None:
    """Refuses what reads by these names what no walk covers, where they need not stand in any code."""
    for name in names:
        if name == "__hash__" or name in INTROSPECTION or _telltales.is_telltale(name):
            raise Refusal(BypassReason.DYNAMIC_SCOPE, render(path), f"reads {name!r}, which no walk covers")


def encode_tuple_getter(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A field of a namedtuple: its position (its docstring aside)."""
    if walker.number(obj, path):
        walker.tokens.begin("namedtuple field", 1)
        walker.push([(obj.__reduce__()[1][0], path, trusted)])


_TupleGetter: type = type(collections.namedtuple("_Pair", "left right").left)  # type: ignore[attr-defined]

ENCODERS = {
    _TupleGetter: encode_tuple_getter,
    types.BuiltinFunctionType: _core.encode_builtin,
    types.MethodDescriptorType: encode_c_descriptor,
    types.WrapperDescriptorType: encode_c_descriptor,
    types.GetSetDescriptorType: encode_c_descriptor,
    types.MemberDescriptorType: encode_c_descriptor,
    types.ClassMethodDescriptorType: encode_c_descriptor,
    types.MethodWrapperType: encode_method_wrapper,
    operator.itemgetter: encode_operator,
    operator.attrgetter: encode_operator,
    operator.methodcaller: encode_operator,
}
