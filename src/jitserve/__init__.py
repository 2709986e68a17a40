"""A compile cache for JAX that looks the executable up before tracing, and shares it among processes.

    from jitserve import jit  # same arguments, same object type, same semantics as jax.jit

Everything here is loaded when it is first used: ``import jitserve`` costs next to nothing, and the daemon, which has
no use for JAX, never loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitserve import _beginning as _beginning

if TYPE_CHECKING:
    from jax import jit as jit

    from jitserve._configure import configure as configure
    from jitserve._configure import flush as flush
    from jitserve._configure import stats as stats
    from jitserve._dependencies import File as File
    from jitserve._dependencies import depends_on as depends_on
    from jitserve._errors import JitserveError as JitserveError
    from jitserve._explain import explain as explain
    from jitserve._explanation import Explanation as Explanation
    from jitserve._install import install as install
    from jitserve._install import uninstall as uninstall
    from jitserve._outcome import BypassReason as BypassReason
    from jitserve._outcome import Outcome as Outcome
    from jitserve._precompile import precompile as precompile
    from jitserve._precompile import precompile_all as precompile_all
    from jitserve._pure import pure as pure
    from jitserve._registrations import register_fingerprint as register_fingerprint
    from jitserve._stats import Stats as Stats

_HOMES = {
    "BypassReason": "_outcome",
    "Explanation": "_explanation",
    "File": "_dependencies",
    "JitserveError": "_errors",
    "Outcome": "_outcome",
    "Stats": "_stats",
    "configure": "_configure",
    "depends_on": "_dependencies",
    "explain": "_explain",
    "flush": "_configure",
    "install": "_install",
    "precompile": "_precompile",
    "precompile_all": "_precompile",
    "pure": "_pure",
    "register_fingerprint": "_registrations",
    "stats": "_configure",
    "uninstall": "_install",
}

__all__ = [
    "BypassReason",
    "Explanation",
    "File",
    "JitserveError",
    "Outcome",
    "Stats",
    "configure",
    "depends_on",
    "explain",
    "flush",
    "install",
    "jit",
    "precompile",
    "precompile_all",
    "pure",
    "register_fingerprint",
    "stats",
    "uninstall",
]


def __getattr__(name: str) -> Any:
    import importlib

    value: Any
    if name == "jit":
        from jitserve._plain import select_jit

        value = select_jit()
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"jitserve.{_HOMES[name]}"), name)
    elif name == "__version__":
        from jitserve import _core

        value = _core.__version__
    else:
        raise AttributeError(f"module 'jitserve' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
