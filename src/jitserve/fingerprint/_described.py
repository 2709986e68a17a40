"""What classes and functions say of themselves beside what they do: docstrings, and where they stand.

It does not count, unless code of the user goes through the namespace of a class, where that lies among all the rest,
or through the constants of a function. ``vars`` is most often asked for that of an object, which holds none of it:
where a recorder has heard of no class, later walks go without.
Whoever asks for it by its name is refused (``_telltales``); so is a class that hands it out to patterns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitserve._outcome import BypassReason, Refusal

from . import _names, _raw, _telltales
from ._path import ATTR, render
from ._telltales import NAMESPACE

if TYPE_CHECKING:
    from ._names import Names
    from ._walker import Walker

_SAID = ("__doc__", "__firstlineno__", "__static_attributes__")
_CONSTANTS = frozenset(("co_consts", "co_stacksize"))


def finish(walker: Walker, asked: frozenset[str]) -> None:
    """Adds what the walked classes say of themselves, where that may be read.

    Raises:
        Refusal: DYNAMIC_SCOPE, of a pattern that reads it.
    """
    for cls, path, trusted in walker.classes:
        patterns = _raw.namespace(cls).get("__match_args__")
        if not trusted and isinstance(patterns, tuple) and any(map(_is_said, patterns)):
            detail = "a pattern reads by this what no walk covers"
            raise Refusal(BypassReason.DYNAMIC_SCOPE, render((path, ATTR, "__match_args__")), detail)
    if not asked.isdisjoint(_CONSTANTS):
        _describe_code(walker)
    if not _reads_namespaces(walker):
        return
    for cls, path, trusted in list(walker.classes):
        contents = _raw.namespace(cls)
        walker.tokens.begin("described", len(_SAID))
        walker.push([(contents.get(name), (path, ATTR, name), trusted) for name in _SAID])
        walker.run()


def _describe_code(walker: Walker) -> None:
    """Adds what a code object holds beside what it does: a docstring first among the constants, and its stack."""
    for code in (nested for found, _ in walker.codes.values() for nested in _names.of(found).codes):
        walker.tokens.begin("described code", 2)
        first = code.co_consts[0] if code.co_consts else None
        walker.tokens.str_(first) if type(first) is str else walker.tokens.none()
        walker.tokens.int_(code.co_stacksize)


def _is_said(name: object) -> bool:
    return type(name) is str and _telltales.is_telltale(name)


def _reads_namespaces(walker: Walker) -> bool:
    """Whether code may go through the namespace of a class; an object may do so for it (``attrgetter``)."""
    found = list(walker.order.names())
    if NAMESPACE in walker.unread.asked or any(map(_names_namespaces, found)):
        return True
    return not walker.unread.leaves_out_descriptions and any("vars" in names.loads for names in found)


def _names_namespaces(names: Names) -> bool:
    texts = (text for code in names.codes for text in _telltales.texts_in(code.co_consts))
    return NAMESPACE in names.attributes or NAMESPACE in texts
