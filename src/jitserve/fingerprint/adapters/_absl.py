"""Absl: the flags of a program.

``FLAGS`` holds all of them, beside tables by addresses of modules. Code that names one flag reads that one alone.
"""

from __future__ import annotations

from typing import Any

from .. import _raw
from ._adapter import Adapter

_FLAGS = "absl.flags._flagvalues.FlagValues"
TABLE = {
    _FLAGS: Adapter(
        reason="where the modules lie that define the flags, which only absl's help asks for",
        ignored=frozenset(("__flags_by_module_id",)),
    ),
}


def holds_flags(cls: type) -> bool:
    """Whether instances of a class hold flags, judged by its name."""
    return _raw.qualname(cls) == "FlagValues" and _raw.module_name(cls) == "absl.flags._flagvalues"


def flag_named(flags: object, name: str) -> Any:
    """The flag whose value ``flags.name`` is; None where it is anything else, or an error."""
    own = _raw.instance_dict(flags) or {}
    if own.get("__flags_parsed") is not True or name in own["__hiddenflags"] or name in own:
        return None
    return own["__flags"].get(name)
