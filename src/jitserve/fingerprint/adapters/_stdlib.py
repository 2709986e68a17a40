"""Classes of the standard library whose state no program depends on."""

from __future__ import annotations

import logging

from .. import _raw
from ._adapter import Adapter

_LOCK = Adapter(reason="whether a lock is held does not shape a program", inert=True)
_OF_LOGGERS = frozenset(
    ("name", "level", "parent", "propagate", "handlers", "disabled", "filters", "manager", "_cache")
)  # what every logger has
_MEMO_LOCK = Adapter(reason="a lock and nothing else", ignored=frozenset(("lock",)))


def _shown_by_logger(logger: object) -> tuple[object, ...]:
    """Its name, its level as it works out, how much hangs on it, and what somebody has set on it besides."""
    own = _raw.instance_dict(logger) or {}
    nearest: object = logger
    level = own.get("level")
    while not level and (nearest := (_raw.instance_dict(nearest) or {}).get("parent")) is not None:
        level = (_raw.instance_dict(nearest) or {}).get("level")
    sizes = tuple(len(own.get(name) or ()) for name in ("handlers", "filters"))
    plain = own.get("name"), own.get("level"), level, own.get("disabled"), own.get("propagate"), *sizes, _disabled()
    return (*plain, _added(logger))


def _added(logger: object) -> tuple[object, ...]:
    """What somebody has set on a logger: who leads to it may hand it to code of the user."""
    own = _raw.instance_dict(logger) or {}
    return tuple((name, value) for name, value in own.items() if name not in _OF_LOGGERS)


def _extra(adapter: object) -> tuple[object, ...]:
    return tuple(value for name, value in (_raw.instance_dict(adapter) or {}).items() if name != "logger")


def _disabled() -> int:
    return logging.Logger.manager.disable


_LOG = Adapter(
    reason="what is logged while tracing is not part of the program, but for what it is made to depend on",
    inert=True,
    shown=_shown_by_logger,
    shown_in_libraries=_added,
)
_WEAK = Adapter(
    reason="libraries keep memos in weak containers, keyed by objects that live elsewhere",
    inert=True,
    in_libraries_only=True,
)

TABLE = {
    "weakref.WeakKeyDictionary": _WEAK,
    "weakref.WeakValueDictionary": _WEAK,
    "_weakrefset.WeakSet": _WEAK,
    "weakref.ReferenceType": _WEAK,
    "weakref.WeakMethod": _WEAK,
    "_thread.lock": _LOCK,
    "_thread.LockType": _LOCK,
    "_thread.RLock": _LOCK,
    "threading._RLock": _LOCK,
    "functools.cached_property": _MEMO_LOCK,
    "functools.singledispatchmethod": Adapter(reason="a memo", ignored=frozenset(("_method_cache",))),
    "_io.TextIOWrapper": Adapter(
        reason="libraries write warnings to the standard streams", inert=True, in_libraries_only=True
    ),
    "logging.Logger": _LOG,
    "logging.RootLogger": _LOG,
    "logging.LoggerAdapter": Adapter(
        reason="what is logged while tracing is not part of the program",
        inert=True,
        in_libraries_only=True,
        shown_in_libraries=_extra,
    ),
}
