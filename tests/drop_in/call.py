"""One call to make in several processes."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any

Jit = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Call:
    """The jitted function, its arguments, and the context around it."""

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = dataclasses.field(default_factory=dict)
    context: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext
