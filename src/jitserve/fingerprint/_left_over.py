"""What loops at the level of modules leave behind in JAX, NumPy and SciPy: variables that nothing reads afterwards.

Where a loop goes through a set, through what happens to be imported, or through what happens to be installed, its
variables hold something else in every process. Only the names here are taken for such: what is bound under any other is
a part of what the libraries are, whatever it looks like. ``tests/fingerprint/test_left_over.py`` finds what is missing.
"""

from __future__ import annotations

from jitserve import _jax

# Dotted names that do not count in what is bound inside the libraries.
LEFT_OUT: frozenset[str] = frozenset(
    (
        *_jax.SAID_ONLY,
        *_jax.LEFT_OVER,
        # through all types that NumPy knows, those of ml_dtypes included where they are imported already
        *(f"numpy.ma.core.{name}" for name in ("info", "max_val", "min_val", "scalar_dtype", "sctype")),
        *(f"scipy.sparse._data.{name}" for name in ("name", "npfunc")),  # through a set of ufuncs
    )
)
