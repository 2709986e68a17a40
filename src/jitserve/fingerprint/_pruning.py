"""Pruning: a walk that goes into those functions only that a trace ran, which is its *footprint*.

A function that a trace did not run cannot have shaped the program by its code, its closure or its globals; only by
what can be seen of it from outside: its name, its parameters, its attributes. So a walk for later calls encodes just
that, and an edit of code that does not run is no miss.

Why that is sound: let a trace in process A run the functions F, all of them in the pruned walk of A, and let the walk
of process B, pruned to the same F, have the same digest. The trace of B begins with the same function and finds the
same values, so that it does what that of A did, up to the first function that it runs and whose code the digest does
not cover. Such a function is not in F by its name; that of A at the same place has the same name, and A ran it: it is
in F. What a trace can do beside running functions, looking into them (``__code__``, ``__closure__``) and having other
threads run them, gives no footprint at all; what a memo remembers counts as run, and so does what has been put into JAX
(it may run when XLA compiles, unseen) and what the user has named with ``depends_on``.
"""

from __future__ import annotations

import types
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING, Any

from jitserve._dependencies import ATTRIBUTE
from jitserve._outcome import BypassReason
from jitserve._pure import PureFunction

from . import _names, _origin, _raw, _telltales, adapters
from ._origin import Origin

if TYPE_CHECKING:
    from ._walked import Walk

# Names by which code looks into a function without running it.
INTROSPECTION = frozenset(
    (
        "__closure__",
        "__code__",
        "__globals__",
        "ag_code",
        "ag_frame",
        "cell_contents",
        "co_code",
        "co_consts",
        "co_freevars",
        "co_names",
        "cr_code",
        "cr_frame",
        "f_code",
        "getclosurevars",
        "getfile",
        "getmembers",
        "getsource",
        "getsourcefile",
        "getsourcelines",
        "gi_code",
        "gi_frame",
        "get_instructions",
        "Bytecode",
        "dis",
    )
)
# What code is called that the standard library and others write for classes. It is walked though no recorder reports
# it, since it follows from the class; so is other code of such a name, which counts more often than it need.
GENERATED = ("__create_fn__", "namedtuple_")
GENERATED_FILES = tuple(adapters.GENERATED)


def name_of(function: types.FunctionType) -> str:
    """The name of a function's code in footprints, the same in every process: ``module:qualname``."""
    name = f"{function.__globals__.get('__name__')}:{function.__code__.co_qualname}"
    return name.encode("utf-8", "replace").decode()  # protobuf has no lone surrogates


def is_pruned(function: types.FunctionType, footprint: Container[str]) -> bool:
    """Whether a walk with that footprint does not go into a function (which is not opaque)."""
    return name_of(function) not in footprint and not _is_generated(function)


def _is_generated(function: types.FunctionType) -> bool:
    code = function.__code__
    if not code.co_filename.startswith("<"):
        return False
    module = function.__globals__.get("__name__")
    return (
        type(module) is not str
        or code.co_qualname.startswith(GENERATED)
        or module.startswith(GENERATED)
        or code.co_filename.startswith(GENERATED_FILES)
        or (module != "__main__" and _origin.of_module(module) is Origin.OPAQUE)
    )


def has_run(walk: Walk, ran: Container[int]) -> bool:
    """Whether the function that was walked is among what ran. If it is not, the record misses something."""
    roots = [obj for obj in walk.objects[:1] if type(obj) is types.FunctionType]
    return all(_origin.of_function(root) is Origin.OPAQUE or id(root.__code__) in ran for root in roots)


def ran_in(walk: Walk, ran: Container[int]) -> frozenset[str] | None:
    """The names of the walked functions that ran; None where some of them looked into functions.

    Args:
        walk: one that is not pruned.
        ran: ids of the code objects that ran.
    """
    names = set()
    for function in _functions_of(walk):
        read = _names.of(function.__code__)
        if any(id(code) in ran for code in read.codes):
            if _looks_into_functions(read, function.__globals__) and not _is_known(function):
                return None
            names.add(name_of(function))
    return frozenset(names)


def _is_known(function: types.FunctionType) -> bool:
    module = function.__globals__.get("__name__")
    known = adapters.is_harmless(BypassReason.DYNAMIC_SCOPE, module, function.__code__)
    return known and _origin.of_function(function) is Origin.LIBRARY


def _looks_into_functions(read: _names.Names, globals_: dict[str, Any]) -> bool:
    values = [globals_.get(name) for name, _ in read.chains]
    if any(type(value) is str and value in INTROSPECTION for value in values):
        return True
    texts = {text for code in read.codes for text in _telltales.texts_in(code.co_consts)}  # for getattr, patterns
    imported = {name for found in read.imports for name in found.taken}
    return not INTROSPECTION.isdisjoint(texts | imported | read.attributes | read.loads | dict(read.chains).keys())


def leading_to(walk: Walk, codes: Iterable[types.CodeType]) -> frozenset[str]:
    """The names of the functions by whose bindings a walk has found some code.

    JAX runs functions that it has in tables, such as those that take a tree apart with its keys; a walk that is pruned
    may lose sight of them, since it was a function which did not run that led to them.

    Args:
        walk: one that is not pruned, and that covers the code.
        codes: the code.
    """
    functions = {id(path): obj for obj, path in zip(walk.objects, walk.paths, strict=True)}
    names = set()
    for code in codes:
        path = walk.codes[id(code)][1] if id(code) in walk.codes else None
        while path is not None:
            found = functions.get(id(path))
            if type(found) is types.FunctionType and _origin.of_function(found) is not Origin.OPAQUE:
                names.add(name_of(found))
            path = path[0]
    return frozenset(names)


def named_dependencies(walk: Walk) -> list[object]:
    """What the user has named with ``depends_on``: it counts whether it runs or not."""
    found: list[object] = []
    for obj in walk.objects:
        if type(obj) is types.FunctionType or type(obj) is PureFunction:
            found.append(obj.__dict__.get(ATTRIBUTE))
        elif issubclass(type(obj), type):
            found.append(_raw.namespace(obj).get(ATTRIBUTE))
    return [named for named in found if named is not None]


def all_in(walks: Iterable[Walk]) -> frozenset[str]:
    """The names of all walked functions."""
    return frozenset(name_of(function) for walk in walks for function in _functions_of(walk))


def _functions_of(walk: Walk) -> list[types.FunctionType]:
    found = [obj for obj in walk.objects if type(obj) is types.FunctionType]
    return [function for function in found if _origin.of_function(function) is not Origin.OPAQUE]
