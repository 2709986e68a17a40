"""Whose error is it? What the user's code and XLA raise passes through untouched; what is ours never does."""

from __future__ import annotations

from types import TracebackType

_MARK = "_jitserve_is_the_users"


class UsersOwn:
    """Marks what is raised inside as the user's. A class: a generator would leave frames in the user's traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            setattr(error, _MARK, True)


users_own = UsersOwn()


def is_the_users(error: BaseException) -> bool:
    """Whether the error was raised inside of ``users_own``."""
    return bool(getattr(error, _MARK, False))
