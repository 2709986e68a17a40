"""The adapter of the JAX line that is installed. Importing this fails where the line is not supported."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

import jax

from jitserve._jax import _support


class Adapter(Protocol):
    """What differs between JAX lines."""

    programs: tuple[type, ...]

    def is_high(self, jaxpr: Any) -> bool: ...

    def without_hijax(self, jaxpr: Any) -> Any: ...

    def is_kept(self, jaxpr: Any) -> bool: ...

    def has_plain_layout(self, aval: Any) -> bool: ...

    def make_aval(
        self, shape: tuple[int, ...], dtype: Any, weak_type: bool, sharding: Any, memory_space: Any
    ) -> Any: ...

    def has_plain_reduction(self, spec: Any) -> bool: ...


def _select() -> Adapter:
    name = _support.ADAPTERS.get(_support.line())
    if name is None:
        raise ImportError(f"jitserve has no adapter for JAX {jax.__version__} (it has: {_support.supported_lines()})")
    return cast(Adapter, importlib.import_module(f"jitserve._jax.{name}"))


adapter = _select()
