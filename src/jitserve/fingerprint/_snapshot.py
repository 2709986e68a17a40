"""What a trace changed among the walked objects, and whether it is the kind of change that comes to rest.

Some libraries rebind a variable of their own on the first trace: ``optax.cosine_decay_schedule`` turns a captured
integer into a float, ``jax.shard_map`` fills in the axis names, and the mesh of the context where it was given none.
Refusing them would refuse the most ordinary training step. They differ from real side effects (a list that grows, a
counter) by this: only captured variables are rebound, to plain values or an abstract mesh, or a ``cached_property`` is
filled, or a flag keeps its inverse; and tracing again changes nothing more and gives the same program.
"""

from __future__ import annotations

import dis
import enum
import functools
import operator
import types
from collections import deque
from typing import Any

from jitserve._jax import types as jt

from . import _raw, adapters
from ._walked import Walk

_EMPTY = object()
# What functions of JAX fill in when they are first traced, by the module of their code: another trace finds it filled
# in, and does the same.
_FILLED_IN = {"jax._src.shard_map": frozenset(("axis_names", "mesh"))}
_INVERSE = "_inverted_"  # where a member of an ``enum.Flag`` keeps what ``~`` has once given
_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None), type(Ellipsis)})


class Snapshot:
    """The contents of every walked object, one level deep, as they are now.

    Args:
        walk: the walk whose objects to remember.
    """

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._contents = [_contents(obj) for obj in walk.objects]

    def side_effect(self) -> str | None:
        """Where the walked objects have changed in a way that may be a side effect; None where they have not.

        Rebound captured variables with plain values, and properties that were computed and kept, are no side effects.
        To be asked when the digest has changed: a change that is not seen here counts as one, too.
        """
        explained = False
        for index, (obj, before) in enumerate(zip(self._walk.objects, self._contents, strict=True)):
            after = _contents(obj)
            if _same(before, after) or _is_memo_of_a_library(obj):
                continue
            if not _is_benign(obj, before, after):
                return self._walk.path_of(index)
            explained = True
        return None if explained else "something outside of the objects that were walked"

    def rebound(self) -> list[tuple[int, int, object]]:
        """The captured variables that hold another value now: number of the function, position of the cell, value."""
        found: list[tuple[int, int, object]] = []
        for index, (obj, contents) in enumerate(zip(self._walk.objects, self._contents, strict=True)):
            if type(obj) is types.FunctionType:
                cells = zip(obj.__closure__ or (), contents[1], strict=True)
                found += [(index, i, _cell(cell)) for i, (cell, value) in enumerate(cells) if _cell(cell) is not value]
        return found

    def filled(self) -> list[tuple[int, str]]:
        """The properties that were computed and kept: number of the object, name. To be asked if all is benign."""
        found: list[tuple[int, str]] = []
        for index, (obj, before) in enumerate(zip(self._walk.objects, self._contents, strict=True)):
            after = _contents(obj)
            if before[0] == "object" and not _same(before, after) and not _is_memo_of_a_library(obj):
                found += [(index, name) for name in after[len(before) :: 2]]
        return found

    def rebinding(self) -> list[types.FunctionType]:
        """The functions whose own code has bound one of their captured variables anew."""
        changed = [(self._walk.objects[index], position) for index, position, _ in self.rebound()]
        return [function for function, position in changed if _stores(function.__code__, position)]

    def is_filled_in(self) -> bool:
        """Whether all that has changed are variables of JAX's own that are known to rest once a trace has set them."""
        for obj, before in zip(self._walk.objects, self._contents, strict=True):
            after = _contents(obj)
            if not _same(before, after) and not _is_memo_of_a_library(obj) and not _is_filling_in(obj, before, after):
                return False
        return True

    def put_back(self) -> None:
        """Gives the captured variables of the walked functions the values back that they had."""
        for obj, contents in zip(self._walk.objects, self._contents, strict=True):
            if type(obj) is types.FunctionType:
                for cell, value in zip(obj.__closure__ or (), contents[1], strict=True):
                    if value is not _EMPTY and _cell(cell) is not value:
                        cell.cell_contents = value


def fill(obj: Any, name: str) -> None:
    """Has an object compute and keep what ``Snapshot.filled`` has found of another one."""
    if name == _INVERSE and isinstance(obj, enum.Flag):
        operator.invert(obj)
    else:
        getattr(obj, name)


def _contents(obj: Any) -> tuple[Any, ...]:
    if type(obj) is types.FunctionType:
        cells = tuple(_cell(cell) for cell in obj.__closure__ or ())
        named = tuple(obj.__globals__.get(name, _EMPTY) for name in _names(obj.__code__))
        state = (*_flat(obj.__dict__), obj.__code__, obj.__defaults__, *_flat(obj.__kwdefaults__))
        return ("function", cells, named, *state)
    kind = type(obj)  # and not `isinstance`, which asks the object for its `__class__`
    if issubclass(kind, dict):
        return ("dict", *_flat(obj))
    for base in (list, tuple, set, deque):
        if issubclass(kind, base):
            return ("sequence", *_iterator(base)(obj))
    if issubclass(kind, type):
        return ("object", *_flat(dict(_raw.namespace(obj))))
    # What the digest leaves out does not count here either: flax draws from a counter whenever it traces.
    adapter = adapters.find(kind, trusted=True)
    attributes: dict[Any, Any] = {} if adapter.inert else _raw.instance_dict(obj) or {}
    return (
        "object",
        *_flat({name: item for name, item in dict.items(attributes) if not adapter.leaves_out(obj, name, item)}),
    )


def _iterator(base: Any) -> Any:
    # Of the base class: a subclass of the user's may have one of its own.
    return base.__iter__


def _names(code: types.CodeType) -> tuple[str, ...]:
    nested = (const for const in code.co_consts if isinstance(const, types.CodeType))
    return (*code.co_names, *(name for inner in nested for name in _names(inner)))


def _is_memo_of_a_library(obj: Any) -> bool:
    # Arrays keep the host's copy of their value, and the like; their values are in the digest.
    return _raw.module_name(type(obj)).partition(".")[0] in ("jax", "jaxlib", "numpy")


def _flat(mapping: Any) -> tuple[Any, ...]:
    items = dict.items(mapping) if issubclass(type(mapping), dict) else ()
    return tuple(part for item in items for part in item)


def _cell(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _same(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    if len(before) != len(after):
        return False
    for left, right in zip(before, after, strict=True):
        if left is right:
            continue
        if type(left) is not type(right):
            return False
        if not (_same(left, right) if type(left) is tuple else type(left) in _PLAIN and left == right):
            return False
    return True


def _is_benign(obj: Any, before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    if type(obj) is types.FunctionType:
        cells = zip(before[1], after[1], strict=True)
        return _same(before[2:], after[2:]) and all(_is_plain(new) for old, new in cells if old is not new)
    if before[0] == "object" and _same(before, after[: len(before)]):
        return all(_is_cached_property(obj, name) or _is_inverse(obj, name) for name in after[len(before) :: 2])
    return False


def _stores(code: types.CodeType, position: int) -> bool:
    name = code.co_freevars[position]
    stores = (step for step in dis.get_instructions(code) if step.opcode in _STORES)
    inner = (const for const in code.co_consts if isinstance(const, types.CodeType) and name in const.co_freevars)
    return any(step.argval == name for step in stores) or any(_stores(c, c.co_freevars.index(name)) for c in inner)


_STORES = frozenset((dis.opmap["STORE_DEREF"], dis.opmap["DELETE_DEREF"]))


def _is_filling_in(obj: Any, before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    if type(obj) is not types.FunctionType or not _is_benign(obj, before, after):
        return False
    known = _FILLED_IN.get(obj.__globals__.get("__name__", ""), frozenset())
    cells = zip(obj.__code__.co_freevars, before[1], after[1], strict=True)
    return all(name in known for name, old, new in cells if old is not new)


def _is_plain(value: Any) -> bool:
    if type(value) is jt.AbstractMesh:
        return _is_plain(value.axis_names)
    if type(value) in (tuple, frozenset):
        return all(_is_plain(item) for item in value)
    return type(value) in _PLAIN


def _is_cached_property(obj: Any, name: Any) -> bool:
    for cls in _raw.mro(type(obj)):
        if name in _raw.namespace(cls):
            found = _raw.namespace(cls)[name]
            # A class of the user's may keep its value elsewhere, or compute another one the next time.
            return type(found) is functools.cached_property and found.attrname == name
    return False


def _is_inverse(obj: Any, name: Any) -> bool:
    kinds = _raw.mro(type(obj))
    if name != _INVERSE or enum.Flag not in kinds:
        return False
    inverts = next(_raw.namespace(cls)["__invert__"] for cls in kinds if "__invert__" in _raw.namespace(cls))
    return inverts is _raw.namespace(enum.Flag)["__invert__"]  # a class of the user's may have one of its own
