"""Encoders of the built-in containers, read through the built-in type's own methods (the plain ones: in C++).

``contents`` is used for subclasses, too (a namedtuple, an ``IntEnum``, a ``defaultdict``): what a value holds as an
instance of its built-in base, apart from its class and its ``__dict__``.
"""

from __future__ import annotations

import collections
import gc
import operator
import types
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from jitserve import _core

from . import _arrays, _hash_order, _raw, _static
from ._path import ATTR, ITEM, KEY, Path

if TYPE_CHECKING:
    from ._walker import Walker

Children = list[tuple[Any, Path, bool]]


def encode_modules(walker: Walker, obj: dict[str, Any], path: Path, trusted: bool) -> None:
    """``sys.modules``: libraries look there for what they have imported themselves."""
    if not trusted:
        _static.check_instance(obj, path)
    walker.tokens.begin("loaded modules", 0)


def encode_set(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    if type(obj) is frozenset or walker.number(obj, path):
        items = elements(walker, obj, path, trusted)
        _emit(walker, type(obj).__name__, items)


def encode_range(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    _emit(walker, "range", sequence((obj.start, obj.stop, obj.step), path, trusted))


def encode_slice(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    _emit(walker, "slice", sequence((obj.start, obj.stop, obj.step), path, trusted))


def encode_bytearray(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    if walker.number(obj, path):
        _arrays.meet_buffer(walker, obj)
        _emit(walker, "bytearray", [(bytes(obj), path, trusted)])


def encode_view(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A live view of a dictionary: the dictionary itself, and which view it is."""
    if walker.number(obj, path):
        _emit(walker, type(obj).__name__, [(gc.get_referents(obj)[0], path, trusted)])


def _emit(walker: Walker, tag: str, children: Children) -> None:
    walker.tokens.begin(tag, len(children))
    walker.push(children)


def sequence(values: Iterable[Any], path: Path, trusted: bool) -> Children:
    """Children of a sequence, by position."""
    return [(value, (path, ITEM, i), trusted) for i, value in enumerate(values)]


def mapping(items: Iterable[tuple[Any, Any]], path: Path, trusted: bool) -> Children:
    """Children of a mapping in insertion order, which a program can observe: key, value, key, value..."""
    children: Children = []
    for i, (key, value) in enumerate(items):
        children.append((key, (path, KEY, i), trusted))
        children.append((value, (path, ITEM, key), trusted))
    return children


def elements(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    """Children of a set, sorted by the digest that each has for itself if the order differs from process to process.

    Sets of numbers have the order that their making gave them, in every process: ``{0, 8}`` is none that ``{8, 0}`` is.
    A copy may have another order, where elements have been removed.
    """
    values = list(set.__iter__(obj) if issubclass(type(obj), set) else frozenset.__iter__(obj))
    copied = list(set(obj))
    if not _hash_order.is_steady(values):
        digests = {id(value): walker.digest_alone(value, path, trusted) for value in values}
        orders = [*digests.values(), *(digests[id(value)] for value in copied)]
        walker.order.saw(type(obj), values, orders, path, trusted)
        values.sort(key=lambda value: digests[id(value)])
    elif any(map(operator.is_not, values, copied)):
        places = {id(value): i for i, value in enumerate(values)}
        walker.tokens.begin("order of a copy", len(values))
        for value in copied:
            walker.tokens.int_(places[id(value)])
    return [(value, (path, ITEM, i), trusted) for i, value in enumerate(values)]


def _ordered_dict(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    return mapping(collections.OrderedDict.items(obj), path, trusted)


def _default_dict(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    factory = _raw.namespace(collections.defaultdict)["default_factory"].__get__(obj)
    return [(factory, path, trusted), *mapping(dict.items(obj), path, trusted)]


def _deque(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    maxlen = _raw.namespace(collections.deque)["maxlen"].__get__(obj)
    return [(maxlen, path, trusted), *sequence(collections.deque.__iter__(obj), path, trusted)]


def _exception(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    """What was given to it, what led to it, and what its class keeps in C besides (``StopIteration.value``)."""
    children: Children = []
    for kind in _raw.mro(type(obj)):
        for name, descriptor in () if _raw.is_heap_type(kind) else _raw.namespace(kind).items():
            if type(descriptor) in _C_FIELDS and name not in _OF_ALL:
                children += [(name, path, trusted), (_field(descriptor, obj), (path, ATTR, name), trusted)]
    return children


def _field(descriptor: Any, obj: Any) -> object:
    try:
        return descriptor.__get__(obj)
    except (AttributeError, TypeError):  # it was made without being initialised
        return _raw.UNSET


_OF_ALL = frozenset(("__class__", "__dict__", "__traceback__", "__weakref__"))
_C_FIELDS = (types.GetSetDescriptorType, types.MemberDescriptorType)


def _generic_alias(walker: Walker, obj: Any, path: Path, trusted: bool) -> Children:
    origin, arguments = (getattr(types.GenericAlias, name).__get__(obj) for name in ("__origin__", "__args__"))
    return [(origin, path, trusted), (arguments, path, trusted)]


# What an instance of a class holds by being an instance of a built-in type, nearest built-in base first.
CONTENTS: dict[type, Callable[[Walker, Any, Path, bool], Children]] = {
    collections.OrderedDict: _ordered_dict,
    collections.defaultdict: _default_dict,
    collections.deque: _deque,
    dict: lambda _, obj, path, trusted: mapping(dict.items(obj), path, trusted),
    list: lambda _, obj, path, trusted: sequence(list.__iter__(obj), path, trusted),
    tuple: lambda _, obj, path, trusted: sequence(tuple.__iter__(obj), path, trusted),
    set: elements,
    frozenset: elements,
    int: lambda _, obj, path, trusted: [(int.__int__(obj), path, trusted)],
    float: lambda _, obj, path, trusted: [(float.__float__(obj), path, trusted)],
    complex: lambda _, obj, path, trusted: [(complex.__complex__(obj), path, trusted)],
    str: lambda _, obj, path, trusted: [(str.__str__(obj), path, trusted)],
    bytes: lambda _, obj, path, trusted: [(bytes.__getitem__(obj, slice(None)), path, trusted)],
    BaseException: _exception,
    types.GenericAlias: _generic_alias,
    types.SimpleNamespace: lambda _, obj, path, trusted: [],  # everything it holds is in its __dict__
}

ENCODERS = {
    list: _core.encode_list,
    tuple: _core.encode_tuple,
    dict: _core.encode_dict,
    set: encode_set,
    frozenset: encode_set,
    types.MappingProxyType: _core.encode_mapping_proxy,
    range: encode_range,
    slice: encode_slice,
    bytearray: encode_bytearray,
    type({}.keys()): encode_view,
    type({}.values()): encode_view,
    type({}.items()): encode_view,
}
