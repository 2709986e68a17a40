"""Names that modules of JAX still answer for, with a warning."""

from __future__ import annotations

from jax._src import deprecations


def only_warns(module_getattr: object) -> bool:
    """Whether a module's ``__getattr__`` gives out deprecated names, and loads nothing."""
    return getattr(module_getattr, "__module__", None) == deprecations.__name__
