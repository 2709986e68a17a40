"""What hangs on the loggers that code of the user names: handlers, filters, formatters and streams of the user's own.

They run when something is logged, and the recorder leaves them out, as code that only watches. They may still change
what the function reads. So what they do counts, and which objects they have in common with the function; their own
state does not, since it changes with everything that is logged.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import _instances, _names, _origin, _raw
from ._origin import Origin
from ._path import ATTR, Path
from ._telltales import LISTS_OF_LOGGERS

if TYPE_CHECKING:
    from ._walker import Walker

_EMPTY = types.CellType()
_PARTS = ("formatter", "stream")  # of a handler that comes with Python


def encode_logger(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A logger, as its adapter says; what hangs on it is added at the end."""
    if not trusted and not walker.knows(obj):
        walker.loggers.append((obj, path))
    _instances.encode_instance(walker, obj, path, trusted)


def finish(walker: Walker) -> None:
    """Adds what hangs on the loggers that were walked; where code goes through their lists, all that is in those."""
    if not walker.loggers:
        return
    read = walker.unread.getters.union(*(names.attributes for names in walker.order.names()))
    walker.listed = read & LISTS_OF_LOGGERS
    for logger, path in list(walker.loggers):
        own = _raw.instance_dict(logger) or {}
        for name in sorted(walker.listed):
            walker.tokens.tag(name)
            walker.push([(own.get(name), (path, ATTR, name), False)])
            walker.run()
    for logger, _ in walker.loggers:
        _emit(walker, list(_listening(logger)))


def _listening(logger: Any) -> Iterator[object]:
    """The user's own objects that hear of what is logged, in the order in which they do."""
    own = _raw.instance_dict(logger) or {}
    yield from filter(_is_of_user, own.get("filters") or ())
    while own:
        for handler in own.get("handlers") or ():
            parts = _raw.instance_dict(handler) or {}
            if _is_of_user(handler):
                yield handler
            yield from filter(_is_of_user, (*(parts.get(name) for name in _PARTS), *(parts.get("filters") or ())))
        own = (_raw.instance_dict(own.get("parent")) or {}) if own.get("propagate") else {}


def _is_of_user(value: object) -> bool:
    if type(value) is types.MethodType:
        return _is_of_user(value.__func__)
    if type(value) is types.FunctionType:
        return _origin.of_function(value) is Origin.USER
    return _origin.of_class(value if issubclass(type(value), type) else type(value)) is Origin.USER  # type: ignore[arg-type]


def _emit(walker: Walker, pending: list[object]) -> None:
    """Emits the code that may run on behalf of some objects, and which of the objects in reach the walk has met."""
    walker.tokens.begin("listeners", len(pending))
    seen: set[int] = set()
    while pending:
        value = pending.pop(0)
        number, of_user = walker.index_of(value), _is_of_user(value)
        if number is None and not of_user:
            continue  # a counter, a list of messages: they come and go with what is logged
        walker.tokens.int_(-1 if number is None else number)
        if id(value) in seen or not of_user:
            continue
        seen.add(id(value))
        if type(value) is types.FunctionType:
            walker.tokens.digest_(_names.of(value.__code__).digest)
        pending += _reached_from(value)


def _reached_from(value: Any) -> list[object]:
    if type(value) is types.FunctionType:
        cells = [cell.cell_contents for cell in value.__closure__ or () if cell != _EMPTY]
        return [*_named_by(value), *cells, *(value.__defaults__ or ())]
    if type(value) is types.MethodType:
        return [value.__func__, value.__self__]
    if issubclass(type(value), type):
        held = (_raw.namespace(kind).values() for kind in _raw.mro(value) if _is_of_user(kind))
        return [getattr(item, "__func__", item) for items in held for item in items]
    return [type(value), *dict.values(_raw.instance_dict(value) or {})]


def _named_by(function: types.FunctionType) -> Iterator[object]:
    """What the global names of a function hold; of a module, what the function takes from there."""
    for name, chains in _names.of(function.__code__).chains:
        value: Any = function.__globals__.get(name)
        if issubclass(type(value), types.ModuleType):
            yield from (_raw.module_namespace(value).get(chain[0]) for chain in chains if chain)
        else:
            yield value
