"""What has been registered with ``codecs`` besides what comes with Python, where code of the user encodes or decodes.

The interpreter keeps both tables to itself, and shows them to its garbage collector only.
"""

from __future__ import annotations

import codecs
import encodings
import functools
import gc
import types
from typing import TYPE_CHECKING, Any

from jitserve._outcome import BypassReason, Refusal

from ._path import ATTR, render, root

if TYPE_CHECKING:
    from ._names import Names
    from ._walker import Walker

_USES = frozenset(
    (
        *("EncodedFile", "decode", "encode", "getdecoder", "getencoder", "getincrementaldecoder"),
        *("getincrementalencoder", "getreader", "getwriter", "iterdecode", "iterencode"),
    )
)
_TEXTS = (str, bytes, bytearray)
_HANDLERS = frozenset(
    (
        *("backslashreplace", "ignore", "namereplace", "replace", "strict", "surrogateescape", "surrogatepass"),
        "xmlcharrefreplace",
    )
)


def finish(walker: Walker) -> None:
    """Adds what has been registered, where that may count.

    Raises:
        Refusal: OPAQUE_CALLABLE, where the tables cannot be found.
    """
    if not any(_encodes(names, function) for names, function, _ in walker.order.functions()):
        return
    handlers, searches = _registered()
    path = root("<registered with codecs>")
    if handlers is None or searches is None:
        hidden = ", since the garbage collector does not show them after gc.freeze()" if gc.get_freeze_count() else ""
        raise Refusal(BypassReason.OPAQUE_CALLABLE, render(path), f"which encodings there are cannot be told{hidden}")
    stock = {id(handlers[name]): name for name in _HANDLERS}  # in C, and without a module that they are found in
    added = [(name, stock.get(id(handlers[name]), handlers[name])) for name in sorted(handlers.keys() - _HANDLERS)]
    added += [("search", search) for search in searches if search is not encodings.search_function]
    for name, function in added:
        walker.tokens.tag("codec")
        walker.push([(name, path, False), (function, (path, ATTR, name), False)])
        walker.run()
        walker.remembering.append(function)  # it may have run long before the trace


def _encodes(names: Names, function: types.FunctionType) -> bool:
    """Whether code may encode or decode something: by a type of texts, or in a way that it names. Its own ``encode``
    is another matter.
    """
    globals_, builtins = function.__globals__, getattr(function, "__builtins__", {})
    held = (globals_.get(name, builtins.get(name)) for name, _ in names.chains)
    if any(value is kind for value in held for kind in _TEXTS) or "TextIOWrapper" in names.attributes:
        return True
    has_text = any(type(constant) is str for code in names.codes for constant in code.co_consts)
    return has_text and not _USES.isdisjoint(names.attributes)


@functools.cache
def _registered() -> tuple[dict[str, Any] | None, list[Any] | None]:
    """The tables of handlers of errors and of search functions; None for one that is not found."""
    strict = codecs.lookup_error("strict")
    handlers, searches = None, None
    for held in gc.get_objects():  # both are among the oldest
        if type(held) is dict and held.get("strict") is strict and held.keys() >= _HANDLERS:
            handlers = held
        elif type(held) is list and held and held[0] is encodings.search_function:
            searches = held
        if handlers is not None and searches is not None:
            break
    return handlers, searches
