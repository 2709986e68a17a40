"""What known libraries do differently from programs: they are walked by rules of their own. All others are not."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from walked_program import load

import jitserve
from jitserve import _jax, fingerprint
from jitserve._outcome import BypassReason, Refusal
from jitserve.fingerprint import _origin

Install = Callable[..., Any]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Writes a package ``fastprogress`` into a directory of installed packages, by module, and imports it."""
    directory = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(str(directory))

    def write(**modules: str) -> Any:
        (directory / "fastprogress").mkdir(parents=True, exist_ok=True)
        for name, source in modules.items():
            (directory / "fastprogress" / f"{name}.py").write_text(textwrap.dedent(source))
        for name in [name for name in sys.modules if name == "fastprogress" or name.startswith("fastprogress.")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        return importlib.import_module("fastprogress")

    yield write
    for name in [name for name in sys.modules if name == "fastprogress" or name.startswith("fastprogress.")]:
        del sys.modules[name]


def _digest(function: object) -> bytes:
    return fingerprint.walk(function).digest


def _reason(function: Callable[..., Any]) -> BypassReason | None:
    walk = fingerprint.walk(function, deferred=True)
    with _jax.own_context(object()), fingerprint.record(walk) as recording:
        jax.jit(function).lower(jnp.ones(2))
    try:
        recording.verdict()
    except Refusal as refusal:
        print(refusal)  # shown when the test fails
        return refusal.reason
    return None


@pytest.mark.parametrize(
    ("filename", "origin"),
    [
        ("/home/user/jitserve/demo/model.py", _origin.Origin.USER),
        (str(Path(jitserve.__file__).parent / "demo" / "train_step.py"), _origin.Origin.LIBRARY),
        ("<frozen app.model>", _origin.Origin.USER),
        ("<frozen importlib._bootstrap>", _origin.Origin.OPAQUE),
        ("<frozen os>", _origin.Origin.OPAQUE),
    ],
)
def test_code_is_whose_by_its_file_and_not_by_a_part_of_the_name(filename: str, origin: _origin.Origin) -> None:
    assert _origin.of_file(filename) is origin


_NEEDS_EACH_OTHER = {
    "__init__": "from .steps import step",
    "steps": """
        def step(x):
            from .inner import helper
            from . import others
            return helper(x) + others.other(x)
        """,
    "inner": "def helper(x): return x * 2",
    "others": "def other(x): return x * 3",
}


def test_what_a_library_imports_inside_of_a_function_is_walked(install: Install) -> None:
    step = install(**_NEEDS_EACH_OTHER).step
    importlib.import_module("fastprogress.inner")
    importlib.import_module("fastprogress.others")
    assert _reason(step) is None
    before = _digest(step)
    sys.modules["fastprogress.inner"].helper = lambda x: x * 4
    assert _digest(step) != before
    middle = _digest(step)
    sys.modules["fastprogress.others"].other = lambda x: x * 5
    assert _digest(step) != middle


@pytest.mark.parametrize(
    ("imported", "read"),
    [
        ("from .late import FACTOR", "FACTOR"),
        ("from fastprogress.late import FACTOR", "FACTOR"),
        ("from fastprogress import late", "late.FACTOR"),
        ("import fastprogress.late as late", "late.FACTOR"),
        ("import fastprogress.late", "fastprogress.late.FACTOR"),
        ("import fastprogress as package", "package.late.FACTOR"),
    ],
)
def test_data_that_a_library_imports_inside_of_a_function_counts(install: Install, imported: str, read: str) -> None:
    step = install(__init__=f"def step(x):\n    {imported}\n    return x * {read}", late="FACTOR = 2.0\nOTHER = 1").step
    late: Any = importlib.import_module("fastprogress.late")
    before = _digest(step)
    late.OTHER = 2
    assert _digest(step) == before
    late.FACTOR = 3.0
    assert _digest(step) != before
    del late.FACTOR
    assert _digest(step) != before


def test_function_of_a_library_that_has_a_module_to_load_is_refused_with_its_name(install: Install) -> None:
    source = "def step(x):\n    from fastprogress.late import helper\n    return helper(x)"
    step = install(__init__=source, late="def helper(x): return x * 2").step
    assert _reason(step) is BypassReason.LAZY_IMPORT
    assert _reason(step) is None


def test_function_that_a_walked_function_makes_is_covered_however_early_that_one_was_made(install: Install) -> None:
    source = """
        def make():
            def kept(x):
                return (lambda y: y * 2)(x)
            return kept
        kept = make()
        def step(x): return kept(x)
        """
    assert _reason(install(__init__=source).step) is None


def test_function_that_was_made_before_by_another_run_is_not_covered(install: Install) -> None:
    source = """
        def make(k):
            def middle():
                return lambda x: x * k
            return middle
        hidden = [make(2)()]
        def hide(): return __import__("fastprogress").hidden[0]
        def step(x): return make(3)()(x) + hide()(x) if make else x
        def other(x): return hide()(x) if make else x
        """
    pkg = install(__init__=source)
    assert _reason(pkg.other) is BypassReason.UNREACHED_CODE


_PRIMITIVE = """
    import jax, jax.extend
    from jax.interpreters import ad, batching, mlir
    double_p = jax.extend.core.Primitive("double")
    def lowered(x): return x * {factor}
    def batched(args, axes): return double_p.bind(*args), axes[0]
    double_p.def_abstract_eval(lambda x: x)
    mlir.register_lowering(double_p, mlir.lower_fun(lowered, multiple_results=False))
    batching.primitive_batchers[double_p] = batched
    def step(x): return jax.vmap(double_p.bind)(x)
    """


def test_rules_of_a_primitive_of_a_library_are_walked(install: Install) -> None:
    before = install(__init__=_PRIMITIVE.format(factor=2)).step
    assert _reason(before) is None
    assert _digest(before) == _digest(install(__init__=_PRIMITIVE.format(factor=2)).step)
    assert _digest(before) != _digest(install(__init__=_PRIMITIVE.format(factor=3)).step)


def test_rule_that_is_replaced_in_the_tables_of_jax_differs(install: Install) -> None:
    from jax.interpreters import batching

    pkg = install(__init__=_PRIMITIVE.format(factor=2))
    before = _digest(pkg.step)
    batching.primitive_batchers[pkg.double_p] = lambda args, axes: (args[0], axes[0])
    assert _digest(pkg.step) != before


def test_random_names_and_stacks_for_the_messages_of_equinox_are_no_reason_to_refuse() -> None:
    pytest.importorskip("equinox")
    program = load(
        "import equinox as eqx\n@eqx.filter_jit\n"
        "def checked(x): return eqx.error_if(x * 2, x > 9, 'too large', on_error='nan')\n"
        "def step(x): return checked(x)"
    )
    assert _reason(program["step"]) is None


def test_class_of_distrax_is_the_same_before_and_after_its_first_instance() -> None:
    distrax = pytest.importorskip("distrax")

    class Shifted(distrax.Normal):  # type: ignore[misc, name-defined]
        pass

    before = fingerprint.walk(Shifted).digest
    assert not jax.tree_util.all_leaves([Shifted(0.0, 1.0)])  # it has become a node of trees
    assert fingerprint.walk(Shifted).digest == before
    Shifted.tree_flatten = lambda self: ((), None)
    assert fingerprint.walk(Shifted).digest != before


def test_functions_of_scipy_of_a_type_of_their_own_are_known_by_name() -> None:
    pytest.importorskip("scipy.fft")
    program = load("import scipy.fft\ndef forth(x): return scipy.fft.rfft(x)\ndef back(x): return scipy.fft.irfft(x)")
    assert _digest(program["forth"]) == _digest(program["forth"]) != _digest(program["back"])


def test_package_that_is_no_known_library_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "own_project.py").write_text(
        "K, NAME = 2.0, 'K'\ndef step(x): return x * globals()[NAME]"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    monkeypatch.delitem(sys.modules, "own_project", raising=False)
    assert _reason(importlib.import_module("own_project").step) is BypassReason.DYNAMIC_SCOPE


_KEEPS_STATE = {
    "__init__": """
        import threading
        from .steps import step
        """,
    "steps": """
        import threading
        context = threading.local()
        context.path = []
        def step(x): return x * (2 + len(context.path))
        """,
}


def _from_a_directory_of_the_path(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    package = directory / "fastprogress"
    package.mkdir(parents=True)
    for name, source in _KEEPS_STATE.items():
        (package / f"{name}.py").write_text(textwrap.dedent(source))
    monkeypatch.syspath_prepend(str(directory))
    monkeypatch.delitem(sys.modules, "fastprogress", raising=False)
    monkeypatch.delitem(sys.modules, "fastprogress.steps", raising=False)
    return importlib.import_module("fastprogress")


def _record(directory: Path, *files: str) -> None:
    (directory / "some-1.0.dist-info").mkdir(parents=True)
    (directory / "some-1.0.dist-info" / "RECORD").write_text("".join(f"{name},,\n" for name in files))


def test_package_that_was_installed_into_a_directory_of_the_path_is_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _record(tmp_path / "target", "fastprogress/__init__.py", "fastprogress/steps.py")
    package = _from_a_directory_of_the_path(tmp_path / "target", monkeypatch)
    assert _reason(package.step) is None


def test_package_that_lies_beside_installed_ones_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _record(tmp_path / "bundle", "another/__init__.py")
    package = _from_a_directory_of_the_path(tmp_path / "bundle", monkeypatch)
    with pytest.raises(Refusal) as refusal:
        fingerprint.walk(package.step)
    assert refusal.value.reason is BypassReason.UNKNOWN_OBJECT


def test_package_in_a_directory_of_the_path_without_records_of_an_installer_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _from_a_directory_of_the_path(tmp_path / "project", monkeypatch)
    with pytest.raises(Refusal) as refusal:
        fingerprint.walk(package.step)
    assert refusal.value.reason is BypassReason.UNKNOWN_OBJECT
