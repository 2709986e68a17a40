"""Encoder of instances: class, what the built-in base holds, ``__dict__`` in insertion order, and slots."""

from __future__ import annotations

import io
import sys
import types
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from jitserve._outcome import BypassReason, Refusal

from . import _builtins, _functions, _raw, _shapes, _signatures, _static
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker


def encode_instance(walker: Walker, obj: object, path: Path, trusted: bool) -> None:
    if not trusted:
        _static.check_instance(obj, path)
    if not walker.number(obj, path):
        return
    shape = _shapes.shape_of(walker, type(obj), trusted)
    if shape.adapter.inert:
        _share_in_part(walker, obj, _raw.read_dict(shape.namespace, obj))
        walker.tokens.begin("inert", 2)
        show = shape.adapter.shown_in_libraries if trusted else shape.adapter.shown
        shown = show(obj) if show is not None else ()
        name = f"{_raw.module_name(shape.cls)}.{_raw.qualname(shape.cls)}"
        cls = name if shape.adapter.class_by_name else shape.cls
        walker.push([(cls, (path, ATTR, "__class__"), trusted), (shown, path, trusted)])
        return
    if shape.may_be_offered and _is_offered_by_name(walker, obj, path, trusted):
        return
    if shape.unreadable is not None:
        raise _unreadable(obj, shape.unreadable, path)
    content = shape.read(walker, obj, path, trusted) if shape.read is not None else []
    presence_only = shape.adapter.presence_only
    namespace = _raw.read_dict(shape.namespace, obj)
    fields = [(name, value, (path, ATTR, name)) for name, value in _fields(walker, obj, shape, namespace)]
    read = [field for field in fields if not (shape.is_ordinary and _is_left_out(walker, obj, field))]
    if namespace is not None and (len(read) < len(fields) or not presence_only.isdisjoint(namespace)):
        walker.leave_out_of(namespace)  # which may be met as a dictionary, too (``vars(obj)``)
    fields = read
    trusted = trusted and not any(_functions.is_users(value) for _, value, _ in fields)  # what it hands on to that
    walker.tokens.begin("instance", 1 + len(content) + 2 * len(fields))
    walker.tokens.int_(len(content))
    children: _shapes.Children = [(shape.cls, (path, ATTR, "__class__"), trusted), *content]
    for name, value, of_value in fields:
        children.append((name, path, trusted))
        children.append((value is not None if name in presence_only else value, of_value, trusted))
    walker.push(children)


def _share_in_part(walker: Walker, obj: object, namespace: dict[str, Any] | None) -> None:
    """Notes where an object has its attributes that says by itself what counts of it."""
    if namespace is not None:
        walker.share_in_part(namespace, obj)


def _is_left_out(walker: Walker, obj: object, field: tuple[Any, Any, Path]) -> bool:
    name, _, path = field
    return type(name) is str and walker.unread.leaves_out(obj, name, path)


def encode_weak_reference(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A weak reference, as decorators keep one to the function that they made: for as long as that lives, it is the
    function. Of other objects nobody knows when they go.
    """
    target = obj()
    if trusted or type(target) is not types.FunctionType:
        encode_instance(walker, obj, path, trusted)
    elif walker.number(obj, path):
        walker.tokens.begin("weak reference", 1)
        walker.push([(target, (path, ATTR, "__call__"), trusted)])


def encode_stream(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A standard stream, which is there to be written to: that shapes no program. Other files keep their places."""
    if trusted or not any(obj is stream for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)):
        encode_instance(walker, obj, path, trusted)
    elif walker.number(obj, path):
        walker.streams.append(path)
        walker.tokens.begin("stream", 5)
        walker.push([(getattr(obj, name), path, trusted) for name in ("name", "mode", "encoding", "errors", "closed")])


def _is_offered_by_name(walker: Walker, obj: Any, path: Path, trusted: bool) -> bool:
    """An extension's callable that an opaque module offers under its own name (``np.shape``): encoded by that name."""
    module, name = getattr(obj, "__module__", None), getattr(obj, "__qualname__", getattr(obj, "__name__", None))
    if not walker.is_at_home(obj, module, name) or not walker.is_opaque_module(module):
        return False
    _builtins.name_opaque(walker, obj, module, name, path, trusted)
    return True


ENCODERS = {weakref.ReferenceType: encode_weak_reference, io.TextIOWrapper: encode_stream}


def _unreadable(obj: object, base: type, path: Path) -> Refusal:
    name = f"{_raw.module_name(type(obj))}.{_raw.qualname(type(obj))}"
    kinds = _raw.mro(type(obj))
    is_file = any(_raw.module_name(kind) == "_io" for kind in kinds)
    if not is_file and any("__next__" in _raw.namespace(kind) for kind in kinds):
        return Refusal(
            BypassReason.GENERATOR_STATE,
            render(path),
            f"a {name} remembers how far it has been read; make it a list or a tuple",
        )
    return Refusal(
        BypassReason.UNKNOWN_OBJECT,
        render(path),
        f"a {name} keeps state outside Python ({_raw.qualname(base)}); pass what is needed of it as an argument, "
        "or register a fingerprint for its type",
    )


def _fields(
    walker: Walker, obj: object, shape: _shapes.Shape, namespace: dict[str, Any] | None
) -> list[tuple[str, Any]]:
    fields: list[tuple[str, Any]] = []
    ignored, leaves_out = shape.adapter.ignored, shape.adapter.leaves_out
    for name, value in _attributes(walker, obj, namespace):
        if (name in ignored and leaves_out(obj, name, value)) or (shape.is_opaque and name in _functions.DESCRIPTIVE):
            fields.extend((name, told) for told in _signatures.told_of(walker, name, value))
            walker.leave_out_of(namespace or {})
        elif name == "__annotations__":
            walker.emit_annotations(value)
            walker.leave_out_of(namespace or {})
        else:
            fields.append((name, value))
    for name, descriptor in shape.slots:
        value = _raw.read_slot(descriptor, obj)
        if name not in ignored or not leaves_out(obj, name, value):
            fields.append((name, value))
    return fields


def _attributes(walker: Walker, obj: object, namespace: dict[str, Any] | None) -> Iterable[tuple[str, Any]]:
    """What is in the ``__dict__`` of an instance, which another one may share."""
    if namespace is None:
        return ()
    if type(namespace) is not dict:
        return [*dict.items(namespace), ("__dict__", namespace)]
    return namespace.items() if walker.share(namespace, obj) else ()
