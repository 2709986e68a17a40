"""One named part of a key."""

from __future__ import annotations

from dataclasses import dataclass

XLA_OPTIONS = "XLA options"  # the part that other flags change as well


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One named part of a key, kept beside the key so that a miss can be explained by a difference.

    Attributes:
        name: what it is, for example ``jaxlib`` or ``global `EPS` of `net.layers.norm` ``.
        digest: 32 bytes, equal if and only if the part is; none where ``text`` says all that there is to it.
        text: the part as a person would write it, shortened.
        kind: what sort of part it is, for example ``function`` or ``static``.
        details: further lines, to tell two versions of the part by.
    """

    name: str
    digest: bytes
    text: str
    kind: str = "part"
    details: tuple[str, ...] = ()
