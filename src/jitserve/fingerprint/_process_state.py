"""State of the process that code reads without a name for it: contexts and filters that anybody may set.

How NumPy answers a division by zero, how many digits a text of an array has, to how many digits ``decimal`` computes,
which warnings are errors: a trace may depend on each, and no walk leads there. So all of it is in the key.
"""

from __future__ import annotations

import copy
import decimal
import itertools
import locale
import operator
import sys
import types
import warnings
from typing import Any

import numpy as np

from . import _library_state, _origin, _replaced

_FLAGS = 6  # where a reduced decimal context has its flags: what happened, not what shall happen

_STARTING_CONTEXTS = (decimal.DefaultContext, decimal.BasicContext, decimal.ExtendedContext)
_COPYING: tuple[dict[Any, Any], ...] = (copy._copy_dispatch, copy._deepcopy_dispatch)  # type: ignore[attr-defined]
_STOCK: frozenset[object] = frozenset(  # the functions that come with the module, and methods of built-in types
    function
    for table in _COPYING
    for function in table.values()
    if type(function) is not types.FunctionType or function.__module__ == "copy"
)
_DIALECTS = frozenset(("excel", "excel-tab", "unix"))
_DIALECT = (
    *("delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace"),
    "strict",
)
_JSON: dict[str, dict[str, object]] = {
    "_default_encoder": {
        **dict.fromkeys(("skipkeys", "sort_keys"), False),
        **dict.fromkeys(("ensure_ascii", "check_circular", "allow_nan"), True),
        "indent": None,
    },
    "_default_decoder": {
        **dict.fromkeys(("object_hook", "object_pairs_hook")),
        "parse_float": float,
        "parse_int": int,
        "strict": True,
    },
}


def process_state() -> tuple[tuple[str, object], ...]:
    """(name, value) of everything that a trace may depend on. Equal values mean the same in every process."""
    return (
        ("numpy.geterr", tuple(np.geterr().items())),
        ("numpy.getbufsize", np.getbufsize()),
        ("decimal context", _precision(decimal.getcontext())),
        ("decimal contexts to start from", tuple(map(_precision, _STARTING_CONTEXTS))),
        ("digits of an int", sys.get_int_max_str_digits()),
        ("number format", locale.setlocale(locale.LC_NUMERIC)),
        ("names of days", locale.setlocale(locale.LC_TIME)),
        ("encoding of files", locale.getpreferredencoding(False).lower()),
        ("numpy.geterrcall", np.geterrcall()),
        ("numpy.get_printoptions", tuple(itertools.chain.from_iterable(np.get_printoptions().items()))),
        ("dialects of csv", _dialects()),
        ("json encoders", (*_json(), *_replaced.coders())),
        ("called instead", _replaced.called_instead()),
        ("tables of modules", _replaced.tables()),
        ("copied otherwise", _copied_otherwise()),
        ("warnings that are errors", _errors()),
        ("states of libraries", _library_state.library_state()),
    )


def is_plain(value: Any) -> bool:
    """Whether a state is of constants alone, so that what is the same as it (``_core.is_same``) has its digest."""
    return all(map(is_plain, value)) if type(value) is tuple else _is_constant(type(value))


def _is_constant(kind: type) -> bool:
    """Whether values of a type that are equal are the same; not floats: 0.0 == -0.0."""
    return kind is str or kind is int or kind is bool or kind is bytes or kind is types.NoneType


def warning_filters() -> list[object]:
    """The filters of warnings as of now, to be compared with those at another moment."""
    return list(warnings.filters)


def _precision(context: decimal.Context) -> tuple[object, ...]:
    parts: Any = decimal.Context.__reduce__(context)[1]  # a subclass of the user's may have one of its own
    return (*parts[:_FLAGS], tuple([signal.__name__ for signal in parts[_FLAGS + 1]]))


def _dialects() -> tuple[tuple[object, ...], ...]:
    """What has been registered by a name, beside the three that come with the module."""
    table: Any = sys.modules.get("_csv")
    names = table.list_dialects() if table is not None else ()
    return tuple(
        (name, *(getattr(table.get_dialect(name), field) for field in _DIALECT))
        for name in sorted((name for name in names if name not in _DIALECTS), key=str)
    )


def _copied_otherwise() -> tuple[tuple[object, ...], ...]:
    """How ``copy`` deals with classes that it knows by itself, where somebody has told it another way."""
    return tuple(
        (kind.__qualname__, function)
        for table in _COPYING
        if not _STOCK.issuperset(table.values())
        for kind, function in table.items()
        if function not in _STOCK and _origin.of_class(kind) is _origin.Origin.OPAQUE
    )


def _json() -> tuple[object, ...]:
    """What ``json.dumps`` and ``json.loads`` go by, where it is not what comes with the module."""
    module = sys.modules.get("json")
    kept = ((getattr(module, name, None), options) for name, options in _JSON.items())
    return tuple(thing for thing, options in kept if thing is not None and not _has(thing, options))


def _has(thing: Any, options: dict[str, object]) -> bool:
    own = vars(thing)
    if type(thing).__module__ not in ("json.encoder", "json.decoder") or "default" in own:
        return False
    return all(map(operator.is_, map(own.get, options), options.values()))


def _errors() -> tuple[tuple[object, ...], ...]:
    """The filters of warnings up to the last one that makes an error of a warning."""
    filters: list[Any] = list(warnings.filters)
    while filters and filters[-1][0] != "error":
        filters.pop()
    return tuple(
        (action, _pattern(message), category.__module__, category.__qualname__, _pattern(module), line)
        for action, message, category, module, line in filters
    )


def _pattern(expression: Any) -> object:
    return (expression.pattern, expression.flags) if hasattr(expression, "pattern") else expression
