"""What pydantic has compiled of the user's models: a description in plain data, with functions and classes in it.

It holds what no attribute of a model shows: constraints, validators and defaults of all that its annotations lead to,
named tuples and typed dictionaries among it, which count by their names elsewhere.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from jitserve._outcome import BypassReason, Refusal

from . import _raw, adapters
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker

_SCHEMA = "__pydantic_core_schema__"
_CLOCK = "now_op"  # whether it has to be past, or future
_REFERENCES = ("ref", "schema_ref")
_FOR_PEOPLE = "metadata"  # how to write it as a JSON schema


def finish(walker: Walker, since: int = 0) -> None:
    """Adds the descriptions of the models that were met, and of those that these lead to.

    Args:
        walker: of the walk.
        since: how many of its classes have been looked at.
    """
    if "pydantic" not in sys.modules:
        return
    done = since
    while done < len(walker.classes):
        cls, path, trusted = walker.classes[done]
        done += 1
        if trusted:
            continue
        names = _raw.namespace(cls)
        schema = names.get(_SCHEMA)
        if type(schema) is not dict or not adapters.is_compiled(names):
            continue
        _check(schema, path)
        walker.tokens.tag("compiled schema")
        walker.push([(_lasting(schema, {}), (path, ATTR, _SCHEMA), False)])
        walker.run()


def _check(part: Any, path: Path) -> None:
    """Raises for fields that are compared with the present moment, in an extension (``PastDatetime``): TIME_READ."""
    if type(part) is dict:
        if part.get(_CLOCK) is not None and part.get("type") in ("date", "datetime"):
            raise Refusal(BypassReason.TIME_READ, render(path), "a field of it is compared with the clock")
        part = tuple(part.values())
    for item in part if type(part) in (list, tuple) else ():
        _check(item, path)


def _lasting(part: Any, references: dict[str, int]) -> Any:
    """A copy in which references are numbers, in order: pydantic makes them of names and addresses."""
    if type(part) is list or type(part) is tuple:
        return type(part)(_lasting(item, references) for item in part)
    if type(part) is not dict:
        return part
    is_schema = type(part.get("type")) is str  # elsewhere, keys are names of fields
    return {
        key: references.setdefault(value, len(references))
        if is_schema and key in _REFERENCES and type(value) is str
        else _lasting(value, references)
        for key, value in part.items()
        if not (is_schema and key == _FOR_PEOPLE)
    }
