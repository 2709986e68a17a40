"""What ``jitserve run`` does in the program's own process, before the program: almost nothing.

JAX is not imported: a program may still be about to set its environment variables. ``install`` runs when the program
has imported ``jax``, whenever that is.
"""

from __future__ import annotations

import atexit
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType

# The interpreter option, `-X jitserve=summary`, by which `jitserve run` asks for the line at exit. Unlike an
# environment variable it does not reach child processes.
OPTION = "jitserve"


def prepare() -> None:
    """Arranges for ``install`` after the import of ``jax``, and for the summary at exit if it is wanted."""
    sys.meta_path.insert(0, _JaxFinder())
    if sys._xoptions.get(OPTION) == "summary":
        # First of all registered, so last of all run: what is still to be published is by then.
        atexit.register(_summarize, os.getpid())


class _JaxFinder(importlib.abc.MetaPathFinder):
    """Finds ``jax``, once, as it would be found anyway, and adds ``install`` to its import."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != "jax":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _ThenInstall(spec.loader)
        return spec


class _ThenInstall(importlib.abc.Loader):
    """Loads as ``loader`` does, leaves it in its place, and installs jitserve."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        try:
            import jitserve

            jitserve.install()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with jitserve, the program must run
            warnings.warn(f"the program runs without jitserve: {error}", RuntimeWarning, stacklevel=2)


def _summarize(pid: int) -> None:
    if os.getpid() != pid or sys.__stderr__ is None or sys.__stderr__.closed:
        return  # a forked child that leaves by sys.exit, or a program that wants no more output
    from jitserve._summary import summary

    print(summary(), file=sys.__stderr__, flush=True)
