"""What captured arrays of NumPy are views of, where code of the user may look past what a view shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ._walker import Walker

_LOOKS_PAST = frozenset(("base", "as_strided", "strides"))


def finish(walker: Walker, asked: frozenset[str]) -> None:
    """Adds the rest of the memory that views lie in, where that may be read.

    Many a module has an attribute called ``base``: what is neither an array nor bytes is left alone for its sake, as is
    what NumPy makes of an array of JAX.
    """
    if asked.isdisjoint(_LOOKS_PAST):
        return
    done = 0
    while done < len(walker.views):  # such an array may be a view itself
        owner, path = walker.views[done]
        done += 1
        if isinstance(owner, (np.ndarray, bytes, bytearray)):
            walker.tokens.tag("owner")
            walker.push([(owner, path, False)])
            walker.run()
