"""Which installed package a file belongs to, and which packages are known.

An installed package that is not listed here may be the user's own.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import sysconfig

OPAQUE_PACKAGES = ("jax", "jaxlib", "jax_plugins", "numpy", "ml_dtypes", "scipy", "opt_einsum", "jitserve")

# Libraries that show, store or check things, and that make no programs. By name only.
BYSTANDERS = (
    "IPython",
    "_pytest",
    "absl",
    "beartype",
    "jaxtyping",
    "msgpack",
    "orbax",
    "pydantic",
    "rich",
    "tensorstore",
    "tqdm",
    "treescope",
    "typeguard",
    "typing_extensions",
    "wadler_lindig",
    "yaml",
)

# Libraries of JAX's world that go by names, through all attributes, and so on with objects of their own classes only.
FAMILIAR = frozenset(
    (
        *("absl", "beartype", "blackjax", "chex", "diffrax", "distrax", "einops", "equinox", "fastprogress", "flax"),
        *("haiku", "jaxopt", "jaxtyping", "jmp", "lineax", "ml_collections", "numpyro", "optax", "optimistix"),
        *("orbax", "tensorflow_probability", "toolz", "tree", "typing_extensions", "wadler_lindig"),
    )
)
# What these build on, or what is set up around a program. Any other package that is installed may be the user's own.
BESIDE = frozenset(
    (
        *("annotated_types", "attr", "attrs", "decorator", "etils", "ipykernel", "multipledispatch", "omegaconf"),
        *("pydantic_core", "pydantic_settings", "typing_inspection"),
    )
)

# ``jax.numpy.load``, and ``jitserve.File``.
_READING = (os.path.join("jax", "_src", "numpy", ""), os.path.join(os.sep, "jitserve", "_dependencies.py"))


@functools.cache
def stdlib_directories() -> tuple[str, ...]:
    """Where the standard library is, each with a separator at its end."""
    paths = sysconfig.get_paths()
    found = {paths["stdlib"], paths["platstdlib"], os.path.dirname(os.path.abspath(os.__file__))}
    return tuple(os.path.join(directory, "") for directory in found)


@functools.cache
def _site_directories() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({os.path.join(paths[name], "") for name in ("purelib", "platlib")})


@functools.cache
def _distributed(directory: str) -> frozenset[str]:
    """Top-level names of what an installer put there (``pip install --target``), by the records it left beside them.

    By the records, and not by the directory: programs are bundled with their libraries in one.
    """
    found: set[str] = set()
    with contextlib.suppress(OSError, UnicodeError):
        for name in os.listdir(directory):
            record = os.path.join(directory, name, "RECORD")
            if name.endswith(".dist-info") and os.path.isfile(record):
                with open(record, encoding="utf-8") as lines:
                    found.update(_top_level(line.partition(",")[0]) for line in lines)
    return frozenset(found)


def _top_level(relative: str) -> str:
    return relative.partition("/")[0].removesuffix(".py")


def is_frozen_stdlib(filename: str) -> bool:
    """Whether it is what the code of a module is called that the interpreter brings with it, compiled."""
    name = filename.removeprefix("<frozen ").rstrip(">")
    return name != filename.rstrip(">") and name.partition(".")[0] in sys.stdlib_module_names


@functools.lru_cache(maxsize=65536)
def is_stdlib(filename: str) -> bool:
    """Whether code comes with the interpreter."""
    if filename.startswith("<"):
        return is_frozen_stdlib(filename)
    path = os.path.abspath(filename)
    return installed_package(path) is None and path.startswith(stdlib_directories())


@functools.lru_cache(maxsize=65536)
def reads_for_others(filename: str) -> bool:
    """Whether code is of an opaque library that opens files for its callers; JAX has files of its own, too."""
    if filename.startswith("<"):
        return False
    package = installed_package(os.path.abspath(filename))
    return package in ("numpy", "scipy", *BYSTANDERS) or any(part in filename for part in _READING)


def is_bystander(filename: str) -> bool:
    """Whether code is of a library that is opaque because it makes no programs."""
    return package_of(filename) in BYSTANDERS


@functools.lru_cache(maxsize=65536)
def package_of(filename: str) -> str | None:
    """Top-level name of the installed package that a code object's file belongs to; None for any other."""
    return None if filename.startswith("<") else installed_package(os.path.abspath(filename))


def installed_package(path: str) -> str | None:
    """Top-level name of the package that an installed file belongs to, or None for any other file."""
    for marker in ("/site-packages/", "/dist-packages/"):
        if marker in path:
            return _top_level(path.rpartition(marker)[2])
    for directory in _site_directories():
        if path.startswith(directory):
            return _top_level(path[len(directory) :])
    for entry in () if path.startswith(stdlib_directories()) else filter(None, sys.path):
        directory = os.path.join(os.path.abspath(entry), "")
        if path.startswith(directory) and _top_level(path[len(directory) :]) in _distributed(directory):
            return _top_level(path[len(directory) :])
    return None
