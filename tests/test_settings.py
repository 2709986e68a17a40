"""Settings from the environment: what each variable does, and what a bad value says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jitserve
from jitserve._errors import SettingsError
from jitserve._session import current_session
from jitserve._settings import Settings, default_socket_path


def test_empty_environment_gives_the_documented_defaults() -> None:
    settings = Settings.from_env({})
    assert settings.store_dir.name == "jitserve"
    assert not settings.store_dir_explicit
    assert settings.daemon_wanted
    assert settings.address is None
    assert (settings.lookup_timeout_s, settings.lease_timeout_s, settings.verify_share) == (0.25, 600.0, 0.0)


def test_directory_is_taken_as_given_and_remembered_as_explicit() -> None:
    settings = Settings.from_env({"JITSERVE_DIR": "/some/where"})
    assert settings.store_dir == Path("/some/where")
    assert settings.store_dir_explicit


@pytest.mark.parametrize("word", ["none", "NONE"])
def test_address_none_wants_no_daemon(word: str) -> None:
    settings = Settings.from_env({"JITSERVE_ADDRESS": word})
    assert not settings.daemon_wanted
    assert settings.address is None


def test_socket_is_in_the_runtime_directory_where_there_is_one() -> None:
    assert default_socket_path({"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/jitserve/daemon.sock")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JITSERVE_DISABLE", "maybe"),
        ("JITSERVE_STRICT", "2"),
        ("JITSERVE_LOOKUP_TIMEOUT", "soon"),
        ("JITSERVE_LEASE_TIMEOUT", "-1"),
        ("JITSERVE_EXIT_FLUSH", "inf"),
        ("JITSERVE_VERIFY", "1.5"),
        ("JITSERVE_VERIFY", "nan"),
        ("JITSERVE_LOG", "loud"),
    ],
)
def test_bad_value_is_named_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}'"):
        Settings.from_env({name: value})


def test_bad_value_costs_a_warning_and_not_the_job(store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITSERVE_LEASE_TIMEOUT", "soon")
    code = "import jitserve; print(float(jitserve.jit(lambda x: x * 2)(3.0)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "6.0"
    assert done.stderr.count("JITSERVE_LEASE_TIMEOUT='soon'") == 1


def test_bad_value_leaves_the_other_settings_as_they_are(store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITSERVE_LEASE_TIMEOUT", "soon")
    monkeypatch.setenv("JITSERVE_LOG", "loud")
    monkeypatch.setenv("JITSERVE_DISABLE", "1")
    settings, errors = Settings.usable()
    assert (settings.store_dir, settings.disabled, settings.log_level) == (store_dir, True, None)
    assert [error.variable for error in errors] == ["JITSERVE_LEASE_TIMEOUT", "JITSERVE_LOG"]
    done = subprocess.run(
        [sys.executable, "-c", "import jax, jitserve; print(jitserve.jit is jax.jit)"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "True\n"


def test_home_of_an_unknown_user_is_a_bad_value() -> None:
    with pytest.raises(SettingsError, match="JITSERVE_DIR='~nobody-of-that-name/store'"):
        Settings.from_env({"JITSERVE_DIR": "~nobody-of-that-name/store"})


def test_socket_path_is_known_where_nothing_can_be_written() -> None:
    """Looking for a temporary directory by writing to it would end a job whose disk is full."""
    code = (
        "import os, resource, jitserve._settings as s; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "print(s.default_socket_path({'TMPDIR': os.path.dirname(s.__file__)}))\n"
        "print(s.default_socket_path({'TMPDIR': '/nowhere/at/all'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    named, default = map(Path, done.stdout.split())
    assert (named.parent.name, default.parent.name) == (f"jitserve-{os.getuid()}",) * 2
    assert named.parents[1].name == "jitserve"
    assert str(default.parents[1]) == "/tmp"


def test_debug_level_tells_of_every_call(store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITSERVE_LOG", "debug")
    code = "import jitserve\ndef double(x): return x * 2\njitserve.jit(double)(3.0)"
    told = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120).stderr
        for _ in range(2)
    ]
    assert told == ["jitserve: __main__.double: miss\n", "jitserve: __main__.double: direct_hit\n"]


def test_trouble_names_jitserve_where_the_program_has_no_log(store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITSERVE_ADDRESS", "unix:/nowhere/daemon.sock")
    code = "import jitserve; jitserve.jit(lambda x: x * 2)(3.0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stderr.startswith("jitserve: daemon_unreachable: daemon at /nowhere/daemon.sock")


def test_log_level_shows_the_log_on_standard_error(store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITSERVE_LOG", "info")
    code = "import jax, jitserve; jitserve.jit(lambda x: jax.debug.print('{}', x))(3.0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "jitserve: " in done.stderr
    assert "effects" in done.stderr


def test_relative_directory_is_that_of_the_time_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_env({"JITSERVE_DIR": "cache"}).store_dir == tmp_path / "cache"


def test_configured_directory_is_read_as_the_variable_is(store_dir: Path, tmp_path: Path) -> None:
    code = (
        "import jitserve, os, sys\n"
        "from jitserve._session import current_session\n"
        "for directory in sys.argv[1:]:\n"
        "    jitserve.configure(directory=directory)\n"
        "    print(current_session().settings.store_dir, current_session().settings.store_dir_explicit)\n"
    )
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("JITSERVE", "XDG"))}
    environment["HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", code, "~/x", "", "y"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.splitlines() == [f"{tmp_path}/x True", f"{tmp_path}/.cache/jitserve False", f"{tmp_path}/y True"]
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("address", 3),
        ("directory", 3),
        ("directory", b"/some/where"),
        ("directory", "/some\0where"),
        ("lookup_timeout_s", "a"),
        ("lookup_timeout_s", float("inf")),
        ("lease_timeout_s", float("nan")),
        ("lease_timeout_s", -1),
    ],
)
def test_bad_value_given_to_configure_is_named_and_changes_nothing(name: str, value: object, store_dir: Path) -> None:
    session = current_session()
    with pytest.raises(SettingsError, match=re.escape(f"{name}={value!r}")):
        jitserve.configure(**{name: value})
    assert current_session() is session
