"""The environment of a key: toolchain by content, flags by meaning, configuration by an audited list."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import jax
import pytest
from jax._src import config
from jaxlib._jax import config as config_ext

from jitserve import _jax, fingerprint
from jitserve.fingerprint import _config_policy, _cpu, _toolchain, _xla_flags


def test_every_configuration_state_of_this_jax_is_classified() -> None:
    names = [name for name, _ in _jax.config_states()]
    assert _config_policy.unclassified(names) == []


def test_every_context_by_which_jax_tells_calls_apart_is_known() -> None:
    modules = [vars(module) for name, module in [*sys.modules.items()] if name.partition(".")[0] == "jax"]
    held = {value.name for module in modules for value in [*module.values()] if type(value) is config_ext.Config}
    assert held.difference(config.trace_context_names(), config.config_states) <= {
        "device_context",  # the concrete mesh: `concrete_mesh`
        "mlir_thread_local_context",  # what lowering is in the middle of
        "post_hook",  # called after dispatch
        "trace_state",  # asked for separately: `at_top_level`
        "trace_state_strong_ref",
    }


def test_no_state_is_on_both_lists() -> None:
    assert not _config_policy.RELEVANT & _config_policy.IRRELEVANT.keys()


def test_unknown_state_is_in_the_key_F141() -> None:
    states = [("jax_log_compiles", True), ("jax_enable_x64", True), ("jax_of_tomorrow", 1)]
    assert fingerprint.relevant_states(states) == states[1:]


def test_every_relevant_state_can_be_digested() -> None:
    fingerprint.walk(None, fingerprint.relevant_states(_jax.config_states()))


def test_configuration_under_a_context_manager_differs_F133() -> None:
    def digest() -> bytes:
        return fingerprint.walk(None, fingerprint.relevant_states(_jax.config_states())).digest

    before = digest()
    with jax.default_matmul_precision("float32"):
        assert digest() != before
    with jax.default_device(jax.devices()[0]):
        assert digest() != before
    assert digest() == before


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("--xla_a=1 --xla_b=2", "--xla_b=2   --xla_a=1"),
        ("--xla_a=1 --xla_a=2", "--xla_a=2"),
        ("--xla_dump_to=/tmp/x --xla_a=1", "--xla_a=1"),
        ("--xla_a", "--xla_a=true"),
        ("--xla_a=True", "--xla_a=true"),
        ("", "--xla_dump_hlo_as_text"),
    ],
)
def test_flags_of_the_same_meaning_agree_F143(left: str, right: str) -> None:
    assert _xla_flags.parse(left) == _xla_flags.parse(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("--xla_a=1", "--xla_a=2"),
        ("--xla_a=1", ""),
        ("--xla_a=1 --xla_a=2", "--xla_a=2 --xla_a=1"),
        ("--xla_a=x", "--xla_a=X"),
    ],
)
def test_flags_of_another_meaning_differ_F143(left: str, right: str) -> None:
    assert _xla_flags.parse(left) != _xla_flags.parse(right)


def test_flags_that_cannot_be_parsed_are_kept_as_they_are() -> None:
    assert _xla_flags.parse("--xla_a='") == (("<unparsed>", "--xla_a='"),)


def test_file_of_flags_counts_by_its_contents(tmp_path: Path) -> None:
    flags = tmp_path / "flags"
    flags.write_text("--xla_a=1")
    before = _xla_flags.parse(str(flags))
    flags.write_text("--xla_a=2")
    assert _xla_flags.parse(str(flags)) != before


def test_cpu_is_its_model_and_features_and_not_its_clock() -> None:
    text = "processor\t: 0\nmodel name\t: A\ncpu MHz\t\t: {}\nflags\t\t: {}\n\nprocessor\t: 1\n"
    assert _cpu.parse(text.format(1000, "avx sse")) == _cpu.parse(text.format(2000, "sse avx"))
    assert _cpu.parse(text.format(1000, "avx sse")) != _cpu.parse(text.format(1000, "sse"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package ``jaxlib`` of three files, where the real one would be found."""
    root = tmp_path / "site" / "jaxlib"
    (root / "inner").mkdir(parents=True)
    (root / "__init__.py").write_text("a = 1")
    (root / "inner" / "b.so").write_bytes(b"\0\1")
    (root / "inner" / "__pycache__").mkdir()
    (root / "inner" / "__pycache__" / "b.pyc").write_bytes(b"compiled")
    monkeypatch.setattr(_toolchain, "PACKAGES", ("jaxlib",))
    monkeypatch.setattr(sys, "path", [str(root.parent)])
    monkeypatch.delitem(sys.modules, "jaxlib")
    return root


def _digest(memo: Path | None) -> bytes:
    return _toolchain.describe(memo)[0].digest


def test_package_edited_in_place_differs_C79(package: Path, tmp_path: Path) -> None:
    memo = tmp_path / "memo"
    before = _digest(memo)
    assert _digest(memo) == before == _digest(None)
    (package / "inner" / "b.so").write_bytes(b"\0\2")
    assert _digest(memo) != before
    assert _digest(memo) == _digest(None)


def test_standard_library_edited_in_place_differs_C79(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "python3"
    (library / "json").mkdir(parents=True)
    (library / "json" / "decoder.py").write_text("STRICT = True")
    (library / "site-packages").mkdir()
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(library)})
    before = _named("toolchain.python", tmp_path)
    (library / "site-packages" / "other.py").write_text("")
    assert _named("toolchain.python", tmp_path) == before
    (library / "json" / "decoder.py").write_text("STRICT = None")
    assert _named("toolchain.python", tmp_path) != before


def _named(name: str, memo: Path) -> bytes:
    return next(part.digest for part in _toolchain.describe(memo) if part.name == name)


def test_package_with_the_same_contents_elsewhere_agrees_L214(package: Path, tmp_path: Path) -> None:
    before = _digest(None)
    moved = tmp_path / "other" / "jaxlib"
    moved.parent.mkdir()
    package.rename(moved)
    sys.path[:] = [str(moved.parent)]
    assert _digest(None) == before


def test_compiled_files_of_a_package_do_not_matter_L218(package: Path) -> None:
    before = _digest(None)
    (package / "inner" / "__pycache__" / "b.pyc").unlink()
    assert _digest(None) == before


def test_compiled_files_that_stand_for_the_source_matter(package: Path) -> None:
    (package / "c.pyc").write_bytes(b"compiled")
    before = _digest(None)
    (package / "c.pyc").write_bytes(b"compiled anew")
    assert _digest(None) != before


def test_plugins_of_platforms_count_where_they_are_installed(package: Path) -> None:
    before = [part.name for part in _toolchain.describe(None)]
    plugin = package.parent / "jax_cuda13_plugin"
    plugin.mkdir()
    (plugin / "_solver.so").write_bytes(b"\0\1")
    assert [part.name for part in _toolchain.describe(None)] == [before[0], f"toolchain.{plugin.name}", *before[1:]]
    first = _named(f"toolchain.{plugin.name}", package.parent / "memo")
    (plugin / "_solver.so").write_bytes(b"\0\2")
    assert _named(f"toolchain.{plugin.name}", package.parent / "memo") != first


def test_file_moved_within_a_package_differs(package: Path) -> None:
    before = _digest(None)
    (package / "inner" / "b.so").rename(package / "b.so")
    assert _digest(None) != before


def test_damaged_memo_is_computed_anew(package: Path, tmp_path: Path) -> None:
    memo = tmp_path / "memo"
    before = _digest(memo)
    for file in memo.iterdir():
        file.write_bytes(b"damaged")
    assert _digest(memo) == before


def test_memo_that_cannot_be_written_only_costs_time(package: Path, tmp_path: Path) -> None:
    obstacle = tmp_path / "file"
    obstacle.write_text("")
    assert _digest(obstacle / "memo") == _digest(None)


def test_environment_names_each_ingredient_once(tmp_path: Path) -> None:
    names = [part.name for part in fingerprint.environment(tmp_path, dict(os.environ))]
    assert len(names) == len(set(names))
    assert {"toolchain.jaxlib", "python", "cpu", "XLA_FLAGS"} <= set(names)


def test_environment_differs_by_flags_only_where_flags_differ(tmp_path: Path) -> None:
    plain = fingerprint.environment(tmp_path, {})
    flagged = fingerprint.environment(tmp_path, {"XLA_FLAGS": "--xla_cpu_enable_fast_math=true"})
    assert [a.name for a, b in zip(plain, flagged, strict=True) if a.digest != b.digest] == ["XLA_FLAGS"]


@pytest.mark.parametrize("name", ["NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "OPENBLAS_CORETYPE"])
def test_choice_of_kernels_counts_where_it_is_made(tmp_path: Path, name: str) -> None:
    plain, one, other = (fingerprint.environment(tmp_path, {name: value} if value else {}) for value in ("", "A", "B"))
    assert [part.name for part in one if part not in plain] == [name]
    assert [part.name for part in one if part not in other] == [name]
