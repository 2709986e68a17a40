"""The types of the fields of dataclasses, where code of the user may ask for them.

Annotations count by name only, and a field gives its own as an object to whoever asks. A class of the user's is walked
with the field; all else (``Annotated[int, 2]``, ``list[C]``) only where code names what it is asked by: ordinary
dataclasses are annotated with much that nobody reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._path import ATTR

if TYPE_CHECKING:
    from ._walker import Walker

_ASKED_BY = frozenset(("type", "__slots__"))


def finish(walker: Walker, asked: frozenset[str]) -> None:
    """Adds the types of the fields that were met, where they may be read.

    Args:
        walker: of the walk.
        asked: ``asks`` of all names of the user's functions.
    """
    if asked.isdisjoint(_ASKED_BY):
        return
    done = 0
    while done < len(walker.field_types):  # such a type may lead to another dataclass
        annotation, path = walker.field_types[done]
        done += 1
        walker.tokens.tag("type of a field")
        walker.push([(annotation, (path, ATTR, "type"), False)])
        walker.run()
