"""One named part of a key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One named part of a key, kept beside the key so that a miss can be explained by a difference.

    Attributes:
        name: what it is, for example ``jaxlib`` or ``train_step.__globals__['norm']``.
        digest: 32 bytes, equal if and only if the part is.
        text: the part as a person would write it, shortened.
    """

    name: str
    digest: bytes
    text: str
