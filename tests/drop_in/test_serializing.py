"""When the bytes of an executable are taken: before it runs, or, where they stay the same, while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from jitserve import _jax
from jitserve._outcome import Refusal

Compiled = tuple[Any, bytes, Callable[[], object]]

STEADY: dict[str, Callable[[Any], Any]] = {
    "product": lambda x: jnp.sin(x) @ x,
    "gradient": jax.grad(lambda x: jnp.tanh(x @ x).sum()),
    "loop": lambda x: jax.lax.scan(lambda carry, row: (carry + row, carry * row), x[0], x),
    "branch": lambda x: jax.lax.cond(x.sum() > 0, jnp.sin, jnp.cos, x),
    "convolution": lambda x: jax.lax.conv(x[None, None], x[None, None, :3, :3], (1, 1), "SAME"),
    "random": lambda x: x + jax.random.normal(jax.random.PRNGKey(0), x.shape),
    "indices": lambda x: x[jnp.array([1, 2])].at[0].add(1.0),
    "fourier": lambda x: jnp.fft.fft(x),
}


def _compiled(function: Callable[[Any], Any]) -> Compiled:
    argument = jnp.linspace(0.1, 1.0, 64 * 64).reshape(64, 64)
    lowered = jax.jit(function).lower(argument)
    compiled: Any = lowered.compile()
    stablehlo = _jax.Lowered(lowered._lowering, []).stablehlo()
    return compiled._executable, stablehlo, lambda: jax.block_until_ready(compiled(argument))


@pytest.mark.parametrize("name", STEADY)
def test_bytes_taken_while_a_program_runs_are_those_from_before_it_ran(name: str) -> None:
    executable, stablehlo, run = _compiled(STEADY[name])
    assert _jax.serializes_later(executable, stablehlo)
    before = _jax.serialize(executable)
    over = threading.Event()

    def run_on() -> None:
        while not over.is_set():
            run()

    runner = threading.Thread(target=run_on)
    runner.start()
    try:
        taken = {_jax.serialize(executable) for _ in range(5)}
    finally:
        over.set()
        runner.join()
    assert taken == {before}


@pytest.mark.parametrize("function", [jnp.sort, lambda x: jax.random.permutation(jax.random.PRNGKey(0), x)])
def test_program_that_cannot_be_serialised_once_it_has_run_is_known(function: Callable[[Any], Any]) -> None:
    executable, stablehlo, run = _compiled(function)
    run()
    with pytest.raises(Refusal):
        _jax.serialize(executable)
    assert not _jax.serializes_later(executable, stablehlo)
