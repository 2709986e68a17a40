"""Beartype: what it keeps in the wrappers that it generates."""

from __future__ import annotations

from . import _expected
from ._adapter import Adapter

TABLE = {
    "beartype._conf.confmain.BeartypeConf": Adapter(
        reason="_hash is a memo of the hash of the options, which is salted",
        ignored=frozenset(("_hash",)),
        expected={"_hash": _expected.is_hash},
    ),
    "beartype._util.kind.maplike.utilmapfrozen.FrozenDict": Adapter(
        reason="_hash is a memo of the hash of the items, which is salted",
        ignored=frozenset(("_hash",)),
        expected={"_hash": _expected.is_hash},
    ),
}
