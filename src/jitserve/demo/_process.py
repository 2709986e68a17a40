"""Starts a child process in a clean environment, waits for it, and never leaves it behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from jitserve._errors import JitserveError

# Settings of the user that would change what the demo measures: jitserve's own, and those of JAX's persistent cache.
_FOREIGN = ("JITSERVE_", "JAX_COMPILATION_CACHE", "JAX_PERSISTENT_CACHE", "JAX_ENABLE_COMPILATION_CACHE")
# Where the output of the latest child of ``run_python`` is.
LOG = "child.log"
_LOG_LINES_SHOWN = 20
_STOP_S = 10.0
# What ends the demo from outside.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoError(JitserveError):
    """The demo could not be carried out; the message says what failed and shows the end of its log."""


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without foreign cache settings, plus ``settings``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | dict(settings)


def run_python(arguments: Sequence[str], settings: Mapping[str, str], directory: Path) -> None:
    """Runs ``python *arguments`` to its end in ``directory``, with ``settings`` added to a clean environment.

    Raises:
        DemoError: it exited with a status other than 0.
    """
    log = directory / LOG
    with running([sys.executable, *arguments], settings, directory, log) as process:
        status = process.wait()
    if status != 0:
        raise DemoError(f"python {' '.join(arguments)} {_ending(status)}:\n{log_tail(log)}")


@contextmanager
def running(
    command: Sequence[str], settings: Mapping[str, str], directory: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts ``command`` with its output in ``log``; on leaving, the process is asked to end, then made to."""
    process = None
    try:
        with log.open("wb") as output, _signals_held():
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=clean_environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        yield process
    finally:
        if process is not None:
            _end(process)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Puts off what the handlers of signals do: none can raise between the start of a process and our knowing of it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread runs handlers
        return
    arrived: list[int] = []
    before = {number: signal.signal(number, lambda number, _: arrived.append(number)) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if arrived:
            signal.raise_signal(arrived[0])


def log_tail(log: Path) -> str:
    """The last lines of ``log``, as they are shown in an error."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LOG_LINES_SHOWN:]) or "(no output)"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ending(status: int) -> str:
    return f"exited with {status}" if status > 0 else f"was killed by {signal.Signals(-status).name}"
