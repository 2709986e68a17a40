"""``XLA_FLAGS`` and ``LIBTPU_INIT_ARGS`` by meaning: order and spelling aside, and without what only dumps or logs.

Of a flag that is given twice the last one counts, as it does for XLA. What cannot be parsed is kept as it is: a key
that is too strong costs a miss, and a key that is too weak a wrong program.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from jitserve import _core

VARIABLES = ("XLA_FLAGS", "LIBTPU_INIT_ARGS")

# Flags about what is written for people to read. A name that ends in _ stands for every flag that begins with it.
INERT = (
    "xla_dump_",
    "xla_hlo_profile",
    "xla_hlo_dump_",
    "xla_vlog_",
    "xla_log_",
    "xla_gpu_dump_",
    "xla_cpu_dump_",
    "xla_gpu_print_",
)


def parse(text: str) -> tuple[tuple[str, str], ...]:
    """The flags that can shape a program, as sorted (name, value) pairs.

    Args:
        text: the value of the variable. A file of flags (a word without dashes) counts by its name and contents.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        return (("<unparsed>", text),)
    flags: dict[str, str] = {}
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        if word.startswith("-") and not name.startswith(INERT):
            flags[name] = _normal(value if equals else "true")
        elif not word.startswith("-"):
            flags[word] = _contents(word)
    return tuple(sorted(flags.items()))


def _contents(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return _core.sha256(file.read()).hex()
    except OSError:
        return "<no such file>"


def _normal(value: str) -> str:
    return "true" if value.lower() in _TRUE else "false" if value.lower() in _FALSE else value


# As the flag parser reads booleans; 1 and 0 may be numbers, and stay what they are.
_TRUE = frozenset(("true", "t", "yes", "y"))
_FALSE = frozenset(("false", "f", "no", "n"))


def of_environment(environ: Mapping[str, str]) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """The parsed flags of each variable that XLA reads."""
    return [(name, parse(environ.get(name, ""))) for name in VARIABLES]
