"""``jitserve run``: an unmodified program, served from the store as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click

import jitserve
from jitserve._settings import Settings
from jitserve._startup_hook import OPTION

_STARTUP = Path(jitserve.__file__).with_name("_startup")


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--quiet", is_flag=True, help="Print no summary at exit.")
@click.option("-m", "as_module", is_flag=True, help="PROGRAM is the name of a module, as for python -m.")
@click.argument("program")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(quiet: bool, as_module: bool, program: str, arguments: tuple[str, ...]) -> None:
    """Run a Python PROGRAM, a script or (with -m) a module, with all that it compiles served from the store.

    The program is not changed, and neither is what it sees: this process becomes the `python` that runs it. A line at
    exit says on stderr what came from the store.
    """
    flags = sys.flags
    if flags.isolated or flags.ignore_environment or flags.no_site:
        raise click.UsageError("jitserve run works through PYTHONPATH: start it without the options -I, -E and -S")
    if not sys.executable:
        raise click.ClickException("sys.executable is empty, so there is no Python to run the program with")
    Settings.from_env()  # says here, rather than in the program, which variable cannot be used
    options = [*subprocess._args_from_interpreter_flags(), "-X", f"{OPTION}={'quiet' if quiet else 'summary'}"]  # type: ignore[attr-defined]
    command = [sys.executable, *options, *(["-m"] if as_module else []), program, *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, environment(os.environ))


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which Python loads our ``sitecustomize`` first."""
    rest = environ.get("PYTHONPATH")
    return {**environ, "PYTHONPATH": os.pathsep.join([str(_STARTUP), rest] if rest else [str(_STARTUP)])}
