"""Fingerprints: digests of everything that a trace can read, and of everything around it.

``walk`` is the key: a static walk of the live objects. ``environment`` is the rest of the process. See
``docs/cache-key.md`` for what is in a key and why.
"""

from __future__ import annotations

from ._bindings import Bindings as Bindings
from ._bindings import differing as differing
from ._config_policy import relevant_states as relevant_states
from ._dependency import Dependency as Dependency
from ._dependency import DependencyKind as DependencyKind
from ._environment import environment as environment
from ._hazards import Hazard as Hazard
from ._ingredient import Ingredient as Ingredient
from ._intruders import Intruders as Intruders
from ._memos import prewarmed as prewarmed
from ._noting import take_notes as take_notes
from ._part import Part as Part
from ._process_state import is_plain as is_plain
from ._process_state import process_state as process_state
from ._recording import Recording as Recording
from ._recording import record as record
from ._snapshot import Snapshot as Snapshot
from ._snapshot import fill as fill
from ._standby import Standby as Standby
from ._text import text_of as text_of
from ._tree_nodes import TreeNodes as TreeNodes
from ._under_way import may_listen as may_listen
from ._under_way import recording_under_way as recording_under_way
from ._unread import Excused as Excused
from ._walk import walk as walk
from ._walked import Walk as Walk
from ._walker import Limits as Limits
from ._xla_flags import of_environment as xla_flags
from .adapters import prepare as prepare_libraries

__all__ = [
    "Bindings",
    "Dependency",
    "DependencyKind",
    "Hazard",
    "Ingredient",
    "Intruders",
    "Limits",
    "Part",
    "Recording",
    "Snapshot",
    "Standby",
    "TreeNodes",
    "Walk",
    "differing",
    "environment",
    "fill",
    "is_plain",
    "may_listen",
    "prepare_libraries",
    "prewarmed",
    "process_state",
    "record",
    "recording_under_way",
    "relevant_states",
    "take_notes",
    "text_of",
    "walk",
    "xla_flags",
]
