"""Classes of the standard library whose state no program depends on."""

from __future__ import annotations

from ._adapter import Adapter

_LOCK = Adapter(reason="whether a lock is held does not shape a program", inert=True)
_MEMO_LOCK = Adapter(reason="a lock and nothing else", ignored=frozenset(("lock",)))
_LOG = Adapter(reason="what is logged while tracing is not part of the program", inert=True)
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
    "logging.LoggerAdapter": _LOG,
}
