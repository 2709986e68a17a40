"""A real ``jitserve-daemon`` on a store of its own, for as long as a ``with`` block lasts."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jitserve.demo._process import DemoError, log_tail, running
from jitserve.store._sidecar import read_sidecar

_START_S = 30.0
_POLL_S = 0.05
# The address of a unix socket holds 107 bytes, which a deep TMPDIR can exceed.
_LONGEST_DIRECTORY = 60
_COMMAND = "from jitserve.cli.daemon import main; main()"


@contextmanager
def running_daemon(directory: Path) -> Iterator[dict[str, str]]:
    """Starts a daemon on ``directory/store`` and yields the settings by which clients find it.

    Raises:
        DemoError: it ended, or did not listen within 30 seconds.
    """
    store, log = directory / "store", directory / "daemon.log"
    # The socket has a directory of its own, with a short name.
    with tempfile.TemporaryDirectory(prefix="jitserve-", dir=_short(directory)) as runtime:
        path = Path(runtime) / "daemon.sock"
        options = ["--store", str(store), "--socket", str(path), "--metrics-address", "none"]
        with running([sys.executable, "-c", _COMMAND, *options], {}, directory, log) as process:
            _wait_until_ready(process, path, log)
            yield {"JITSERVE_DIR": str(store), "JITSERVE_ADDRESS": f"unix:{path}"}


def _short(directory: Path) -> Path:
    return directory if len(str(directory)) <= _LONGEST_DIRECTORY else Path("/tmp")


def _wait_until_ready(process: subprocess.Popen[bytes], path: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while read_sidecar(path) is None:
        try:
            process.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
        raise DemoError(f"jitserve-daemon did not listen on {path}:\n{log_tail(log)}")
