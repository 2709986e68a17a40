"""By which names code reads attributes: those that stand in it, or that it makes up."""

from __future__ import annotations

import dis
import re
import sys
import types
from collections.abc import Iterable

from . import _packages

# By these, code takes all attributes of an object, or some by names that nobody hears of.
ALL = frozenset(
    (
        *("__dict__", "__dir__", "__getstate__", "__reduce__", "__reduce_ex__", "__self__", "asdict", "astuple"),
        *("cloudpickle", "deepcopy", "delattr", "dill", "dir", "dump", "dumps", "getattr_static", "getmembers"),
        *("getmembers_static", "methodcaller", "pformat", "pickle", "pp", "pprint", "setattr", "vars"),
        *("__delattr__", "__setattr__", "__sizeof__"),
    )
)
_HEARD = frozenset((*sys.stdlib_module_names, *_packages.OPAQUE_PACKAGES)) | _packages.FAMILIAR
_MODELS = frozenset(("pydantic",))  # whose extension makes models of the attributes of objects
_NAMES = re.compile(r"[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*")  # ``\w`` has not all that identifiers have
_FIELD = re.compile(r"\{([^{}]*)")
_MATCH_CLASS = dis.opmap["MATCH_CLASS"]


def takes_all(qualname: str) -> bool:
    """Whether a function of the standard library goes through the attributes of what it is given."""
    return qualname.rpartition(".")[2] in ALL or qualname in _GO_THROUGH


def takes_in_c(module: str) -> bool:
    """Whether a function of an extension, of the module of that name, may read attributes unheard."""
    return module.partition(".")[0] not in _HEARD


def makes_models(filename: str) -> bool:
    """Whether code is of a library that has its extension read the attributes of objects."""
    return _packages.package_of(filename) in _MODELS


# Of ``argparse.Namespace``, of the fields of dataclasses, for their defaults, and of what has no such attribute as was
# asked for, whose message suggests another.
_GO_THROUGH = frozenset(
    (
        *("_AttributeHolder.__repr__", "_AttributeHolder._get_kwargs", "Namespace.__eq__", "Namespace.__contains__"),
        *("Field.__repr__", "_compute_suggestion_error"),
    )
)


def names_in(heard: Iterable[types.CodeType], unheard: Iterable[types.CodeType]) -> set[str] | None:
    """The names of all attributes that code may read; None where it may read all of an object.

    Args:
        heard: code that ran while somebody listened to the names that it made up.
        unheard: other code.
    """
    found: set[str] = set()
    for code in heard:
        found.update(code.co_names)
        if not ALL.isdisjoint(code.co_names) and _packages.package_of(code.co_filename) not in _packages.FAMILIAR:
            return None
        if _MATCH_CLASS in code.co_code[::2]:
            if _matches_by_position(code) or _patterns_take_all(code):
                return None  # where by position, a class says which attributes are meant
            _add_texts(code.co_consts, found)
    for code in unheard:
        found.update(code.co_names)
        _add_texts(code.co_consts, found)
        if not ALL.isdisjoint(code.co_names) or _patterns_take_all(code):
            return None
    return found


def names_in_generated(code: types.CodeType) -> set[str]:
    """The names of the attributes that generated code reads or sets: of a frozen dataclass it sets them by texts."""
    return {*code.co_names, *(text for text in code.co_consts if type(text) is str and text.isidentifier())}


def _matches_by_position(code: types.CodeType) -> bool:
    """Whether a class pattern of code has attributes without a name (``case Point(0, y=0)``)."""
    return any(step.opcode == _MATCH_CLASS and step.arg for step in dis.get_instructions(code))


def _patterns_take_all(code: types.CodeType) -> bool:
    """Whether a class pattern may name what takes all attributes (``case Store(dumps=dump)``)."""
    groups = (constant for constant in code.co_consts if type(constant) is tuple)
    return any(type(name) is str and name in ALL for group in groups for name in group)


def _add_texts(constant: object, found: set[str]) -> None:
    if type(constant) is str:
        found.update(names_of(constant))
    elif type(constant) is tuple or type(constant) is frozenset:
        for item in constant:
            _add_texts(item, found)


def names_in_fields(text: str) -> set[str]:
    """The names in the replacement fields of a format, which asks for no others; of any other text all of its names."""
    fields = _FIELD.findall(text) if "{" in text else [text]
    return {name for field in fields for name in names_of(field)}


def names_of(text: str) -> list[str]:
    """The names that stand in a text by which somebody asks for attributes."""
    return _NAMES.findall(text)
