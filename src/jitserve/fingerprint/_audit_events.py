"""The audit events of the interpreter that a recording listens to, by what they come to."""

from __future__ import annotations

LISTINGS = frozenset(("os.listdir", "os.scandir"))
CHANGES = frozenset(
    (
        *("os.chdir", "os.chmod", "os.chown", "os.link", "os.mkdir", "os.putenv", "os.remove", "os.rename", "os.rmdir"),
        *("os.symlink", "os.truncate", "os.unsetenv", "os.utime"),
    )
)
OUTSIDE = (
    *("_thread.start", "ctypes.dlopen", "mmap.", "os.exec", "os.fork", "os.kill", "os.posix_spawn", "os.system"),
    *("shutil.", "socket.", "sqlite3.", "subprocess."),
)
