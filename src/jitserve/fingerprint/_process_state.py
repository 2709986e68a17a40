"""State of the process that code reads without a name for it: contexts and filters that anybody may set.

How NumPy answers a division by zero, how many digits a text of an array has, to how many digits ``decimal`` computes,
which warnings are errors: a trace may depend on each, and no walk leads there. So all of it is in the key.
"""

from __future__ import annotations

import decimal
import locale
import sys
import warnings
from typing import Any

import numpy as np

_STANDARD_DIALECTS = frozenset(("excel", "excel-tab", "unix"))
_OF_DIALECTS = (
    *("delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace"),
    "strict",
)
_FLAGS = 6  # where a reduced decimal context has its flags: what happened, not what shall happen


def process_state() -> tuple[tuple[str, object], ...]:
    """(name, value) of everything that a trace may depend on. Equal values mean the same in every process."""
    return (
        ("numpy.geterr", tuple(np.geterr().items())),
        ("numpy.geterrcall", np.geterrcall()),
        ("numpy.get_printoptions", tuple(np.get_printoptions().items())),
        ("decimal context", _settings(decimal.getcontext())),
        ("decimal context of its own", _settings(decimal.DefaultContext)),
        ("dialects of csv", _dialects()),
        ("digits of an int", sys.get_int_max_str_digits()),
        ("number format", locale.setlocale(locale.LC_NUMERIC)),
        ("names of days", locale.setlocale(locale.LC_TIME)),
        ("encoding of files", locale.getpreferredencoding(False).lower()),
        ("warnings that are errors", _errors()),
    )


def warning_filters() -> list[object]:
    """The filters of warnings as of now, to be compared with those at another moment."""
    return list(warnings.filters)


def _settings(context: decimal.Context) -> tuple[object, ...]:
    return tuple(_as_tuple(part) for i, part in enumerate(context.__reduce__()[1]) if i != _FLAGS)


def _dialects() -> tuple[tuple[object, ...], ...]:
    csv: Any = sys.modules.get("_csv")
    names = csv.list_dialects() if csv is not None else ()
    found = ((name, csv.get_dialect(name)) for name in names if name not in _STANDARD_DIALECTS)
    return tuple((name, *(getattr(dialect, part) for part in _OF_DIALECTS)) for name, dialect in found)


def _as_tuple(part: object) -> object:
    return tuple(part) if type(part) is list else part


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
