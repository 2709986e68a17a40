"""Whoever stands in another place of a library than its files say is noticed at once; nothing else is."""

from __future__ import annotations

import functools
import gc
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from typing import Any

import jax
import jax._src.nn.functions as functions
import jax.numpy as jnp
import numpy as np
import pytest
from jax._src import compilation_cache, core
from jax._src.interpreters import ad, mlir
from jax._src.lax import lax

from jitserve._libraries import Libraries
from jitserve.fingerprint import Bindings, differing

DIGESTS = """
import json, sys
import jax, jax.numpy as jnp
{more}
from jitserve.fingerprint import Bindings
print(json.dumps({{name: digest.hex() for name, digest in Bindings().digests().items()}}))
"""


def inner(function: Any) -> Any:
    """The function that a jitted one is made from."""
    return getattr(function, "__wrapped__", function)


def closure() -> tuple[types.CellType, str]:
    """A variable that a wrapper of JAX's closes over, and that holds a function; and the wrapper's module."""
    modules = [(name, module) for name, module in sys.modules.items() if name.startswith("jax._src.")]
    return next(
        (cell, name)
        for name, module in modules
        for key, value in vars(module).items()
        if type(value) is types.FunctionType and (value.__module__, value.__qualname__) == (name, key)
        for cell in value.__closure__ or ()
        if type(cell.cell_contents) is types.FunctionType
    )


# What is done -> owner, attribute, value, and the name that has another digest then.
CHANGES: dict[str, Callable[[], tuple[Any, str, Any, str]]] = {
    "function": lambda: (functions, "silu", functions.relu, "jax._src.nn.functions"),
    "partial": lambda: (functions, "silu", functools.partial(functions.relu), "jax._src.nn.functions"),
    "jitted": lambda: (functions, "silu", jax.jit(inner(functions.soft_sign)), "jax._src.nn.functions"),
    "module": lambda: (functions, "jnp", lax, "jax._src.nn.functions"),
    "class": lambda: (core, "ShapedArray", core.AbstractValue, "jax._src.core"),
    "method": lambda: (core.Tracer, "__add__", core.Tracer.__mul__, "jax._src.core"),
    "property": lambda: (core.Tracer, "size", core.Tracer.ndim, "jax._src.core"),
    "new method": lambda: (core.Tracer, "a_new_name", core.Tracer.__mul__, "jax._src.core"),
    "code": lambda: (
        inner(functions.silu),
        "__code__",
        inner(functions.soft_sign).__code__,
        "jax._src.nn.functions",
    ),
    "defaults": lambda: (inner(functions.celu), "__defaults__", (3.0,), "jax._src.nn.functions"),
    "rule of a wrapper": lambda: (functions.relu, "jvp", lambda *args: args, "jax._src.nn.functions"),
    "dictionary of a wrapper": lambda: (
        functions.relu,
        "__dict__",
        {**vars(functions.relu), "jvp": lambda *args: args},
        "jax._src.nn.functions",
    ),
    "dictionary of a primitive": lambda: (
        lax.sin_p,
        "__dict__",
        {**vars(lax.sin_p), "impl": lax.cos_p.impl.func},
        "rules of sin",
    ),
    "closure": lambda: (closure()[0], "cell_contents", functions.soft_sign, closure()[1]),
    "attribute of a primitive": lambda: (lax.sin_p, "impl", lax.cos_p.impl.func, "rules of sin"),
    "ufunc": lambda: (np, "sqrt", np.cbrt, "numpy"),
    "number": lambda: (np, "pi", 3.0, "numpy"),
    "builtin": lambda: (__import__("math"), "sin", __import__("math").cos, "math"),
    "function of two letters": lambda: (lax, "ne", lax.eq, "jax._src.lax.lax"),
    "class under another name": lambda: (np, "intp", np.int16, "numpy"),
    "module under a short name": lambda: (functions, "np", jnp, "jax._src.nn.functions"),
    "tuple of code in a class": lambda: (core.ShapedArray, "real", core.ShapedArray.imag, "jax._src.core"),
    "cached property": lambda: (core.Tracer, "a_new_name", functools.cached_property(lax.sin), "jax._src.core"),
    "tuple of classes": lambda: (core, "_a_new_tuple", (int, str), "jax._src.core"),
    "flag": lambda: (np, "little_endian", not np.little_endian, "numpy"),
    "flag of a class": lambda: (jax.custom_jvp, "symbolic_zeros", True, "jax._src.custom_derivatives"),
    "list of a class": lambda: (core.Tracer, "a_new_list", [1], "jax._src.core"),
    "constant of a class": lambda: (core.Primitive, "multiple_results", 3, "jax._src.core"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_is_noticed_at_once_and_taken_back(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    owner, name, value, place = CHANGES[change]()
    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, value, raising=False)
            assert place in differing(before, bindings.digests())
            assert place in differing(before, Bindings().digests())
        assert differing(before, bindings.digests()) == []


def test_assignment_by_code_that_has_run_often_is_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "a_class", type("a_class", (), {"__module__": "numpy", "factor": 0}), raising=False)
    monkeypatch.setattr(np, "a_number", 0, raising=False)

    def assign(value: int) -> None:  # the interpreter replaces such instructions by quicker ones after some runs
        np.a_class.factor = value
        np.a_number = value

    for _ in range(1000):
        assign(0)
    bindings = Bindings()
    before = bindings.digests()
    for value in range(1, 100):
        assign(value)
        assert differing(before, bindings.digests()) == ["numpy"]
        assign(0)
        assert differing(before, bindings.digests()) == []


def test_bases_of_a_class_that_are_replaced_are_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = type("one", (), {}), type("other", (), {})
    monkeypatch.setattr(np, "a_class", type("a_class", (one,), {"__module__": "numpy"}), raising=False)
    bindings = Bindings()
    before = bindings.digests()
    for _ in range(3):
        np.a_class.__bases__ = (other,)
        assert differing(before, bindings.digests()) == ["numpy"]
        np.a_class.__bases__ = (one,)
        assert differing(before, bindings.digests()) == []


@pytest.fixture
def by_keyword(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function of NumPy's with a default for a keyword, in a dictionary that only the function has."""

    def a_function(*, rate: int = 0) -> int:
        return rate

    a_function.__module__, a_function.__qualname__ = "numpy", "a_function"
    place = np.sum.__wrapped__.__code__.co_filename
    a_function.__code__ = a_function.__code__.replace(co_filename=place)
    monkeypatch.setattr(np, "a_function", a_function, raising=False)
    return a_function


GETS_HOLD = {
    "attribute": lambda function: function.__kwdefaults__,
    "descriptor": lambda function: types.FunctionType.__dict__["__kwdefaults__"].__get__(function),
    "garbage collector": lambda function: next(d for d in gc.get_referents(function) if d == {"rate": 0}),
}


@pytest.mark.parametrize("get", GETS_HOLD.values(), ids=GETS_HOLD)
@pytest.mark.parametrize("early", [True, False], ids=["got before the look", "got after the look"])
def test_default_that_somebody_has_got_hold_of_may_change_at_any_time(
    by_keyword: Any, get: Callable[[Any], dict[str, int]], early: bool
) -> None:
    defaults = get(by_keyword) if early else None
    bindings = Bindings()
    before = bindings.digests()
    defaults = defaults if defaults is not None else get(by_keyword)
    for _ in range(3):
        assert differing(before, bindings.digests()) == []
        defaults["rate"] = 1
        assert differing(before, bindings.digests()) == ["numpy"]
        defaults["rate"] = 0


def wrapper(kind: str) -> tuple[Any, Callable[[Any], None]]:
    """A function around another one, and what sets the other one from inside."""
    around = abs
    if kind == "own variable":

        def run(value: object = None) -> object:
            nonlocal around
            if value is not None:
                around = value  # type: ignore[assignment]
            return around

        return run, run
    if kind == "code inside":

        def outer(value: object = None) -> object:
            def inside() -> None:
                nonlocal around
                around = value  # type: ignore[assignment]

            return inside() if value is not None else around

        return outer, outer

    def other(value: Any) -> None:
        nonlocal around
        around = value

    if kind == "another function":
        return lambda: around, other
    del other
    function = lambda: around  # noqa: E731
    return function, lambda value: given(function, kind)(value)


def given(function: Any, kind: str) -> Callable[[Any], None]:
    """What sets the variable of a function, by code that is given its cell."""
    if kind == "code that is run":

        def run(value: Any) -> None:
            around = abs

            def assign() -> None:
                nonlocal around
                around = value

            cells = {"around": function.__closure__[0], "value": types.CellType(value)}
            exec(assign.__code__, {}, closure=tuple(cells[name] for name in assign.__code__.co_freevars))

        return run

    around = abs

    def assign(value: Any) -> None:
        nonlocal around
        around = value

    return types.FunctionType(assign.__code__, {}, closure=function.__closure__)


@pytest.mark.parametrize(
    "kind", ["own variable", "code inside", "another function", "function that is made", "code that is run"]
)
def test_variable_of_a_wrapper_that_code_assigns_to_is_noticed_at_once(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, assign = wrapper(kind)
    function.__module__, function.__qualname__ = "numpy", "a_wrapper"
    function.__code__ = function.__code__.replace(co_filename=np.sum.__wrapped__.__code__.co_filename)
    monkeypatch.setattr(np, "a_wrapper", function, raising=False)
    bindings = Bindings()
    before = bindings.digests()
    for _ in range(3):
        assign(max)
        assert differing(before, bindings.digests()) == ["numpy"]
        assign(abs)
        assert differing(before, bindings.digests()) == []


# Once somebody has got hold of a default or of a cell, all of them are looked at each time: here nobody has before.
UNTOUCHED = """
import types
import numpy as np
from jitserve.fingerprint import Bindings, differing

def make(name, *, rate=0):
    around = abs
    def function(value=None, *, rate=rate):
        nonlocal around
        if value is not None: around = value
        return around
    plain = lambda: around if name else rate
    return function if name == "assigns" else plain

def put(name, function):
    function.__module__, function.__qualname__ = "numpy", name
    function.__code__ = function.__code__.replace(co_filename=np.sum.__wrapped__.__code__.co_filename)
    setattr(np, name, function)
    return function

assigns, plain = put("assigns", make("assigns")), put("plain", make("plain"))
bindings = Bindings()
before = bindings.digests()
changes = {
    "own code": lambda value: assigns(value),
    "setter": lambda value: setattr(plain.__closure__[0], "cell_contents", value),
    "given": lambda value: types.FunctionType(assigns.__code__, {}, closure=plain.__closure__[:1])(value, rate=0),
    "default": lambda value: assigns.__kwdefaults__.update(rate=1 if value is max else 0),
}
for name, change in changes.items():
    for _ in range(2):
        change(max)
        assert differing(before, bindings.digests()) == ["numpy"], name
        change(abs)
        assert differing(before, bindings.digests()) == [], name
"""


def test_first_change_of_a_variable_or_a_default_in_a_process_is_noticed() -> None:
    subprocess.run([sys.executable, "-c", UNTOUCHED], check=True, timeout=240)


def test_attribute_of_a_jitted_function_is_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(functions.relu, "__wrapped__", functions.soft_sign)
            patch.setattr(functions.silu, "__wrapped__", functions.soft_sign)
            assert "jax._src.nn.functions" in differing(before, bindings.digests())
        assert differing(before, bindings.digests()) == []


def test_default_that_is_changed_in_place_is_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    with monkeypatch.context() as patch:
        patch.setitem(inner(jnp.var).__kwdefaults__, "correction", 1)
        assert differing(before, bindings.digests()) != []
    assert differing(before, bindings.digests()) == []


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({"a": 1}, lambda table: table.update(a=2)),
        ({"a": [1]}, lambda table: table["a"].append(2)),
        ([1, "b"], lambda table: table.reverse()),
        ({1, "b"}, lambda table: table.symmetric_difference_update((2, "b"))),
    ],
    ids=["dictionary", "list in a dictionary", "list", "set"],
)
def test_table_that_is_changed_in_place_is_noticed_at_once(
    before: Any, change: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np, "a_table", before, raising=False)
    bindings = Bindings()
    digests = bindings.digests()
    change(before)
    assert differing(digests, bindings.digests()) == ["numpy"]


def test_flag_that_a_function_of_the_module_sets_is_a_state(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    monkeypatch.setattr(compilation_cache, "_cache_used", not compilation_cache._cache_used)
    assert differing(before, bindings.digests()) == []


def test_tuple_of_code_or_of_classes_is_told_by_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()

    def digests_with(value: Any) -> Any:
        monkeypatch.setattr(np, "a_tuple", value, raising=False)
        return bindings.digests()

    method = core.aval_method(lax.sin)  # type: ignore[attr-defined]
    before = digests_with(method)
    assert differing(before, digests_with(method._replace(fun=lax.cos))) == ["numpy"]
    assert differing(before, digests_with((lax.sin,))) == ["numpy"]
    assert differing(before, digests_with(type(method)(lax.sin))) == []
    before = digests_with((int, str))
    assert differing(before, digests_with((str, int))) == []  # for `isinstance`; JAX makes one out of a set
    assert differing(before, digests_with((int, float))) == ["numpy"]


def test_variable_that_a_loop_has_left_behind_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    monkeypatch.setattr(lax, "t", int)
    assert differing(before, bindings.digests()) == []


def test_table_that_is_empty_is_still_to_be_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    monkeypatch.setattr(np, "a_table", {}, raising=False)
    assert differing(before, bindings.digests()) == []


def test_keyword_defaults_that_are_replaced_are_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    with monkeypatch.context() as patch:
        patch.setattr(inner(jnp.var), "__kwdefaults__", {**inner(jnp.var).__kwdefaults__, "correction": 1})
        assert differing(before, bindings.digests()) != []
    assert differing(before, bindings.digests()) == []


def test_defaults_that_are_taken_away_are_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    with monkeypatch.context() as patch:
        patch.delattr(inner(functions.celu), "__defaults__")
        assert "jax._src.nn.functions" in differing(before, bindings.digests())
    assert differing(before, bindings.digests()) == []


@pytest.mark.parametrize("table", [ad.primitive_jvps, mlir._lowerings], ids=["jvps", "lowerings"])
def test_rule_of_another_primitive_is_noticed_at_once(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    with monkeypatch.context() as patch:
        patch.setitem(table, lax.sin_p, table[lax.cos_p])
        assert differing(before, bindings.digests()) == ["rules of sin"]
    assert differing(before, bindings.digests()) == []


def test_rules_for_a_platform_that_had_none_are_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    monkeypatch.setitem(mlir._platform_specific_lowerings, "nowhere", {lax.sin_p: mlir._lowerings[lax.cos_p]})
    now = bindings.digests()
    assert [name for name in now if name not in before] == ["rules of sin in _platform_specific_lowerings.nowhere"]


def test_nothing_changes_while_programs_are_made() -> None:
    bindings = Bindings()
    before = bindings.digests()
    jax.jit(lambda x: jnp.linalg.norm(jax.nn.silu(x) @ x))(jnp.ones((3, 3)))
    assert differing(before, bindings.digests()) == []


def test_digests_are_the_same_object_until_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    bindings.digests()
    first = bindings.digests()
    assert bindings.digests() is first
    monkeypatch.setattr(functions, "silu", functions.relu)
    assert bindings.digests() is not first


def test_only_an_import_of_one_of_the_packages_has_them_looked_through_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.look()
    monkeypatch.setitem(sys.modules, "somebody_s_project", types.ModuleType("somebody_s_project"))
    assert bindings.look() == before
    monkeypatch.setitem(sys.modules, "numpy.added", types.ModuleType("numpy.added"))
    assert (added := bindings.look()) != before
    monkeypatch.delitem(sys.modules, "numpy.added")
    assert bindings.look() not in (before, added)


def test_change_that_comes_with_an_import_of_others_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    bindings = Bindings()
    before = bindings.digests()
    monkeypatch.setitem(sys.modules, "somebody_s_project", types.ModuleType("somebody_s_project"))
    monkeypatch.setattr(functions, "silu", functions.relu)
    assert differing(before, bindings.digests()) == ["jax._src.nn.functions"]


def test_version_is_another_one_after_every_change_and_the_same_where_only_names_are_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    libraries = Libraries()
    versions = [libraries.version()]
    with monkeypatch.context() as patch:
        patch.setattr(functions, "silu", functions.relu)
        versions.append(libraries.version())
    versions.append(libraries.version())
    assert len(set(versions)) == 3
    monkeypatch.setitem(sys.modules, "jax.a_new_module", types.ModuleType("jax.a_new_module"))
    assert libraries.version() == versions[-1]


def test_what_is_not_loaded_is_no_difference() -> None:
    assert differing({"jax.a": b"1" * 32}, {}) == []
    assert differing({"jax.a": b"1" * 32}, {"jax.a": b"2" * 32}) == ["jax.a"]


def test_primitives_of_one_name_that_only_one_process_has_are_no_difference() -> None:
    one, other = b"1" * 32, b"2" * 32
    assert differing({"rules of a": one}, {"rules of a": one + other}) == []
    assert differing({"rules of a": one + other}, {"rules of a": one}) == []
    assert differing({"rules of a": one + other}, {"rules of a": one + one}) == ["rules of a"]
    assert differing({"rules of a": one}, {"rules of a": other}) == ["rules of a"]
    assert differing({"rules of a": one + one}, {"rules of a": one + other + other}) == ["rules of a"]


def digests(more: str = "", *flags: str, **env: str) -> dict[str, bytes]:
    done = subprocess.run(
        [sys.executable, *flags, "-c", DIGESTS.format(more=more)],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return {name: bytes.fromhex(digest) for name, digest in json.loads(done.stdout).items()}


def test_processes_with_other_seeds_and_imports_have_the_same_digests() -> None:
    plain = digests(PYTHONHASHSEED="0")
    more = (
        "import scipy.special, scipy.linalg, jax.scipy.stats, jax.experimental.ode, jax.experimental.sparse, asyncio\n"
        "import numpy.polynomial, numpy.f2py, jax.experimental.pallas, fractions, unittest.mock, flax.linen, optax\n"
        "jax.devices(); jax.jit(lambda x: jnp.linalg.svd(jax.nn.silu(x)))(jnp.ones((3, 3)))\n"
        "jax.config.update('jax_enable_x64', True); jax.random.normal(jax.random.key(0), (3,))"
    )
    used = digests(more, "-O", PYTHONHASHSEED="1")
    assert len(plain) > 300
    assert differing(plain, used) == []
    assert len(used) > len(plain)
    assert set(plain) <= set(used)


def test_numbers_with_accidental_bytes_beside_them_are_no_difference() -> None:
    once, again = (digests("import scipy.stats", PYTHONHASHSEED=seed) for seed in "01")  # it holds long doubles
    assert "scipy.stats._ksstats" in once
    assert differing(once, again) == []


OURS = """
import jitserve
from jitserve._jax._compilation_cache import without_jax_cache
jitserve.install()
jitserve.jit(lambda x: x + 1)(jnp.ones(3))
seam = without_jax_cache()
seam.__enter__()
"""


def test_what_jitserve_itself_puts_into_jax_is_no_difference() -> None:
    plain, ours = digests(), digests(OURS)
    assert differing(plain, ours) == []
    assert differing(ours, plain) == []


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="without a choice, another platform is chosen here")
def test_platform_that_is_chosen_or_found_is_the_same_to_a_key_if_it_is_the_same() -> None:
    found = digests("jax.devices()", JAX_PLATFORMS="")
    assert found == digests("jax.devices()", JAX_PLATFORMS="cpu")
    assert found != digests("jax.devices(); jax._src.xla_bridge.get_backend = len", JAX_PLATFORMS="cpu")
