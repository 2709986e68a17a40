"""What changes the digest of a code object and what does not. Numbers as A1 are those of the adversarial catalogue."""

from __future__ import annotations

import sys
import types

import pytest

from jitserve import _core


def _code(source: str, filename: str = "<test>", optimize: int = -1) -> types.CodeType:
    """The code of the function or lambda that ``source`` binds to ``f``."""
    namespace: dict[str, object] = {}
    exec(compile(source, filename, "exec", dont_inherit=True, optimize=optimize), namespace)
    function = namespace["f"]
    assert isinstance(function, types.FunctionType)
    return function.__code__


def _digest(source: str, **how: object) -> bytes:
    return _core.code_digest(_code(source, **how))  # type: ignore[arg-type]


_DIFFERENT = {
    "A1 a constant": ("def f(x): return x * 2", "def f(x): return x * 3"),
    "A2 a constant's type, str": ("def f(x): return x == 1", "def f(x): return x == '1'"),
    "A3 a constant's type, bool": ("def f(x): return x * 1", "def f(x): return x * True"),
    "A3 a constant's type, float": ("def f(x): return x * 1", "def f(x): return x * 1.0"),
    "A3 the sign of a zero": ("def f(x): return x + 0.0", "def f(x): return x + (-0.0)"),
    "A3 a type within a tuple": ("def f(x): return x, (1, 2)", "def f(x): return x, (1.0, 2)"),
    "A3 bytes for str": ("def f(): return 'a'", "def f(): return b'a'"),
    "A3 an ellipsis": ("def f(): return ...", "def f(): return None"),
    "A3 the imaginary zero's sign": ("def f(): return 1j", "def f(): return -1j"),
    "an integer beyond 64 bits": ("def f(): return 2 ** 70", "def f(): return 2 ** 70 + 1"),
    "A10 parameters swapped": ("def f(a, b): return a - b", "def f(b, a): return b - a"),
    "A11 a parameter keyword-only": ("def f(a, b): return a - b", "def f(a, *, b): return a - b"),
    "A11 a parameter positional-only": ("def f(a, b): return a - b", "def f(a, /, b): return a - b"),
    "A11 a parameter variadic": ("def f(a, b): return a, b", "def f(a, *b): return a, b"),
    "A11 variadic of the other kind": ("def f(*a): return a", "def f(**a): return a"),
    "A17 the other lambda of the line": ("f, g = lambda: 1, lambda: 2", "g, f = lambda: 1, lambda: 2"),
    "A21 a generator for a list": (
        "def f(x): return sum([v for v in x])",
        "def f(x): return sum(v for v in x)",
    ),
    "A22 a nested default": (
        "def f():\n def g(a=1): return a\n return g()",
        "def f():\n def g(a=2): return a\n return g()",
    ),
    "A22 a nested constant": ("def f(): return lambda: 1", "def f(): return lambda: 2"),
    "A22 a constant nested twice": (
        "def f(): return lambda: lambda: 1",
        "def f(): return lambda: lambda: 1.0",
    ),
    "a global's name": ("def f(): return g(1)", "def f(): return h(1)"),
    "an attribute's name": ("def f(x): return x.real", "def f(x): return x.imag"),
    "a function's name": ("def f(x): return x", "def g(x): return x\nf = g"),
    "a qualified name": ("def f(x): return x", "class C:\n def f(x): return x\nf = C.f"),
    "a free variable for a global": (
        "def o():\n K = 1\n def f(): return K\n return f\nf = o()",
        "def o():\n K = 1\n def f():\n  global K\n  return K\n return f\nf = o()",
    ),
    "async": ("def f(): pass", "async def f(): pass"),
    "a generator": ("def f(): return 1", "def f():\n return 1\n yield"),
    "what an exception handler covers": (
        "def f():\n a()\n try: b()\n finally: c()",
        "def f():\n try: a(); b()\n finally: c()",
    ),
    "members of a set literal": ("def f(x): return x in {1, 2, 3}", "def f(x): return x in {1, 2, 4}"),
    "types in a set literal": ("def f(x): return x in {1, 2, 3}", "def f(x): return x in {1, 2, 3.0}"),
    "names of keywords": ("def f(): g(a=1)", "def f(): g(b=1)"),
    "an annotation of a nested function": (
        "def f():\n def g(a: int): pass\n return g",
        "def f():\n def g(a: float): pass\n return g",
    ),
    "a docstring that is also returned": ("def f():\n 'a'\n return 'a'", "def f():\n 'a'\n return 'b'"),
}

_SAME = {
    "A5 a docstring edited": ("def f(x):\n 'one'\n return x + 1", "def f(x):\n 'two'\n return x + 1"),
    "A5 a docstring added": ("def f(x):\n return x + 1, None, 'k'", "def f(x):\n 'doc'\n return x + 1, None, 'k'"),
    "A5 a docstring added, None used": ("def f(x):\n g(x)", "def f(x):\n 'doc'\n g(x)"),
    "A5 a nested docstring edited": (
        "def f():\n def g():\n  'one'\n  return 1\n return g()",
        "def f():\n def g():\n  'two'\n  return 1\n return g()",
    ),
    "comments and blank lines": ("def f(x): return x", "# why\n\n\ndef f(x):\n    # because\n\n    return x"),
    "A33 members of a set literal in another order": (
        "def f(x): return x in {'a', 'b', 'c'}",
        "def f(x): return x in {'c', 'a', 'b'}",
    ),
    "A33 tuples in a set literal": (
        "def f(x): return x in {(1, 'a'), (2, 'b')}",
        "def f(x): return x in {(2, 'b'), (1, 'a')}",
    ),
    "parentheses": ("def f(x): return (x) + (1)", "def f(x): return x + 1"),
    "a constant folded": ("def f(x): return x + 2 * 3", "def f(x): return x + 6"),
}


@pytest.mark.parametrize(("left", "right"), _DIFFERENT.values(), ids=list(_DIFFERENT))
def test_a_change_of_meaning_changes_the_digest(left: str, right: str) -> None:
    assert _digest(left) != _digest(right)


@pytest.mark.parametrize(("left", "right"), _SAME.values(), ids=list(_SAME))
def test_a_change_of_form_keeps_the_digest(left: str, right: str) -> None:
    assert _digest(left) == _digest(right)


def test_a7_another_file_name_keeps_the_digest() -> None:
    source = "def f(x):\n return [y + 1 for y in x], lambda: x"
    assert _digest(source, filename="/here/a.py") == _digest(source, filename="/there/site-packages/b.py")


def test_other_lines_positions_and_stack_size_keep_the_digest() -> None:
    code = _code("def f(x): return x + 1")
    moved = code.replace(co_firstlineno=900, co_linetable=b"", co_stacksize=code.co_stacksize + 10)
    assert _core.code_digest(moved) == _core.code_digest(code)


def test_a9_asserts_that_are_compiled_away_change_the_digest() -> None:
    source = "def f(x):\n assert x > 0\n return x"
    assert _digest(source, optimize=0) != _digest(source, optimize=1)


def test_docstrings_are_in_the_digest_on_request_nested_ones_too() -> None:
    def digest(source: str) -> bytes:
        return _core.code_digest(_code(source), docstrings=True)

    nested = "def f():\n def g():\n  '{}'\n  return 1\n return g"
    assert digest("def f(x):\n 'one'\n return x") != digest("def f(x):\n 'two'\n return x")
    assert digest("def f(x):\n 'one'\n return x") != digest("def f(x):\n return x")
    assert digest(nested.format("one")) != digest(nested.format("two"))
    assert digest(nested.format("one")) == digest(nested.format("one"))


def test_a_request_for_docstrings_does_not_disturb_the_memo_without_them() -> None:
    one, two = _code("def f(x):\n 'one'\n return x"), _code("def f(x):\n 'two'\n return x")
    plain = _core.code_digest(one)
    assert _core.code_digest(one, docstrings=True) != _core.code_digest(two, docstrings=True)
    assert _core.code_digest(one) == _core.code_digest(two) == plain


def test_a_constant_that_no_instruction_uses_does_not_matter_whatever_it_is() -> None:
    code = _code("def f(x): return x + 1")
    for extra in ("unused", 3, object()):
        assert _core.code_digest(code.replace(co_consts=(*code.co_consts, extra))) == _core.code_digest(code)


def test_many_constants_are_told_apart_beyond_the_first_256() -> None:
    body = "".join(f" a({n}.5)\n" for n in range(600))
    assert _digest(f"def f():\n{body}") != _digest(f"def f():\n{body.replace('599.5', '598.5')}")
    assert _digest(f"def f():\n{body}") != _digest(f"def f():\n{body.replace('300.5', '301.5')}")


def test_code_of_modules_and_classes_is_taken_too() -> None:
    module = compile("class C:\n 'doc'\n x = 1\n", "<test>", "exec", dont_inherit=True)
    other = compile("class C:\n 'doc'\n x = 2\n", "<test>", "exec", dont_inherit=True)
    assert _core.code_digest(module) != _core.code_digest(other)


@pytest.mark.parametrize("thing", [None, 1, "def f(): pass", lambda: None])
def test_anything_but_code_is_a_type_error_that_names_the_type(thing: object) -> None:
    with pytest.raises(TypeError, match=type(thing).__name__):
        _core.code_digest(thing)  # type: ignore[arg-type]


def _replace_used_constant(value: object) -> types.CodeType:
    code = _code("def f(x): return x, 'marker', lambda: 1")
    consts = tuple(value if const == "marker" else const for const in code.co_consts)
    return code.replace(co_consts=consts)


@pytest.mark.parametrize("value", [[1], {}, object(), int, (1, [2]), frozenset({int})], ids=lambda v: type(v).__name__)
def test_a_used_constant_that_no_compiler_makes_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="a code constant of type"):
        _core.code_digest(_replace_used_constant(value))


def test_a_subclass_of_a_constant_type_is_a_type_error() -> None:
    class Text(str):
        pass

    with pytest.raises(TypeError, match="a code constant of type Text"):
        _core.code_digest(_replace_used_constant(Text("marker")))


def test_a_reference_to_a_constant_that_is_not_there_is_a_value_error() -> None:
    code = _code("def f(x): return x, 'marker', 'other'")
    with pytest.raises(ValueError, match="an instruction refers to constant"):
        _core.code_digest(code.replace(co_consts=()))


def test_a_constant_nested_beyond_the_stack_is_a_recursion_error() -> None:
    deep: object = 1
    for _ in range(20_000):  # more, and CPython itself dies when it makes the code object
        deep = (deep,)
    with pytest.raises(RecursionError):
        _core.code_digest(_replace_used_constant(deep))


def test_the_digest_is_memoised_and_the_memo_keeps_the_code_alive() -> None:
    code = _code("def f(x): return x + 12345")
    before = sys.getrefcount(code)
    digest = _core.code_digest(code)
    assert sys.getrefcount(code) == before + 1
    assert _core.code_digest(code) == digest
    assert sys.getrefcount(code) == before + 1
