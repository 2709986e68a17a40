"""The environment of a key: everything outside the call, and outside JAX's own state, that shapes a program."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from jitserve import _core

from . import _bystanders, _cpu, _toolchain, _xla_flags
from ._ingredient import Ingredient
from ._walk import SCHEMA, walk

_TEXT_LIMIT = 200
# By which NumPy and its BLAS choose among kernels for CPUs, whose results may differ in the last bits.
_KERNELS = ("NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "OPENBLAS_CORETYPE")


def environment(memo_directory: Path | None, environ: Mapping[str, str] | None = None) -> tuple[Ingredient, ...]:
    """The ingredients that are the same for every call of this process. Compute them once.

    Devices and JAX's configuration come on top (``relevant_states``).

    Args:
        memo_directory: where digests of installed packages are kept between processes; None: nowhere, so that about
            300 MB of files are read.
        environ: the process's environment variables (default ``os.environ``).

    Raises:
        Refusal: TOOLCHAIN_CHANGED, a file of the toolchain is not what this process has loaded.
    """
    _bystanders.keep_in(memo_directory)
    variables = os.environ if environ is None else environ
    return (
        *_toolchain.describe(memo_directory),
        _ingredient("fingerprint schema", SCHEMA),
        _ingredient("jitserve", _core.__version__),
        _ingredient("python", (sys.implementation.name, *sys.version_info[:4], sys.platform, sys.flags.optimize)),
        _ingredient("cpu", _cpu.describe()),
        *(_ingredient(name, flags) for name, flags in _xla_flags.of_environment(variables)),
        *(_ingredient(name, variables[name]) for name in _KERNELS if name in variables),
    )


def _ingredient(name: str, value: object) -> Ingredient:
    return Ingredient(name, walk(value).digest, repr(value)[:_TEXT_LIMIT])
