"""R67: what was put into JAX is made of JAX's own functions and of values, and differs by the values only."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, case

_LEAKY = "functools.partial(jax.nn.leaky_relu, negative_slope=0.1)"
_SLOPE = ("slope=0.1", "slope=0.2")
_ARRAY = "np.full(4, 2, 'f4')"
_SHARDING = "jax.sharding.NamedSharding(jax.make_mesh((1,), ('x',)), jax.sharding.PartitionSpec(('x',)))"
_OTHER_ARRAY = (_ARRAY, "np.full(4, 3, 'f4')")


def _patch(value: str) -> str:
    """A program that gets at a function of JAX's which calls the patched one."""
    return (
        "import operator\nimport jax._src.nn.functions as F\n"
        f"old = F.relu6\nF.relu6 = {value}\n"
        "def f(x): return jax.nn.hard_sigmoid(-x)\ndef undo(): F.relu6 = old\n"
    )


def _named(value: str) -> str:
    """A program that gets at the patched function by a name that is a value."""
    return (
        f"old = jax.nn.relu\njax.nn.relu = {value}\nN = 'relu'\n"
        "def f(x): return getattr(jax.nn, N)(-x)\ndef undo(): jax.nn.relu = old\n"
    )


def _default(value: str) -> str:
    return (
        f"inner = jax.nn.leaky_relu.__wrapped__\nold = inner.__defaults__\ninner.__defaults__ = ({value},)\n"
        "def f(x): return jax.nn.leaky_relu(-x)\ndef undo(): inner.__defaults__ = old\n"
    )


def _sigmoid(value: str, program: str) -> str:
    return (
        f"import jax._src.nn.functions as F\nold = F.sigmoid\nF.sigmoid = {value}\n"
        f"def f(x): return {program}\ndef undo(): F.sigmoid = old\n"
    )


_RULE = (
    f"A = {_ARRAY}\nrelu = jax.nn.relu\nold = relu.jvp\n"
    "relu.jvp = functools.partial(jax.jvp, functools.partial(jnp.multiply, A))\n"
    "def f(x): return jax.grad(lambda y: jax.nn.relu6(y).sum() + jax.nn.relu(y).sum())(x)\n"
    "def undo(): relu.jvp = old\n"
)
_CONSTANT = (
    "import jax._src.scipy.special as S\nold = S._LANCZOS_COEFFS\nS._LANCZOS_COEFFS = old * 2.0\n"
    "def f(x): return jax.scipy.special.loggamma(jnp.exp(x * 0.1j)) if hasattr(jax.scipy.special, 'loggamma') else "
    "x * float(S._LANCZOS_COEFFS[0])\ndef undo(): S._LANCZOS_COEFFS = old\n"
)

# name, program, how that of B differs
_PATCHES = (
    ("partial", _patch(_LEAKY), _SLOPE),
    ("jit", _patch(f"jax.jit({_LEAKY})"), _SLOPE),
    ("jit-number", _patch("jax.jit(functools.partial(jnp.multiply, 3.0))"), ("3.0", "4.0")),
    ("jit-array", _patch(f"jax.jit(functools.partial(jnp.multiply, {_ARRAY}))"), _OTHER_ARRAY),
    ("jit-of-jit", _patch(f"jax.jit(jax.jit({_LEAKY}))"), _SLOPE),
    ("vmap", _patch(f"jax.vmap({_LEAKY})"), _SLOPE),
    ("checkpoint", _patch(f"jax.checkpoint({_LEAKY})"), _SLOPE),
    ("grad", _patch(f"jax.vmap(jax.grad({_LEAKY}))"), _SLOPE),
    ("deep", _patch(f"jax.jit(jax.vmap(jax.checkpoint(jax.jit({_LEAKY}))))"), _SLOPE),
    ("tree-partial", _patch("jax.tree_util.Partial(jax.nn.leaky_relu, negative_slope=0.1)"), _SLOPE),
    ("array", _patch(f"functools.partial(jnp.multiply, {_ARRAY})"), _OTHER_ARRAY),
    ("bfloat16", _patch("functools.partial(jnp.multiply, np.full(4, 2, jnp.bfloat16))"), ("4, 2", "4, 3")),
    ("device-array", _patch("functools.partial(jnp.multiply, jnp.full(4, 2.0))"), ("2.0", "3.0")),
    ("device-scalar", _patch("functools.partial(jnp.power, jnp.float32(2.0))"), ("2.0", "3.0")),
    ("large-array", _patch("functools.partial(jnp.interp, xp=np.arange(9e3), fp=np.full(9000, 2.0))"), ("2.0", "3.0")),
    ("list", _patch("functools.partial(jnp.pad, pad_width=[1, 2])"), ("[1, 2]", "[2, 1]")),
    ("dtype", _patch("functools.partial(jnp.full_like, fill_value=1, dtype=np.dtype('f4'))"), ("'f4'", "'i4'")),
    ("method-caller", _patch("operator.methodcaller('clip', 0.1)"), ("0.1", "0.2")),
    ("method-caller-named", _patch("operator.methodcaller('clip', min=0.1)"), ("0.1", "0.2")),
    ("item-getter", _patch("operator.itemgetter(slice(0, 2))"), ("0, 2", "0, 3")),
    ("bound", _patch("jnp.float32(2.0).__rmul__"), ("2.0", "3.0")),
    ("polyval", _patch("functools.partial(jnp.polyval, jnp.array([1.0, 2.0]))"), ("2.0]", "3.0]")),
    (
        "sharding",
        _patch(f"functools.partial(jax.device_put, device={_SHARDING})"),
        ("jax.sharding.PartitionSpec(('x',))", "jax.sharding.PartitionSpec()"),
    ),
    ("named", _named(f"jax.jit({_LEAKY})"), _SLOPE),
    (
        "glu",
        _sigmoid("jax.jit(functools.partial(jnp.multiply, 2.0))", "F.glu(jnp.concatenate([x, x]))"),
        ("2.0", "3.0"),
    ),
    ("silu", _sigmoid("jax.jit(functools.partial(jnp.multiply, 2.0))", "jax.nn.silu(x)"), ("2.0", "3.0")),
    ("default-float", _default("0.5"), ("(0.5", "(0.25")),
    ("default-array", _default("np.array(0.5)"), ("array(0.5", "array(0.25")),
    ("default-device-array", _default("jnp.float32(0.5)"), ("32(0.5", "32(0.25")),
    ("rule", _RULE, _OTHER_ARRAY),
    ("constant", _CONSTANT, ("old * 2.0", "old * 3.0")),
)


def _cases() -> tuple[Case, ...]:
    differing = (case(f"R67-{name}", MISS, program, edit) for name, program, edit in _PATCHES)
    same = (case(f"R67-{name}-same", HIT, program) for name, program, _ in _PATCHES)
    return (*differing, *same)


CASES = _cases()
