"""Notes of a walk: whatever changes a fingerprint changes a note, and what is noted reads well."""

from __future__ import annotations

import optax
import pytest
import walked_program
from walked_program import load

from jitserve import fingerprint
from jitserve._difference import differences
from jitserve._ingredient import Ingredient

# Two programs with different fingerprints, and what is said about them.
_PAIRS = {
    "rebound name": ("g = jnp.sin\ndef f(x): return g(x)", "g = jnp.cos\ndef f(x): return g(x)", "global `g` of"),
    "item of a list": ("K = [1, 2]\ndef f(x): return x * K[0]", "K = [1, 3]\ndef f(x): return x * K[0]", "`K[1]`"),
    "order of a dict": (
        "K = dict(a=1, b=2)\ndef f(x): return [x * k for k in K.values()]",
        "K = dict(b=2, a=1)\ndef f(x): return [x * k for k in K.values()]",
        "global `K` of `__main__.f` changed (dict of 2)",
    ),
    "name that was bound nowhere": (
        "def f(x):\n try: return x * K\n except NameError: return x",
        "K = 2\ndef f(x):\n try: return x * K\n except NameError: return x",
        "name K is not defined is gone",
    ),
    "attribute that was missing": (
        "m = types.ModuleType('m')\ndef f(x): return getattr(m, 'k', x)",
        "m = types.ModuleType('m')\nm.k = 2\ndef f(x): return getattr(m, 'k', x)",
        "global `m.k` of `__main__.f`: not defined -> 2",
    ),
    "base class": (
        "class B: pass\nclass A: pass\ndef f(x): return A()",
        "class B: pass\nclass A(B): pass\ndef f(x): return A()",
        "attribute `__mro__` of `__main__.A`: new, __main__.B",
    ),
    "method": (
        "class A:\n def g(self, x): return x + 1\na = A()\ndef f(x): return a.g(x)",
        "class A:\n def g(self, x): return x + 2\na = A()\ndef f(x): return a.g(x)",
        "helper `__main__.A.g` changed: constant 1 -> 2",
    ),
    "keyword default": (
        "def g(x, *, k=1): return x * k\ndef f(x): return g(x)",
        "def g(x, *, k=2): return x * k\ndef f(x): return g(x)",
        "default of `k` in `__main__.g`: 1 -> 2",
    ),
    "partial": (
        "g = functools.partial(jnp.add, 1)\ndef f(x): return g(x)",
        "g = functools.partial(jnp.add, 2)\ndef f(x): return g(x)",
        "of `__main__.f`: 1 -> 2",
    ),
    "enum member": (
        "class E(enum.Enum):\n A = 1\n B = 2\nk = E.A\ndef f(x): return x if k is E.A else -x",
        "class E(enum.Enum):\n A = 1\n B = 2\nk = E.B\ndef f(x): return x if k is E.A else -x",
        "global `k",
    ),
    "array": (
        "K = np.array([1.0, 2.0])\ndef f(x): return x * K",
        "K = np.array([1.0, 3.0])\ndef f(x): return x * K",
        "global `K` of `__main__.f`: float64[2] array [1.0, 2.0] -> float64[2] array [1.0, 3.0]",
    ),
    "nested function": (
        "def f(x):\n def g(y): return y + 1\n return g(x)",
        "def f(x):\n def g(y): return y + 2\n return g(x)",
        "function `__main__.f` changed: constant 1 -> 2",
    ),
    "negative zero": ("K = 0.0\ndef f(x): return x * K", "K = -0.0\ndef f(x): return x * K", ": 0.0 -> -0.0"),
    "type of a number": ("K = 1\ndef f(x): return x * K", "K = True\ndef f(x): return x * K", ": 1 -> True"),
}


def notes_of(source: str) -> list[Ingredient]:
    return fingerprint.take_notes(load(source)["f"])


@pytest.mark.parametrize("name", _PAIRS)
def test_whatever_changes_the_fingerprint_is_said(name: str) -> None:
    old, new, said = _PAIRS[name]
    assert walked_program.digest(old) != walked_program.digest(new)
    found = differences(notes_of(new), notes_of(old))
    assert any(said in line for line in found), found


def test_notes_of_equal_programs_are_equal() -> None:
    for old, _, _ in _PAIRS.values():
        assert differences(notes_of(old), notes_of(old)) == []


def test_order_in_which_functions_are_met_does_not_matter() -> None:
    helpers = "def a(x): return x\ndef b(x): return a(x)\n"
    found = differences(
        notes_of(f"{helpers}def f(x): return (b(x), a(x))"), notes_of(f"{helpers}def f(x): return a(x)")
    )
    assert sorted(line.split("`")[1] for line in found) == ["__main__.b", "__main__.f", "a", "b"]


def optimizer_notes(rate: float) -> list[Ingredient]:
    program = load("def f(grads, state): return optimizer.update(grads, state)")
    program["optimizer"] = optax.sgd(rate)
    return fingerprint.take_notes(program["f"])


def test_what_was_given_to_a_library_is_told_value_by_value() -> None:
    (said,) = [line for line in differences(optimizer_notes(0.2), optimizer_notes(0.1)) if "step_size" in line]
    assert said.endswith("`: -0.1 -> -0.2")
    assert said.startswith("closure value `step_size` of `optax.")


def test_contents_of_libraries_are_told_by_module() -> None:
    notes = optimizer_notes(0.1)
    libraries = [note.name for note in notes if note.kind == "library"]
    assert "code of library `optax._src.transform`" in libraries
    assert [note.name for note in notes if note.kind in ("function", "class")] == ["__main__.f"]


def test_text_of_a_long_value_is_cut_and_still_compared() -> None:
    old, new = (f"K = {'a' * 500 + end!r}\ndef f(x): return K" for end in "bc")
    (note,) = [note for note in notes_of(old) if note.kind == "value"]
    assert len(note.text) <= 120
    assert differences(notes_of(new), notes_of(old)) == [f"{note.name} changed ({note.text})"]
