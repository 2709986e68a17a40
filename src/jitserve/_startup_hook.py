"""What ``jitserve run`` does in the program's own process, before the program: almost nothing.

JAX is not imported: a program may still be about to set its environment variables. ``install`` runs when the program
has imported ``jax``, whenever that is.

Nothing else is imported either that is not there anyway, not even ``jitserve``: the directory of the script is not on
the path yet, and a module of its own may have the name of one in the standard library.
"""

import atexit
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FunctionType, ModuleType
    from typing import Any

# The interpreter option, `-X jitserve=summary`, by which `jitserve run` asks for the line at exit. Unlike an
# environment variable it does not reach child processes.
OPTION = "jitserve"

_IMPORTLIB = "<frozen importlib._bootstrap>"


def prepare() -> None:
    """Arranges for ``install`` after the import of ``jax``, and for the summary at exit if it is wanted."""
    sys.meta_path.insert(0, _JaxFinder())
    if sys._xoptions.get(OPTION) == "summary":
        # First of all registered, so last of all run: what is still to be published is by then.
        atexit.register(_summarize, os.getpid())


class _JaxFinder:
    """Finds ``jax`` as it would be found anyway, and adds ``install`` to its import, when that comes."""

    def find_spec(self, fullname: str, path: "Sequence[str] | None", target: "ModuleType | None" = None) -> "Any":
        if fullname != "jax":
            return None
        others = [getattr(finder, "find_spec", None) for finder in sys.meta_path if finder is not self]
        specs = (find(fullname, path, target) for find in others if find is not None)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            self._add_install(spec.loader)
        return spec

    def _add_install(self, loader: "Any") -> None:
        """Shadows the method of the loader until ``jax`` is there; who looks at the loader sees the one it is."""
        load = loader.exec_module

        def exec_module(module: "ModuleType") -> None:
            vars(loader).pop("exec_module", None)
            load(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
                _install()

        loader.exec_module = _within_importlib(exec_module)


def _within_importlib(function: "Any") -> "FunctionType":
    """The function as one of importlib's: tracebacks leave those out, and warnings look for the importer beyond."""
    code = function.__code__.replace(co_filename=_IMPORTLIB)
    copy: FunctionType = type(function)(code, function.__globals__, function.__name__, None, function.__closure__)
    return copy


def _install() -> None:
    try:
        import jitserve

        jitserve.install()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with jitserve, the program must run
        import warnings

        message = f"the program runs without jitserve: {error}"
        try:
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        except RuntimeWarning:  # where the program has them made errors
            print(f"jitserve: {message}", file=sys.stderr)


def _summarize(pid: int) -> None:
    if os.getpid() != pid or sys.__stderr__ is None or sys.__stderr__.closed:
        return  # a forked child that leaves by sys.exit, or a program that wants no more output
    line = "nothing was looked up"
    if "jitserve._session" in sys.modules:
        from jitserve._summary import summary

        line = summary() or line
    print(f"jitserve: {line}", file=sys.__stderr__, flush=True)
