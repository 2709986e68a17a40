"""Which names code reads: the scan in C++ against one that looks things up in ``dis``."""

from __future__ import annotations

import argparse
import ast
import contextlib
import dataclasses
import gc
import http.client
import sys
import types

import flax.linen
import flax.nnx
import jax
import optax
import pytest
from names_by_dis import names_by_dis

from jitserve import _core
from jitserve.fingerprint._names import Import, Names

_LOADED = (argparse, ast, dataclasses, http.client, flax.linen, flax.nnx, jax, optax)  # so that their code is alive


def _names(code: types.CodeType) -> Names:
    parts = list(_core.code_names(code))
    parts[4] = sorted(map(Import._make, parts[4]))
    return Names(b"", *parts, telltales=())


def _compiled(source: str) -> types.CodeType:
    return compile(source, "<test>", "exec", dont_inherit=True)


def _codes_of(package: str) -> list[types.CodeType]:
    """The code of all living functions of a package, or of the standard library and what is not installed."""
    found: dict[int, types.CodeType] = {}
    for value in gc.get_objects():
        if type(value) is types.FunctionType and _package_of(value.__code__.co_filename) == package:
            found[id(value.__code__)] = value.__code__
    return list(found.values())


def _package_of(filename: str) -> str:
    _, marker, place = filename.rpartition("/site-packages/")
    return place.partition("/")[0] if marker else "stdlib"


@pytest.mark.parametrize("package", ["stdlib", "jax", "flax", "optax"])
def test_names_of_all_code_are_those_that_dis_shows(package: str) -> None:
    codes = _codes_of(package)
    assert len(codes) > 300
    for code in codes:
        assert _names(code) == names_by_dis(code), f"{code.co_filename}:{code.co_firstlineno}"


_FORMS = {
    "a chain": "def f(): return np.linalg.norm(np)",
    "a chain that is assigned to": "def f(): m.a.b = 1; del m.c; x.d = 2",
    "a chain that is added to": "def f(x): m.a.b += x; m.c -= 1; x.d *= 2; m[0] += 1; return (y := m).e",
    "a name in a constant": "def f(): return getattr(m, 'a'), hasattr(m, 'b').c, getattr(m.n, 'd', None)",
    "a name that is computed": "def f(x): return getattr(m, 'a' + x), getattr(m, x), getattr(m, 'a', x())",
    "imports": "def f():\n import a.b\n from ..c import d, e\n from . import g\n return a, d, e, g",
    "an import under another name": "def f():\n import a.b as c\n from d import e as g\n return c, g",
    "an import whose module is read": "def f(x):\n import a\n import b.c as d, l.m.n as o\n from e import g\n"
    " return a.h.i(d.j, g, g.k, o.p, x)",
    "an import that a nested function reads": "def f(x):\n import a\n return lambda: (a.b, lambda: a.c.d), a.e",
    "an import that a nested function makes": "def f():\n a = None\n def g():\n  nonlocal a\n  import a\n"
    " return g, a.b",
    "an import beside a variable of its name": "def f():\n import a\n def g(a): return a.b\n return g(a.c)",
    "an import that is assigned to": "def f():\n import a, b\n a.c.d = 1\n del b.e\n return a.f",
    "an import that is added to": "def f(x):\n import a, b\n a.c.d += x\n b.e *= 2\n return a.f",
    "an import into a class": "def f():\n class C:\n  import a\n  b = a.c\n return C",
    "an import into a global": "def f():\n global a\n import a\n return a.b",
    "an import at once read": "def f(x):\n import a; return a.b, x.c, (a, x)",
    "globals that are assigned to": "def f():\n global a, b\n a = 1\n del b",
    "sets that are only asked for membership": "def f(x): return x in {1, 2}, x in {'a', 'b'}, x in {x, 1}",
    "a set that is iterated over": "def f(): return [x for x in {'a', 'b'}]",
    "a set comprehension": "def f(y): return {x for x in y}",
    "a set that is sorted": "def f(y): return sorted(set(y)), len(frozenset(y))",
    "a set that is made": "def f(y): return set(y)",
    "methods of sets": "def f(y, z): return y.union(z)",
    "operators on views": "def f(y, z): return y.keys() & z, z | y.items(), y.keys() - z.keys(), y ^ z.keys()",
    "numbers in operators": "def f(y, z): return y & z, y.keys(z) & z",
    "a class body": "class C(B):\n x = y\n def f(self): return super().g(self.x, C)",
    "a class in a function": "def f(y):\n class C:\n  z = y\n return C",
    "variables of every kind": "def f(a, b):\n def g(): return a + c\n c = b\n return g, a in b, c not in a",
    "more names than a byte counts": "def f(x): return " + " + ".join(f"m{i}.a{i}({i}.5, x)" for i in range(400)),
    "more variables than a byte counts": "def f(x):\n"
    + "".join(f" v{i} = x\n" for i in range(300))
    + " return v299 in v0",
}


@pytest.mark.parametrize("source", _FORMS.values(), ids=_FORMS.keys())
def test_names_of_every_form_are_those_that_dis_shows(source: str) -> None:
    assert _names(_compiled(source)) == names_by_dis(_compiled(source))._replace(codes=_names(_compiled(source)).codes)


def test_names_belong_to_the_fields_that_are_called_so() -> None:
    source = "def f(x):\n global g\n import a.b.c as d\n d.e\n g = m.n.o(x)\n p.q = getattr(r, 's')\n return {x.t}"
    function = _compiled(source)
    names = _names(function)
    assert names.codes == [function, function.co_consts[0]]
    assert names.chains == [("getattr", [()]), ("m", [("n", "o")]), ("p", [()]), ("r", [("s",)])]
    assert names.writes == {("p", ("q",))}
    assert names.globals_written == {"g"}
    assert names.imports == [Import("a.b.c", "a", ("b", "c"), (("e",),), is_written=False)]
    assert names.attributes == {"e", "n", "o", "s", "t"}
    assert names.loads >= {"m", "n", "o", "x", "r", "p", "t"}
    assert names.reads_by_name
    assert names.builds_set


def _damaged(**changes: object) -> types.CodeType:
    return compile("def f(): return a.b(c, 'd')", "<test>", "exec").co_consts[0].replace(**changes)


@pytest.mark.parametrize("missing", ["co_names", "co_consts"])
def test_code_that_refers_to_what_is_not_there_is_an_error(missing: str) -> None:
    with pytest.raises(ValueError, match="an instruction refers to (name|constant) . of 0"):
        _core.code_names(_damaged(**{missing: ()}))


def test_what_is_no_code_is_an_error_that_names_its_type() -> None:
    with pytest.raises(TypeError, match="expected a code object, not function"):
        _core.code_names(_names)  # type: ignore[arg-type]


def test_scanning_leaves_nothing_behind() -> None:
    codes = [_compiled(source) for source in _FORMS.values()]
    damaged = _damaged(co_names=())

    def scan() -> None:
        for code in codes:
            _core.code_names(code)
        with contextlib.suppress(ValueError):
            _core.code_names(damaged)

    scan()
    before = sys.getallocatedblocks()
    for _ in range(50):
        scan()
    assert sys.getallocatedblocks() - before < 50


def _function(source: str) -> types.CodeType:
    """The code of the function that the source makes in another one."""
    outer = next(const for const in _compiled(source).co_consts if type(const) is types.CodeType)
    return next(const for const in outer.co_consts if type(const) is types.CodeType and const.co_name == "f")


@pytest.mark.parametrize(
    ("body", "chains", "is_written"),
    [
        ("m.a.b(m.c)", {("a", "b"), ("c",)}, False),
        ("(lambda: m.a)() + [m.b for _ in x][0]", {("a",), ("b",)}, False),
        ("m", {()}, False),
        ("getattr(m, 'a')", {()}, False),
        ("(m.a.b, exec('m.a.b = 1'))", {("a", "b")}, False),
        ("(lambda m: m.a)(x)", set(), False),
        ("(y := m).a", {()}, False),
        ("x.m", set(), False),
    ],
)
def test_variable_of_an_enclosing_function_is_read_by_these_chains(
    body: str, chains: set[tuple[str, ...]], is_written: bool
) -> None:
    code = _function(f"def make(m):\n def f(x):\n  if not x: m\n  return {body}\n return f")
    found, written = _core.uses_of_variable(code, "m")
    assert list(found) == sorted(found)
    assert set(found) == chains | {()}
    assert written is is_written


@pytest.mark.parametrize("statement", ["m.a = x", "del m.a", "m.a.b = x", "m.a += x", "for m.a in x: pass"])
def test_assignment_to_an_attribute_of_a_variable_is_told(statement: str) -> None:
    code = _function(f"def make(m):\n def f(x):\n  {statement}\n return f")
    assert _core.uses_of_variable(code, "m")[1] is True
    nested = _function(f"def make(m):\n def f(x):\n  def g(x):\n   {statement}\n  return g\n return f")
    assert _core.uses_of_variable(nested, "m")[1] is True


@pytest.mark.parametrize("statement", ["m = x", "del m", "import m", "for m in x: pass", "(m := x)", "m += x"])
def test_captured_variable_that_is_bound_anew_is_used_in_another_way(statement: str) -> None:
    body = f"  nonlocal m\n  {statement}\n  y = m.a\n"
    code = _function(f"def make(m):\n def f(x):\n{body} return f")
    assert set(_core.uses_of_variable(code, "m")[0]) == {(), ("a",)}
    nested = _function("def make(m):\n def f(x):\n  def g(x):\n" + body.replace("  ", "   ") + "  return g\n return f")
    assert () in _core.uses_of_variable(nested, "m")[0]


def test_variable_of_what_is_no_code_is_an_error() -> None:
    with pytest.raises(TypeError, match="expected a code object"):
        _core.uses_of_variable(_names, "m")  # type: ignore[arg-type]
