"""States of the process that libraries keep which the walk does not go into, and that shape what code does.

What everybody has is left out, so that it does not matter who has imported them.
"""

from __future__ import annotations

import sys
import types
from typing import Any

from . import _raw


def library_state() -> tuple[tuple[str, object], ...]:
    """(name, value) of all that is not as it is when nobody has set it."""
    return (*_scipy(), *_transforms(), *_jaxtyping(), *_dimensions(), *_masked_arrays())


def _scipy() -> tuple[tuple[str, object], ...]:
    """How special functions answer errors (``scipy.special.seterr``)."""
    module = sys.modules.get("scipy.special")
    if module is None:
        return ()
    return tuple((kind, action) for kind, action in module.geterr().items() if action != _UNSET.get(kind, "ignore"))


def _transforms() -> tuple[tuple[str, object], ...]:
    """By what ``scipy.fft`` computes, and by how many threads, where somebody has told it another way.

    By names: what the user's code does there is not in the walk, so that nothing is published of such a trace.
    """
    workers = getattr(sys.modules.get("scipy.fft"), "get_workers", None)
    if workers is None:  # not loaded, or not yet
        return ()
    dispatch: Any = sys.modules["scipy._lib.uarray"]
    everywhere, here, _ = dispatch.get_state()._pickle()
    found: list[tuple[str, object]] = [
        (f"backends for {domain}", (_name(*used), *map(_name, registered), is_last))
        for domain, (used, registered, is_last) in everywhere.items()
        if registered or not is_last or _name(*used) != _OWN
    ]
    found += [
        (f"backends for {domain} here", (tuple(map(_name, skipped)), tuple(_name(*chosen) for chosen in preferred)))
        for domain, (skipped, preferred) in here.items()
        if skipped or preferred
    ]
    count = workers()
    return (*found, *((("threads of transforms", count),) if count != 1 else ()))


def _name(backend: Any, *flags: bool) -> tuple[object, ...]:
    """What a backend is called, which is a module, a class or an object."""
    kind = type(backend)
    if issubclass(kind, types.ModuleType):
        return (_raw.module_namespace(backend).get("__name__"), *flags)
    cls = backend if issubclass(kind, type) else kind
    return (_raw.module_name(cls), _raw.qualname(cls), *flags)


_OWN = ("scipy.fft._backend", "_ScipyBackend", False, False)
_UNSET = {"memory": "raise"}


def _masked_arrays() -> tuple[tuple[str, object], ...]:
    """What texts of masked arrays show in the place of what is masked."""
    module = sys.modules.get("numpy.ma.core")
    option = getattr(module, "masked_print_option", None)  # not yet, while another thread imports it
    shown = ("--", True) if option is None else (option.display(), bool(option.enabled()))
    return () if shown == ("--", True) else (("masked arrays", shown),)


def _jaxtyping() -> tuple[tuple[str, object], ...]:
    """Whether annotations are checked; not how the stack of an error is shown."""
    module = sys.modules.get("jaxtyping._config")
    disabled = module is not None and module.config.jaxtyping_disable
    return (("jaxtyping_disable", disabled),) if disabled else ()


def _dimensions() -> tuple[tuple[str, object], ...]:
    """The sizes that jaxtyping has found for names of dimensions, in the function or the block around the call."""
    stack = getattr(getattr(sys.modules.get("jaxtyping._storage"), "_shape_storage", None), "memo_stack", None)
    if not stack:
        return ()
    single, variadic, trees, arguments = stack[-1]
    plain = ((name, value) for name, value in list(arguments.items()) if type(value) in (bool, int, str))
    shown = (
        tuple(single.items()),
        tuple(variadic.items()),
        tuple((name, str(tree)) for name, tree in list(trees.items())),
        tuple(plain),
    )
    return (("sizes of dimensions", shown),) if any(shown) else ()
