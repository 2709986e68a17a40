"""What somebody has put in the place of something that Python calls by itself: streams, hooks, tables of a module.

Code of the user that runs there while a function is traced is not in the walk, so that nothing is published of such a
trace. What remains is the process that has something else there than the one that published: that differs by its name.
"""

from __future__ import annotations

import copyreg
import io
import json
import operator
import re
import string
import sys
import textwrap
import types
import urllib.parse
import warnings
from typing import Any

from . import _origin, _raw
from ._origin import Origin

_NAMESPACES = (
    *(("http://www.w3.org/XML/1998/namespace", "xml"), ("http://www.w3.org/1999/xhtml", "html")),
    *(("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf"), ("http://schemas.xmlsoap.org/wsdl/", "wsdl")),
    *(("http://www.w3.org/2001/XMLSchema", "xs"), ("http://www.w3.org/2001/XMLSchema-instance", "xsi")),
    ("http://purl.org/dc/elements/1.1/", "dc"),
)  # that the module comes with
_CODERS = (
    (
        json.JSONEncoder,
        ("__init__", "default", "encode", "iterencode", "item_separator", "key_separator"),
        vars(json.JSONEncoder).get,
    ),
    (json.JSONDecoder, ("__init__", "decode", "raw_decode"), vars(json.JSONDecoder).get),
)
_SEPARATORS = (", ", ": ")
_SCHEMES = ("uses_relative", "uses_netloc", "uses_params")
_OF_WARNINGS = operator.attrgetter("showwarning", "formatwarning")
_FROM_WARNINGS = operator.attrgetter("_showwarning_orig", "_formatwarning_orig")


def called_instead() -> tuple[tuple[str, str, str], ...]:
    """Where, and the names of what there is of the user's."""
    places = [("stdout", sys.stdout), ("stderr", sys.stderr)] if _has_other_streams() else []
    hooks = sys.get_asyncgen_hooks()
    if hooks != (None, None):
        places += zip(("firstiter", "finalizer"), hooks, strict=True)
    showing = _OF_WARNINGS(warnings)
    if showing != _FROM_WARNINGS(warnings):
        places += zip(("showwarning", "formatwarning"), showing, strict=True)
    return tuple((place, *named) for place, value in places if (named := _name_of_users(value)) is not None)


def _has_other_streams() -> bool:
    return type(sys.stdout) is not io.TextIOWrapper or type(sys.stderr) is not io.TextIOWrapper


def _name_of_users(value: Any) -> tuple[str, str] | None:
    """Module and name of a function of the user's, or of the class of an object of the user's; None of others."""
    if type(value) is types.MethodType:
        value = value.__func__
    if type(value) is types.FunctionType:
        of_user = _origin.of_function(value) is Origin.USER
        return (str(value.__module__), value.__code__.co_qualname) if of_user else None
    kind = type(value)
    return (_raw.module_name(kind), _raw.qualname(kind)) if _origin.of_class(kind) is Origin.USER else None


def coders() -> tuple[tuple[str, object], ...]:
    """What somebody has put into the classes by which ``json`` reads and writes."""
    now = [value for _, names, get in _CODERS for value in map(get, names)]
    if not any(map(operator.is_not, now, _AT_FIRST)) and _IS_STOCK:
        return ()
    labels = [(cls, name) for cls, names, _ in _CODERS for name in names]
    found = zip(labels, now, strict=True)
    return tuple((name, value) for (cls, name), value in found if not _is_of_json(cls, value))


def _is_of_json(cls: type, value: object) -> bool:
    if type(value) is types.FunctionType:
        return value.__globals__.get("__name__") == cls.__module__
    return value in _SEPARATORS


_AT_FIRST = [value for _, names, get in _CODERS for value in map(get, names)]
_IS_STOCK = all(_is_of_json(cls, get(name)) for cls, names, get in _CODERS for name in names)


def tables() -> tuple[object, ...]:
    """What has been added to tables of the standard library that functions of it go by."""
    xml: Any = sys.modules.get("xml.etree.ElementTree")
    namespaces = () if xml is None else tuple(xml._namespace_map.items())
    return (
        tuple(tuple(getattr(urllib.parse, name)) for name in _SCHEMES),
        () if namespaces == _NAMESPACES else namespaces,
        tuple(copyreg._extension_registry.items()) if copyreg._extension_registry else (),  # type: ignore[attr-defined]
        *_patterns(),
        *_paths(),
    )


def _paths() -> tuple[object, ...]:
    """Ways to find an order of contractions that somebody has added to those of opt_einsum, or replaced, by their
    names: what the user's code does there is not in the walk, so that nothing is published of such a trace.
    """
    ways = _ways()
    if ways.keys() == _FIRST_WAYS.keys() and not any(map(operator.is_not, ways.values(), _FIRST_WAYS.values())):
        return _ADDED_FIRST
    return _added(ways)


def _ways() -> dict[str, Any]:
    """opt_einsum's table, which JAX has loaded, or nothing where it has become another one."""
    found = getattr(sys.modules.get("opt_einsum.paths"), "_PATH_OPTIONS", None)
    return found if type(found) is dict else {}


def _added(ways: dict[str, Any]) -> tuple[object, ...]:
    return tuple((key, *_named(way)) for key, way in list(ways.items()) if _named(way) not in _OWN_WAYS.get(key, ()))


def _named(way: Any) -> tuple[str, str]:
    """Module and name of a function, or of the class of another callable."""
    if type(way) is types.FunctionType:
        return str(way.__module__), way.__qualname__
    return _raw.module_name(type(way)), _raw.qualname(type(way))


_PARTIAL = ("functools", "partial")
_OWN_WAYS = {
    **{key: (("opt_einsum.paths", key.replace("-", "_")),) for key in ("auto", "auto-hq", "optimal")},
    **dict.fromkeys(("greedy", "eager", "opportunistic"), (("opt_einsum.paths", "greedy"),)),
    **dict.fromkeys(("dp", "dynamic-programming"), (("opt_einsum.paths", "dynamic_programming"),)),
    **dict.fromkeys(("branch-all", "branch-2", "branch-1", "random-greedy-128"), (_PARTIAL,)),
    "random-greedy": (("opt_einsum.path_random", "random_greedy"),),
}
_FIRST_WAYS = dict(_ways())
_ADDED_FIRST = _added(_FIRST_WAYS)


def _patterns() -> tuple[object, ...]:
    """Regular expressions of classes that somebody has replaced."""
    now = [getattr(cls, name) for cls, name in _PATTERNS]
    parser: Any = getattr(sys.modules.get("configparser"), "RawConfigParser", None)
    changed = () if not any(map(operator.is_not, now, _STOCK_PATTERNS)) else map(_text_of, now)
    return (*changed, *(() if parser is None else _expressions_of(parser)))


def _expressions_of(parser: Any) -> tuple[object, ...]:
    """Those by which configuration files are parsed, unless they are what the templates beside them say."""
    now = parser.SECTCRE, parser.OPTCRE, parser.OPTCRE_NV, parser.NONSPACECRE
    stock = (
        parser._SECT_TMPL,
        parser._OPT_TMPL.format(delim="=|:"),
        parser._OPT_NV_TMPL.format(delim="=|:"),
        r"\S",
    )
    is_stock = all(type(one) is re.Pattern and one.pattern == text for one, text in zip(now, stock, strict=True))
    return () if is_stock else tuple(map(_text_of, now))


def _text_of(expression: object) -> object:
    return (expression.pattern, expression.flags) if type(expression) is re.Pattern else expression


_PATTERNS = (
    (string.Template, "pattern"),
    *((textwrap.TextWrapper, name) for name in ("wordsep_re", "wordsep_simple_re", "sentence_end_re")),
)
_STOCK_PATTERNS = [getattr(cls, name) for cls, name in _PATTERNS]
