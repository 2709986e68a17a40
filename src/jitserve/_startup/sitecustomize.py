# `jitserve run` puts this directory on PYTHONPATH, so that Python imports this file before the program. It takes itself
# out of the way, makes ready, and hands over to the `sitecustomize` that it hides, if there is one. Other Pythons may
# come across it too, in child processes: it must work on any, with or without jitserve.
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [_path for _path in sys.path if os.path.abspath(_path or os.curdir) != _here]
_self = sys.modules.pop("sitecustomize")
# By its file: what finds and what makes up the package `jitserve` would import more than the program has asked for.
sys.path.insert(0, os.path.dirname(_here))
try:
    from _startup_hook import prepare  # type: ignore[import-not-found]
except Exception:  # noqa: BLE001 - whatever is wrong with jitserve, the program must run
    del sys.path[0]
else:
    del sys.path[0]
    prepare()
sys.modules.pop("_startup_hook", None)
try:
    import sitecustomize  # type: ignore[import-not-found] # noqa: F401 - the hidden one
except ImportError as _error:
    if _error.name != "sitecustomize":
        raise
finally:
    # The import that is under way here wants to find a module of this name.
    sys.modules.setdefault("sitecustomize", _self)
