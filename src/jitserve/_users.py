"""Whose error is it? What the user's code and XLA raise passes through untouched; what is ours never does."""

from __future__ import annotations

import threading
from types import TracebackType


class UsersOwn(threading.local):
    """Notes what is raised inside as the user's. A class: a generator would leave frames in the user's traceback.

    The note is of the error that this thread raised last, by identity. The error itself must not be marked: it may
    refuse attributes, it may be compared or pickled, and it is not to be kept alive.
    """

    noted: int | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self.noted = id(error)

    def forget(self) -> None:
        """Forgets the note. An address is used again: an error of ours may lie where one of the user's has been."""
        self.noted = None


users_own = UsersOwn()


def is_the_users(error: BaseException) -> bool:
    """Whether the error was raised inside of ``users_own``. To be asked once, where it is caught."""
    noted = users_own.noted
    users_own.forget()
    return noted == id(error)
