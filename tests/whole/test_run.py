"""``jitserve run`` beside plain ``python``: the same bytes on the same streams, the same end."""

from __future__ import annotations

import ast
import re
import signal
import sys
from pathlib import Path

import pytest
from tests.whole.processes import SCRIPTS, python, served

WAYS = re.findall(r'^    "(\w+)": ', (SCRIPTS / "behaviour.py").read_text(), flags=re.MULTILINE)


def assert_same(*arguments: str, cwd: Path = SCRIPTS, **environ: str) -> None:
    ours = served(*arguments, cwd=cwd, **environ)
    plain = python(*arguments, cwd=cwd, **environ)
    assert (ours.returncode, ours.stdout, ours.stderr) == (plain.returncode, plain.stdout, plain.stderr)


@pytest.mark.parametrize("way", WAYS)
def test_script_ends_as_under_python(way: str) -> None:
    assert_same("behaviour.py", way, "-m", "--quiet", "--", "x y")


def test_module_runs_and_fails_as_under_python() -> None:
    assert_same("-m", "package", "-m", "--quiet", "x")


def test_module_is_named_in_the_same_word_as_under_python() -> None:
    assert_same("-mpackage", "-m", "x")
    assert_same("-Omcalendar", "--type", "text", "2026", "11")


def test_module_of_the_standard_library_runs_as_under_python() -> None:
    assert_same("-m", "calendar", "--type", "text", "2026", "11")


def test_directory_runs_as_under_python() -> None:
    assert_same("package")


def test_script_with_a_syntax_error_fails_as_under_python(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text('print("never"\n')
    assert_same("broken.py", cwd=tmp_path)


def test_missing_script_fails_as_under_python() -> None:
    assert_same("nowhere.py", "x")


def test_missing_module_fails_as_under_python() -> None:
    assert_same("-m", "no_such_module")


def test_script_elsewhere_finds_what_it_finds_under_python(tmp_path: Path) -> None:
    assert_same(str(SCRIPTS / "behaviour.py"), "describe", cwd=tmp_path, PYTHONPATH=str(SCRIPTS / "package"))


def test_interpreter_options_hold_for_the_program() -> None:
    done = python("-O", "-W", "error", "-X", "utf8", "-m", "jitserve", "run", "--quiet", "behaviour.py", "warn")
    plain = python("-O", "-W", "error", "-X", "utf8", "behaviour.py", "warn")
    assert done.returncode == 1
    assert done.stderr == plain.stderr


@pytest.mark.parametrize("option", ["-I", "-E"])
def test_interpreter_option_that_forbids_it_is_refused(option: str) -> None:
    # These options also hide the tests' own path to what is installed.
    code = f"import sys; sys.path[:0] = {sys.path!r}; from jitserve.cli.main import main; main()"
    done = python(option, "-c", code, "run", "behaviour.py", "describe")
    assert done.returncode == 2
    assert b"without the options -I, -E and -S" in done.stderr


@pytest.mark.parametrize(
    "options", [("-I",), ("-OE",), ("-W", "error", "-S"), ("-Xutf8", "-Im")], ids=lambda options: " ".join(options)
)
def test_interpreter_option_before_the_program_that_forbids_it_is_refused(options: tuple[str, ...]) -> None:
    done = served(*options, "behaviour.py", "describe")
    assert done.returncode == 2
    assert b"without the options -I, -E and -S" in done.stderr


@pytest.mark.parametrize("options", [("-W", "error::IESWarning", "-O"), ("-Xnone=I", "-u")])
def test_other_interpreter_options_may_stand_before_the_program(options: tuple[str, ...]) -> None:
    assert_same(*options, "behaviour.py", "exit_without", "-I")


def test_setting_that_cannot_be_used_is_named_before_the_program_starts() -> None:
    done = served("behaviour.py", "describe", JITSERVE_LEASE_TIMEOUT="soon")
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"JITSERVE_LEASE_TIMEOUT='soon'" in done.stderr


def test_double_dash_ends_the_options_of_run() -> None:
    done = served("--", "behaviour.py", "describe", "--", "--quiet")
    assert b"['behaviour.py', 'describe', '--', '--quiet']" in done.stdout


def test_sitecustomize_of_the_user_still_runs_once() -> None:
    assert_same("hidden/show.py", PYTHONPATH=str(SCRIPTS / "hidden"))


def test_children_are_served_too(store_dir: Path) -> None:
    done = served("children.py")
    assert done.returncode == 0, done.stderr.decode()
    assert ast.literal_eval(done.stdout.decode()) == [True, True, True]


def test_program_without_jax_starts_nothing(store_dir: Path) -> None:
    done = python("-m", "jitserve", "run", "behaviour.py", "exit_without")
    assert done.returncode == 0
    assert done.stderr == b"jitserve: nothing was looked up\n"
    assert not (store_dir / "VERSION").exists()


def test_program_that_asks_for_jax_before_it_imports_it_is_served(store_dir: Path) -> None:
    ask = "import importlib.util; spec = importlib.util.find_spec('jax'); print(type(spec.loader).__name__)"
    then = (
        "importlib.util.find_spec('jax'); import jax; print('_jit.py' in str(jax.jit.__code__), *vars(jax.__loader__))"
    )
    (store_dir / "ask.py").write_text(f"{ask}; {then}")
    done = served(str(store_dir / "ask.py"))
    assert done.stdout == b"SourceFileLoader\nTrue name path\n", done.stderr


SHADOWED = ("random", "bisect", "ipaddress", "typing", "warnings", "tempfile", "importlib_metadata")


@pytest.mark.parametrize("options", [(), ("--quiet",)], ids=["summary", "quiet"])
def test_script_finds_its_own_modules_before_those_of_the_standard_library(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    for name in SHADOWED:
        (tmp_path / f"{name}.py").write_text(f"mine = {name!r}")
    ask = f"import sys\nfor name in {SHADOWED}:\n    print(vars(__import__(name)).get('mine'))"
    (tmp_path / "script.py").write_text(f"{ask}\nprint(sorted(sys.modules))")
    ours, plain = (python(*way, str(tmp_path / "script.py")) for way in (("-m", "jitserve", "run", *options), ()))
    assert ours.stdout.decode().splitlines()[:-1] == plain.stdout.decode().splitlines()[:-1]
    more, before = (set(ast.literal_eval(done.stdout.decode().splitlines()[-1])) for done in (ours, plain))
    assert more - before <= {"atexit", "sitecustomize"}
    assert ours.stderr == (b"" if options else b"jitserve: nothing was looked up\n")


FAKE_JAX = """
import warnings
warnings.warn("heard while jax is imported", UserWarning, stacklevel=2)
raise RuntimeError("no jax today")
"""


def test_import_of_jax_fails_and_warns_as_under_python(tmp_path: Path) -> None:
    (tmp_path / "jax.py").write_text(FAKE_JAX)
    (tmp_path / "script.py").write_text("def main():\n    import jax\n\n\nmain()\n")
    assert_same("script.py", cwd=tmp_path)


def test_second_start_is_served_and_says_so(store_dir: Path) -> None:
    first, second = (python("-m", "jitserve", "run", "two_devices.py") for _ in range(2))
    plain = python("two_devices.py")
    assert first.stdout == second.stdout == plain.stdout == b"2 3.5 SourceFileLoader\n"
    assert re.fullmatch(rb"jitserve: \d+ lookups, \d+ misses, hit rate 0\.0%, .*\n", first.stderr), first.stderr
    assert re.fullmatch(rb"jitserve: \d+ lookups, [^m]* hit rate 100\.0%, .*\n", second.stderr)


def test_program_with_jax_that_is_interrupted_ends_as_under_python(store_dir: Path) -> None:
    ours, plain = served("two_devices.py", "interrupt"), python("two_devices.py", "interrupt")
    assert ours.returncode == plain.returncode == -signal.SIGINT
    assert ours.stderr == plain.stderr


def test_program_runs_where_the_store_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    done = served("two_devices.py", JITSERVE_DIR=str(blocked))
    assert done.returncode == 0
    assert done.stdout == python("two_devices.py").stdout


def test_program_runs_where_jitserve_is_switched_off(store_dir: Path) -> None:
    assert_same("two_devices.py", JITSERVE_DISABLE="1")
    assert not (store_dir / "VERSION").exists()


def test_environment_of_the_program_differs_in_its_python_path_only() -> None:
    ours, plain = (run("environment.py", PYTHONPATH="") for run in (served, python))
    assert ast.literal_eval(ours.stdout.decode()) | {"PYTHONPATH": ""} == ast.literal_eval(plain.stdout.decode())
