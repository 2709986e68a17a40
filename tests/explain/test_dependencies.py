"""``depends_on`` and ``File``: what is added to a fingerprint."""

from __future__ import annotations

from pathlib import Path

import jax
import pytest
import walked_program

import jitserve
from jitserve import _jax, fingerprint
from jitserve._outcome import BypassReason, Refusal

CONFIG = """
import jitserve
CONFIG = {config}
OTHER = 0
@jitserve.depends_on(CONFIG)
def f(x): return x
"""


def test_digest_changes_with_a_dependency_and_only_with_it() -> None:
    digests = [walked_program.digest(CONFIG.replace("{config}", config)) for config in ("[1, 2]", "[1, 2]", "[1, 3]")]
    assert digests[0] == digests[1] != digests[2]
    assert walked_program.digest(CONFIG.replace("{config}", "[1, 2]").replace("OTHER = 0", "OTHER = 1")) == digests[0]


def test_dependencies_of_two_decorators_all_count() -> None:
    source = "import jitserve\n@jitserve.depends_on({a})\n@jitserve.depends_on({b})\ndef f(x): return x"
    digests = {
        walked_program.digest(source.replace("{a}", a).replace("{b}", b))
        for a, b in (("1", "2"), ("3", "2"), ("1", "3"))
    }
    assert len(digests) == 3


def test_depends_on_returns_the_very_function() -> None:
    def f(x: int) -> int:
        return x

    assert jitserve.depends_on(1)(f) is f


def test_depends_on_above_jit_says_where_it_belongs() -> None:
    with pytest.raises(TypeError, match="put it below jit"):
        jitserve.depends_on(1)(jax.jit(lambda x: x))


def test_depends_on_of_nothing_is_refused() -> None:
    with pytest.raises(TypeError, match="was given nothing"):
        jitserve.depends_on()


def digest_of_file(path: Path) -> bytes:
    return fingerprint.walk(None, [("file", jitserve.File(path))]).digest


def test_file_counts_by_its_contents_wherever_it_lies(tmp_path: Path) -> None:
    for name, contents in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(contents)
    a, b, c, absent = (digest_of_file(tmp_path / name) for name in ("a", "b", "c", "d"))
    assert a == b
    assert len({a, c, absent}) == 3
    (tmp_path / "a").write_bytes(b"2")
    assert digest_of_file(tmp_path / "a") == c


def test_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read") as refused:
        digest_of_file(tmp_path)
    assert refused.value.reason is BypassReason.FILE_READ_UNTRACKED
    assert str(tmp_path) in refused.value.detail


def test_file_is_read_while_tracing(tmp_path: Path, store_dir: Path) -> None:
    table = tmp_path / "table"
    table.write_text("3.0")
    source = f"import jitserve\nTABLE = jitserve.File({str(table)!r})\ndef f(x): return x * float(TABLE.text())"
    f = walked_program.load(source)["f"]
    assert float(jax.jit(f)(2.0)) == 6.0
    before = fingerprint.walk(f).digest
    table.write_text("4.0")
    assert fingerprint.walk(f).digest != before


def test_jit_of_a_function_with_dependencies_walks_them() -> None:
    f = walked_program.load(CONFIG.replace("{config}", "[object.__new__(type('Odd', (), {}))]"))["f"]
    fun = _jax.user_function(jitserve.jit(f))
    assert any(type(found) is list for found in fingerprint.walk(fun).objects)


def test_file_cannot_be_derived_from_because_only_the_contents_of_a_plain_one_are_in_a_key() -> None:
    with pytest.raises(TypeError, match="hold a File in an attribute"):
        type("Table", (jitserve.File,), {})


def test_depends_on_without_its_dependencies_says_how_it_is_written() -> None:
    decorated = jitserve.depends_on(lambda x: x)  # as after a bare @jitserve.depends_on
    with pytest.raises(TypeError, match=r"@depends_on\(CONFIG\)"):
        decorated(jax.numpy.ones(1))


def test_depends_on_names_the_class_that_takes_no_attributes() -> None:
    with pytest.raises(TypeError, match="cannot mark <class 'int'>"):
        jitserve.depends_on(1)(int)
