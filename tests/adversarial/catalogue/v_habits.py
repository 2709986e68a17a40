"""V: what people do in the functions that they jit, and around them."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, case

_MOVED = ("def g", "\n# A comment.\n\ndef g")
_JITTED = "@jax.jit\ndef g(x): return jnp.sum(x * 2)\n"

CASES = (
    # What is made of a jitted function carries a copy of what the jit knows of it, also where it was written.
    case("V01-grad-of-jitted", HIT, _JITTED + "f = jax.grad(g)", _MOVED),
    case("V01-vmap-of-jitted", HIT, _JITTED + "f = jax.vmap(g)", _MOVED),
    case("V01-wraps-jitted", HIT, _JITTED + "@functools.wraps(g)\ndef f(x): return g(x)", _MOVED),
    case("V01-grad-of-edited", MISS, _JITTED + "f = jax.grad(g)", ("x * 2", "x * 3")),
    case(
        "V01-options",
        MISS,
        "@functools.partial(jax.jit, static_argnames='n')\ndef g(x, n=2): return jnp.sum(x) * n\n"
        "def f(x): return x * len(h._jit_info.static_argnames)\nh = jax.grad(g)",
        ("static_argnames='n'", "static_argnames=()"),
    ),
)
