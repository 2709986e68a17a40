"""``jitserve.jit(f).lower(...).compile()``: from the store, and otherwise JAX's own in every way."""

from __future__ import annotations

import re
from pathlib import Path

from tests.whole.processes import evaluate

PROGRAM = """
import jax.numpy as jnp
@{jit}
def f(x, y): return {{"product": jnp.sort(x @ y), "values": jnp.linalg.svd(x)[1]}}
x = jnp.arange(16.0).reshape(4, 4)
def message(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return [type(error).__name__, str(error)]
"""
SEEN = """
made = steps(lambda: f.lower(x, y=x).compile())
lowered = f.lower(x, y=x)
compiled = lowered.compile()
calls = [(x,), (x, x), (jnp.ones(3),)]
answer(
    made=made,
    same=compiled.runtime_executable() is lowered.compile().runtime_executable(),
    types=[str(type(stage)) for stage in (f, f.trace(x, x), lowered, compiled)],
    about=[str(getattr(compiled, name)) for name in
        ("in_avals", "out_info", "in_tree", "out_tree", "args_info", "input_shardings", "output_shardings",
         "input_formats", "output_formats", "donate_argnums")],
    costs=sorted(compiled.cost_analysis().items()),
    memory=str(compiled.memory_analysis()),
    text=compiled.as_text(),
    lowered=lowered.as_text(),
    errors=[message(lambda *args: compiled(*args, y=x), *args) for args in calls[1:]] + [message(compiled, x, x[0])],
    wrong_type=message(lambda: compiled(x, y=jnp.ones((4, 4), int))),
    result=[leaf.tolist() for leaf in jax.tree.leaves(compiled(x, y=x))],
)
"""


def test_second_process_does_not_compile_and_sees_what_it_sees_with_jax(store_dir: Path) -> None:
    plain = evaluate(PROGRAM.format(jit="jax.jit") + SEEN)
    cold, warm = (evaluate(PROGRAM.format(jit="jitserve.jit") + SEEN) for _ in range(2))
    assert plain["stats"]["lookups"] == 0
    assert cold["stats"]["misses"] == 1
    assert warm["stats"]["lowered_hits"] == 1
    assert plain["made"] == cold["made"] == ["jaxpr_trace", "jaxpr_to_mlir_module", "backend_compile"]
    assert warm["made"] == ["jaxpr_trace", "jaxpr_to_mlir_module"]
    for done in (plain, cold, warm):
        del done["made"], done["stats"]
        # Source positions are numbered anew when an executable is stored.
        done["text"] = [re.sub(r"metadata={.*?}", "", line) for line in done["text"].splitlines() if " = " in line]
    assert cold == plain
    assert warm == plain


def test_call_profits_from_what_was_compiled_ahead_of_time(store_dir: Path) -> None:
    evaluate(PROGRAM.format(jit="jitserve.jit") + "f.lower(x, x).compile(); answer()")
    called = evaluate(PROGRAM.format(jit="jitserve.jit") + "answer(made=steps(f, x, x))")
    assert called["stats"]["lowered_hits"] == 1
    assert called["made"] == ["jaxpr_trace", "jaxpr_to_mlir_module"]


def test_functions_of_jax_are_left_alone(store_dir: Path) -> None:
    code = PROGRAM.format(jit="jax.jit") + "jitserve.jit(abs); f.lower(x, x).compile(); answer()"
    assert evaluate(code)["stats"]["lookups"] == 0


def test_functions_of_jax_are_served_once_it_is_installed(store_dir: Path) -> None:
    code = "jitserve.install()" + PROGRAM.format(jit="jax.jit") + "answer(made=steps(lambda: f.lower(x, x).compile()))"
    evaluate(code)
    assert "backend_compile" not in evaluate(code)["made"]


def test_what_is_not_plain_is_left_to_jax(store_dir: Path) -> None:
    code = (
        PROGRAM.format(jit="jitserve.jit")
        + """
from jax import export
exported = export.export(f, platforms=["cpu", "cuda"])(x, x)
f.trace(x, x).lower(lowering_platforms=("cpu",)).compile()
f.lower(x, x).compile(compiler_options={"xla_cpu_enable_fast_math": True})
f.lower(x, x).compile(device_assignment=tuple(jax.devices()[:1]))
jitserve.jit(lambda x: jax.debug.print("{}", x)).lower(x).compile()
answer(platforms=exported.platforms)
"""
    )
    done = evaluate(code)
    assert done["platforms"] == ["cpu", "cuda"]
    assert done["stats"]["lookups"] == sum(done["stats"]["bypasses"].values()) == 1


def test_gradient_of_our_function_is_not_taken_for_it(store_dir: Path) -> None:
    code = (
        PROGRAM.format(jit="jitserve.jit")
        + """
square = jitserve.jit(lambda x: x**2)
inner = jax.jit(jax.grad(square))
outer = jitserve.jit(jax.grad(jax.jit(jax.grad(jitserve.jit(lambda x: x**3)))))
answer(values=[float(g(3.0)) for g in (square, inner, outer)], inner=float(inner.lower(3.0).compile()(3.0)))
"""
    )
    done = evaluate(code)
    assert done["values"] == [9.0, 6.0, 18.0]
    assert done["inner"] == 6.0
