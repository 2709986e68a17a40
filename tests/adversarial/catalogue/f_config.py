"""F: JAX's configuration, the environment, numerics. G: devices and meshes."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, OK, Process, bypass, case

_DOT = "def f(x): return x @ x.T\nARGS = (np.ones((4, 4), 'f4'),)\n"
_MUL = "def f(x): return jnp.asarray(x) * 2.0\nARGS = (np.arange(4.0),)\n"
_RANDOM = "def f(): return jax.random.gumbel(jax.random.key(3), (5,))\nARGS = ()\n"
_ENV = "def f(x): return x * float(os.environ.get('CASE_SCALE', '2'))\nos.environ.pop('CASE_SCALE', None)\n"
_MESH = "from jax.sharding import Mesh\nM = Mesh(np.array(jax.devices()).reshape(2, 2), ('a', 'b'))\ndef f(x): return x * 2\n"
_PSUM = (
    "from jax.sharding import Mesh, PartitionSpec as P\nM = Mesh(np.array(jax.devices()).reshape(2, 2), ('a', 'b'))\n"
    "def g(x): return jax.lax.psum(x, 'a')\n"
    "def f(x): return jax.shard_map(g, mesh=M, in_specs=P('a'), out_specs=P())(x)"
)


def _config(name: str, value: str) -> str:
    return (
        f"old = jax.config.{name}\njax.config.update('{name}', {value})\ndef undo(): jax.config.update('{name}', old)"
    )


CASES = (
    case("F133-env", MISS, _MUL, b=Process((("JAX_ENABLE_X64", "1"),))),
    case("F133-config", MISS, _MUL, only_b=_config("jax_enable_x64", "True")),
    case("F133-context", MISS, _MUL, only_b="def context(): return jax.enable_x64(True)"),
    case("F134", MISS, _DOT, only_b=_config("jax_default_matmul_precision", "'float32'")),
    case("F134-context", MISS, _DOT, only_b="def context(): return jax.default_matmul_precision('float32')"),
    case("F135", MISS, "def f(x): return x + np.int16(1)", only_b=_config("jax_numpy_dtype_promotion", "'strict'")),
    case(
        "F135-rank",
        MISS,
        "def f(x): return x + jnp.ones((2, 4))",
        only_b=_config("jax_numpy_rank_promotion", "'raise'"),
    ),
    case("F137-partitionable", MISS, _RANDOM, only_b=_config("jax_threefry_partitionable", "False")),
    case("F137-offset", MISS, _RANDOM, only_b=_config("jax_random_seed_offset", "7")),
    case("F137-gumbel", MISS, _RANDOM, only_b=_config("jax_high_dynamic_range_gumbel", "True")),
    case("F137-impl", MISS, _RANDOM, only_b=_config("jax_default_prng_impl", "'rbg'")),
    case("F138-nans", OK, "def f(x): return x / 0 - x / 0", only_b=_config("jax_debug_nans", "True")),
    case("F138-infs", OK, "def f(x): return x / 0", only_b=_config("jax_debug_infs", "True")),
    case("F138-checks", OK, _DOT, only_b=_config("jax_enable_checks", "True")),
    case("F138-leaks", OK, "L = []\ndef f(x): return x * 2", only_b=_config("jax_check_tracer_leaks", "True")),
    case("F139", OK, "def f(x): return x * 2", only_b="def context(): return jax.disable_jit()"),
    case("F140-softmax", MISS, "def f(x): return jax.nn.softmax(x)", only_b=_config("jax_softmax_custom_jvp", "True")),
    case(
        "F140-read-by-user",
        OK,
        "def f(x): return x * (2 if jax.config.jax_enable_x64 else 3)",
        only_b=_config("jax_enable_x64", "True"),
    ),
    case(
        "F143",
        MISS,
        _DOT,
        b=Process((("XLA_FLAGS", "--xla_force_host_platform_device_count=4 --xla_cpu_enable_fast_math=true"),)),
    ),
    case(
        "F143-dump",
        HIT,
        _DOT,
        b=Process((("XLA_FLAGS", "--xla_force_host_platform_device_count=4 --xla_dump_to=dump"),)),
    ),
    case(
        "F145",
        MISS,
        "def f(x): return jnp.ones(4) * 2 + x",
        only_b="def context(): return jax.default_device(jax.devices()[1])",
    ),
    case(
        "F146",
        MISS,
        _ENV,
        only_a="os.environ['CASE_SCALE'] = '2'",
        only_b="os.environ['CASE_SCALE'] = '3'",
    ),
    case("F146-unset", MISS, _ENV, only_a="os.environ['CASE_SCALE'] = '2'"),
    case("F146-set", MISS, _ENV, only_b="os.environ['CASE_SCALE'] = '3'"),
    case(
        "F146-empty",
        MISS,
        "def f(x): return x * len(os.environ.get('CASE_NAME', 'ab'))\nos.environ.pop('CASE_NAME', None)\n",
        only_b="os.environ['CASE_NAME'] = ''",
    ),
    case(
        "F146-getenv",
        MISS,
        "def f(x): return x * float(os.getenv('CASE_OTHER', '2'))\nos.environ.pop('CASE_OTHER', None)\n",
        only_b="os.environ['CASE_OTHER'] = '3'",
    ),
    case(
        "F146-contains",
        MISS,
        "def f(x): return x * ('CASE_IN' in os.environ)\nos.environ.pop('CASE_IN', None)\n",
        only_b="os.environ['CASE_IN'] = '3'",
    ),
    case(
        "F146-helper",
        MISS,
        "from . import other\ndef f(x): return x * other.scale()\n=== other.py\nfrom os import environ\n"
        "def scale(): return float(environ.get('CASE_HELPER', '2'))",
        only_b="os.environ['CASE_HELPER'] = '3'",
    ),
    case("F146-unread", HIT, "def f(x): return x * 2", only_b="os.environ['CASE_UNREAD'] = '3'"),
    case("F146-all", bypass("env_read_untracked"), "def f(x): return x * (len([*os.environ]) > 0)"),
    case(
        "F147",
        MISS,
        "S = float(os.environ.get('CASE_IMPORT', '2'))\ndef f(x): return x * S",
        ("os.environ.get('CASE_IMPORT', '2')", "'3'"),
    ),
    case("F149", bypass("file_read_untracked", "opaque_callable"), "def f(x): return x * len(os.getcwd())"),
    case("F149-host", bypass("opaque_callable"), "import socket\ndef f(x): return x * len(socket.gethostname())"),
    case(
        "F149-unread",
        HIT,
        "def f(x): return x * 2",
        only_b="old = os.getcwd()\nos.chdir('/')\ndef undo(): os.chdir(old)",
    ),
    case(
        "F150",
        MISS,
        "import flax\nimport flax.linen as nn\nm = nn.Dense(2)\n"
        "def f(x): return m.init_with_output(jax.random.key(0), x)[0] * (2 if flax.config.flax_preserve_adopted_names else 3)",
        only_b="flax.config.update('flax_preserve_adopted_names', True)\n"
        "def undo(): flax.config.update('flax_preserve_adopted_names', False)",
    ),
    case(
        "F151",
        OK,
        "from absl import flags\nV = flags.FlagValues()\nflags.DEFINE_integer('n', 2, '', flag_values=V)\nV(['x'])\n"
        "def f(x): return x * V.n",
        only_b="V.n = 3",
    ),
    case("G153", OK, "def f(x): return x * jax.device_count()"),
    case("G153-unread", HIT, "def f(x): return x * 2"),
    case(
        "G153-two",
        OK,
        "def f(x): return x * jax.device_count() + 1",
        b=Process((("XLA_FLAGS", "--xla_force_host_platform_device_count=2"),)),
    ),
    case("G154", MISS, _MESH, only_b="def context(): return jax.set_mesh(M)"),
    case("G154-axis", MISS, _MESH + "def context(): return jax.set_mesh(M)", ("('a', 'b')", "('a', 'c')")),
    case("G154-manager", OK, _MESH, only_b="def context(): return M"),
    case(
        "G154-type",
        MISS,
        _MESH + "from jax.sharding import AxisType as T\n"
        "def context(): return jax.set_mesh(jax.make_mesh((2, 2), ('a', 'b'), axis_types=(T.Auto,) * 2))",
        ("T.Auto", "T.Explicit"),
    ),
    case("G155", MISS, _PSUM, ("(x, 'a')", "(x, ('a', 'b'))")),
    case("G155-spec", MISS, _PSUM, ("in_specs=P('a')", "in_specs=P(('a', 'b'))"), ("(x, 'a')", "(x, ('a', 'b'))")),
    case(
        "G155-nested",
        OK,
        "def f(x): return jax.lax.psum(x, 'i')\ndef wrap(jit): return jax.vmap(jit(f), axis_name='i')",
        ("psum", "pmax"),
    ),
    case(
        "G157-metadata",
        MISS,
        "from jax.experimental.xla_metadata import set_xla_metadata\ndef f(x): return x * 2\n",
        only_b="def context(): return set_xla_metadata(a='b')",
    ),
    case("G157-scope", OK, "def f(x): return x * 2", only_b="def context(): return jax.named_scope('a')"),
)
