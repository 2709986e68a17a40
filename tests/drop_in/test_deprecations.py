"""What JAX has deprecated is blamed on whoever calls ``jit``, since Python shows it there."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jax
import pytest

import jitserve


@pytest.mark.parametrize("jit", [jax.jit, jitserve.jit], ids=("jax", "jitserve"))
@pytest.mark.parametrize("option", [{"backend": "cpu"}, {"device": None, "backend": "cpu"}], ids=str)
def test_deprecated_option_is_blamed_on_the_caller(jit: Callable[..., Any], option: dict[str, Any]) -> None:
    with pytest.warns(DeprecationWarning, match="backend and device argument on jit is deprecated") as heard:
        jit(lambda x: x, **option)
    assert [warning.filename for warning in heard] == [__file__]


def test_factory_with_a_deprecated_option_is_blamed_on_the_caller() -> None:
    factory = jitserve.jit(backend="cpu")
    with pytest.warns(DeprecationWarning, match="backend and device argument on jit is deprecated") as heard:
        factory(lambda x: x)
    assert [warning.filename for warning in heard] == [__file__]


def test_deprecated_name_in_code_that_does_not_run_is_not_warned_of() -> None:
    def f(x: Any, old: bool = False) -> Any:
        return jax.core.find_top_trace([x]) if old else x + 1  # type: ignore[attr-defined]

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert jitserve.jit(f)(1) == 2
    assert [str(warning.message) for warning in heard] == []
