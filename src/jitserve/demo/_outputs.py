"""One digest over everything that a jitted function returned."""

from __future__ import annotations

import hashlib
from typing import Any

import jax
import numpy as np


def outputs_sha256(outputs: Any) -> str:
    """The SHA-256 (hex) of ``outputs``: tree structure, and per leaf its path, type, shape, weak type and bytes.

    Two processes that print the same digest have returned bit-identical values.
    """
    digest = hashlib.sha256()
    leaves, tree = jax.tree_util.tree_flatten_with_path(outputs)
    _add(digest, str(tree).encode())
    for path, leaf in leaves:
        described = (jax.tree_util.keystr(path), str(leaf.dtype), str(leaf.shape), str(leaf.weak_type))
        _add(digest, "\n".join(described).encode())
        _add(digest, np.asarray(leaf).tobytes())
    return digest.hexdigest()


def _add(digest: Any, data: bytes) -> None:
    # The length in front of each part keeps neighbouring parts from running into one another.
    digest.update(len(data).to_bytes(8, "little"))
    digest.update(data)
