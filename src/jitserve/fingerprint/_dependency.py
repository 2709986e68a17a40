"""Recorded dependencies: what a trace read outside the walked objects, to be read again before every hit."""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass

from jitserve import _core

from . import _bystanders, _text_annotations


class DependencyKind(enum.Enum):
    """What was read. The values are stored."""

    ANNOTATION = "annotation"
    ENVIRONMENT = "environment"
    FILE = "file"
    HASH_SEED = "hash seed"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that a trace read from outside.

    Attributes:
        kind: what sort of thing.
        name: of the environment variable; the path of the file, as it was opened; who iterated over a set; of the
            package; the module of a class, and an annotation in it that is a text.
        digest: 32 bytes, of what was read; absence has a digest of its own.
    """

    kind: DependencyKind
    name: str
    digest: bytes

    def current(self) -> bytes:
        """The digest as of now: the dependency holds if it equals ``digest``."""
        return read(self.kind, self.name)

    def holds(self) -> bool:
        """Whether the same would be read now."""
        return self.current() == self.digest


def read(kind: DependencyKind, name: str) -> bytes:
    """The digest of an environment variable's value, of a file's or a package's contents, of the seed that orders
    sets, or of what an annotation means to ``dataclasses``.
    """
    tokens = _core.Tokens()
    tokens.begin(kind.value, 1)
    if kind is DependencyKind.HASH_SEED:
        tokens.scalar(hash("jitserve"))
    elif kind is DependencyKind.PACKAGE:
        tokens.scalar(_bystanders.digest(name))
    elif kind is DependencyKind.ANNOTATION:
        tokens.scalar(_text_annotations.meaning(name))
    else:
        tokens.scalar(os.environ.get(name) if kind is DependencyKind.ENVIRONMENT else _contents(name))
    return tokens.finish()


def _contents(path: str) -> bytes | None:
    hasher = _core.Hasher()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                hasher.update(chunk)
    except OSError:
        return None
    return hasher.digest()
