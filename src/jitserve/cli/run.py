"""``jitserve run``: an unmodified program, served from the store as a whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

import jitserve
from jitserve._settings import Settings
from jitserve._startup_hook import OPTION

_STARTUP = Path(jitserve.__file__).with_name("_startup")


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--quiet", is_flag=True, help="Print no summary at exit.")
@click.argument("program")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(quiet: bool, program: str, arguments: tuple[str, ...]) -> None:
    """Run a Python PROGRAM, a script or (with -m, as for python) a module, with all that it compiles from the store.

    The program is not changed, and neither is what it sees: this process becomes the `python` that runs it. A line at
    exit says on stderr what came from the store.
    """
    flags = sys.flags
    if flags.isolated or flags.ignore_environment or flags.no_site or _hides_us((program, *arguments)):
        raise click.UsageError("jitserve run works through PYTHONPATH: start it without the options -I, -E and -S")
    if not sys.executable:
        raise click.ClickException("sys.executable is empty, so there is no Python to run the program with")
    Settings.from_env()  # says here, rather than in the program, which variable cannot be used
    options = [*subprocess._args_from_interpreter_flags(), "-X", f"{OPTION}={'quiet' if quiet else 'summary'}"]  # type: ignore[attr-defined]
    command = [sys.executable, *options, program, *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, environment(os.environ))


def _hides_us(arguments: Sequence[str]) -> bool:
    """Whether one of the options for the interpreter, which may stand before the program, is -I, -E or -S."""
    rest = iter(arguments)
    for argument in rest:
        letters = "" if argument == "-" or argument.startswith("--") else argument[1:]
        if not argument.startswith("-") or not letters:
            return False
        # The first letter that takes a value ends the letters, and -c and -m end the options.
        flags = re.split("[cmWX]", letters, maxsplit=1)
        if not set("IES").isdisjoint(flags[0]):
            return True
        if letters[len(flags[0]) :].startswith(("c", "m")):
            return False
        if flags[1:] == [""]:
            next(rest, None)
    return False


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which Python loads our ``sitecustomize`` first."""
    rest = environ.get("PYTHONPATH")
    return {**environ, "PYTHONPATH": os.pathsep.join([str(_STARTUP), rest] if rest else [str(_STARTUP)])}
