"""X: what people do in the functions that they jit, and around them."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Process, bypass, case

_SEEDS = (Process((("PYTHONHASHSEED", "0"),)), Process((("PYTHONHASHSEED", "1"),)))
_TREES = "A, B = dict.fromkeys('abcdef', 2), dict.fromkeys('defghi', 3)\n"
_MOVED = ("def g", "\n# A comment.\n\ndef g")
_JITTED = "@jax.jit\ndef g(x): return jnp.sum(x * 2)\n"
_WEAK = "def g(x): return x * 2\nR = [weakref.ref(g)]\n"
_FLAGS = (
    "from absl import flags\nFLAGS = flags.FlagValues()\n"
    "flags.DEFINE_float('rate', 2.0, 'text', flag_values=FLAGS)\n"
    "flags.DEFINE_string('run', 'a', 'text', flag_values=FLAGS)\n"
    "FLAGS(['program'])\n"
)

CASES = (
    # What is made of a jitted function carries a copy of what the jit knows of it, also where it was written.
    case("X01-grad-of-jitted", HIT, _JITTED + "f = jax.grad(g)", _MOVED),
    case("X01-vmap-of-jitted", HIT, _JITTED + "f = jax.vmap(g)", _MOVED),
    case("X01-wraps-jitted", HIT, _JITTED + "@functools.wraps(g)\ndef f(x): return g(x)", _MOVED),
    case("X01-grad-of-edited", MISS, _JITTED + "f = jax.grad(g)", ("x * 2", "x * 3")),
    case(
        "X01-options",
        MISS,
        "@functools.partial(jax.jit, static_argnames='n')\ndef g(x, n=2): return jnp.sum(x) * n\n"
        "def f(x): return x * len(h._jit_info.static_argnames)\nh = jax.grad(g)",
        ("static_argnames='n'", "static_argnames=()"),
    ),
    # Decorators keep a weak reference to what they make.
    case("X02-function", HIT, f"import weakref\n{_WEAK}def f(x): return R[0]()(x)"),
    case("X02-function-edited", MISS, f"import weakref\n{_WEAK}def f(x): return R[0]()(x)", ("x * 2", "x * 3")),
    case(
        "X02-function-gone",
        bypass("unknown_object"),
        f"import weakref\n{_WEAK}del g\ndef f(x): return x if R[0]() is None else -x",
    ),
    # The standard streams.
    case(
        "X03-print",
        HIT,
        "def f(x):\n print('tracing', x.shape, file=sys.stderr, flush=True)\n sys.stdout.write('traced')\n return x * 2",
    ),
    case("X03-terminal", bypass("opaque_callable"), "def f(x): return x * (2 if sys.stderr.isatty() else 3)"),
    case(
        "X03-terminal-of-argument",
        bypass("opaque_callable"),
        "def g(s): return s.isatty()\ndef f(x): return x * (2 if g(sys.stderr) else 3)",
    ),
    case(
        "X03-encoding",
        MISS,
        "def f(x): return x * len(sys.stderr.errors)",
        only_b="sys.stderr.reconfigure(errors='replace')",
    ),
    # Flags of absl.
    case("X04-other-flag", HIT, _FLAGS + "def f(x): return x * FLAGS.rate", only_b="FLAGS.run = 'b'"),
    case("X04-flag", MISS, _FLAGS + "def f(x): return x * FLAGS.rate", only_b="FLAGS.rate = 3.0"),
    case("X04-flag-by-name", MISS, _FLAGS + "def f(x): return x * len(FLAGS['run'].value)", only_b="FLAGS.run = 'bb'"),
    case("X04-both", MISS, _FLAGS + "def f(x): return x * FLAGS.rate * len(FLAGS.run)", only_b="FLAGS.run = 'bb'"),
    # Sets that are sorted, counted, compared or combined.
    *(
        case(f"X05-{name}", expected, f"{_TREES}def f(x): return {expression}", a=_SEEDS[0], b=_SEEDS[1])
        for name, expected, expression in (
            ("compared", HIT, "x if set(A) == set(B) else -x"),
            ("common", HIT, "[x * A[k] for k in sorted(A.keys() & B.keys())]"),
            ("comprehension", HIT, "[x * len(k) for k in sorted({k + k for k in A})]"),
            ("difference", HIT, "x * len(set(A) - set(B))"),
            ("kind", HIT, "x * 2 if isinstance(A, (list, set)) else x"),
            ("missing", HIT, "x * 2 if not set(A).issuperset(B) else x"),
            ("difference-in-order", MISS, "x * ord([*(set(A) - set(B))][0])"),
            ("comprehension-in-order", MISS, "x * ord(''.join({k for k in A})[0])"),
        )
    ),
    case(
        "X05-variable",
        HIT,
        _TREES
        + "def f(x):\n s = set(A) - {'a'}\n s.add('z')\n if 'q' in s: return x\n return [x * ord(k) for k in sorted(s)]",
        a=_SEEDS[0],
        b=_SEEDS[1],
    ),
    case(
        "X05-other-sorted",
        MISS,
        _TREES + "def sorted(s): return list(s)\ndef f(x): return [x * A[k] for k in sorted(set(A))]",
        a=_SEEDS[0],
        b=_SEEDS[1],
    ),
    case(
        "X05-sorted-by-a-rule-of-ones-own",
        bypass("hash_order"),
        "class P:\n def __init__(self, n): self.n = n\n def __hash__(self): return hash(self.n)\n"
        " def __lt__(self, other): return False\n"
        "def f(x): return [x * ord(p.n) for p in sorted({P(n) for n in 'abcdef'})]",
        a=_SEEDS[0],
        b=_SEEDS[1],
    ),
    case(
        "X05-other-union",
        MISS,
        _TREES
        + "class Bag:\n def union(self, s): return list(s)\ndef f(x): return [x * A[k] for k in Bag().union(set(A))]",
        a=_SEEDS[0],
        b=_SEEDS[1],
    ),
)
