"""Real processes for tests: actors that use a store (``actor_main``), and daemons that serve one."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0  # how long a test waits for a process that should answer; never how long something may take
_DAEMON = "from jitserve.cli.daemon import main; main()"
_ACTOR = Path(__file__).with_name("actor_main.py")


class Fault(Exception):
    """The actor's store raised a ``StoreFault``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Actor:
    """A process with an open store. Use it as a context manager.

    It is patient with a daemon, so that a busy machine makes no fault; ``JITSERVE_LOOKUP_TIMEOUT`` changes that.
    """

    def __init__(self, **environ: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(_ACTOR)],
            env={**os.environ, "JITSERVE_ADDRESS": "none", "JITSERVE_LOOKUP_TIMEOUT": "10", **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.tier = self.result()

    def do(self, what: str, **arguments: Any) -> Any:
        """Has something done and returns the result.

        Raises:
            Fault: the store raised a ``StoreFault``.
        """
        self.start(what, **arguments)
        return self.result()

    def start(self, what: str, **arguments: Any) -> None:
        """Has something done; ``result`` waits for it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self.process.stdin.flush()

    def result(self) -> Any:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        assert ready, "the actor hangs"
        line = self.process.stdout.readline()
        assert line, f"the actor died with status {self.process.wait()}"
        answer = json.loads(line)
        if "fault" in answer:
            raise Fault(answer["fault"], answer["message"])
        return answer["ok"]

    def kill(self) -> None:
        """As the kernel does it when memory runs out."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def finish(self) -> int:
        """Lets the process come to its end as programs do; returns its exit status."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        status = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        return status

    def __enter__(self) -> Actor:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()


class Daemon:
    """A running ``jitserve-daemon``. Ready when made. Use it as a context manager."""

    def __init__(self, store: Path, socket: Path, *options: str, program: str = _DAEMON) -> None:
        self.store = store
        self.socket = socket
        arguments = ["--store", str(store), "--address", f"unix:{socket}", "--metrics-address", "127.0.0.1:0", *options]
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.log: list[str] = []
        self.wait_for("serving ")

    def wait_for(self, text: str) -> str:
        """The first line of the log, from here on, that has ``text`` in it."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if text in line:
                return line
        raise AssertionError(f"the daemon ended with status {self.stop()}: {''.join(self.log)}")

    @property
    def environ(self) -> dict[str, str]:
        """For actors that are to use it."""
        return {"JITSERVE_ADDRESS": f"unix:{self.socket}", "JITSERVE_DIR": str(self.store)}

    @property
    def metrics_address(self) -> str:
        return str(json.loads(self.socket.with_name(f"{self.socket.name}.json").read_text())["metrics"])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signals the daemon, waits for its end, and returns its exit status."""
        assert self.process.stderr is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE_S)
        if not self.process.stderr.closed:
            self.log += self.process.stderr.readlines()
            self.process.stderr.close()
        return status

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)


@contextlib.contextmanager
def short_directory() -> Iterator[Path]:
    """A directory whose path leaves room for a socket's name; pytest's own can be too long."""
    path = Path(tempfile.mkdtemp(prefix="jitserve-test-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def actors(count: int, **environ: str) -> Iterator[list[Actor]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Actor(**environ)) for _ in range(count)]


def key(number: int) -> bytes:
    """Some key."""
    return bytes([number]) * 32
