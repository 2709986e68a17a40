"""What importing parts of jitserve brings into a process. Each look is at a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("jax", "jaxlib", "grpc", "google.protobuf", "prometheus_client", "click", "rich", "flax")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a fresh interpreter to its end."""
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def imported_by(statement: str) -> set[str]:
    """Which of ``HEAVY`` are loaded in a fresh interpreter after ``statement``."""
    program = f"import sys\n{statement}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    finished = python("-c", program)
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


def test_import_jitserve_brings_nothing_heavy() -> None:
    assert imported_by("import jitserve") == set()


def test_import_jit_brings_jax_but_not_grpc() -> None:
    assert imported_by("from jitserve import jit") <= {"jax", "jaxlib", "google.protobuf"}


@pytest.mark.parametrize("package", ["jitserve.store", "jitserve.daemon", "jitserve.cli.main", "jitserve.cli.demo"])
def test_import_of_what_runs_beside_the_user_brings_no_jax(package: str) -> None:
    assert not imported_by(f"import {package}") & {"jax", "jaxlib", "flax"}


def test_daemon_command_starts_with_jax_blocked() -> None:
    block = "sys.modules['jax'] = sys.modules['jaxlib'] = None"
    run = "from jitserve.cli.daemon import main; sys.argv = ['jitserve-daemon', '--help']; main()"
    program = f"import sys; {block}; {run}"
    finished = python("-c", program)
    assert finished.returncode == 0, finished.stderr
    assert "--socket" in finished.stdout


@pytest.mark.parametrize("command", ["--help", "--version"])
def test_command_line_answers_without_importing_a_subcommand(command: str) -> None:
    program = (
        "import sys\nfrom jitserve.cli.main import main\n"
        f"main([{command!r}], prog_name='jitserve', standalone_mode=False)\n"
        "print([name for name in sys.modules if name.startswith('jitserve.cli.') and name != 'jitserve.cli.main'])"
    )
    finished = python("-c", program)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("[]\n")


def test_python_dash_m_is_the_command() -> None:
    finished = python("-m", "jitserve", "--version")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("jitserve, version ")
