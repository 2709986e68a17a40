"""Attributes that a trace does not read, of the user's objects and classes: they do not count, and may be what no walk
understands.

A trainer with a ``step`` to be jitted keeps more than ``step`` reads: when it was started, its generator of random
numbers, its log file. Code reads an attribute by its name. So one whose name stands in none of the code that ran, and
was not made up while that ran either, had no part in the program. It is left out: of the walk that is pruned to what a
trace ran (``_pruning``), and, where it cannot be fingerprinted, of the whole walk, on condition that the recorder finds
the same. So is what a function finds under a global name and that cannot be fingerprinted, if the function did not run.

Why that is sound: let processes A and B have the same digest, with the attribute left out. Then a trace in B does what
that of A did, up to the first read of what the digest does not have. The code that ran is in the digest, and so are
its names; those that it makes up (``getattr``) it makes of values that are in the digest. None of them is that of the
attribute. This holds for objects of ordinary classes only (``_ordinary``), whose attributes nobody goes through
unseen, and not where code takes all attributes at once (``ALL``), runs unseen, or is vouched for by the user.
"""

from __future__ import annotations

import types
from collections.abc import Container, Iterable
from dataclasses import dataclass

import jax
import numpy as np

from jitserve._outcome import Refusal

from . import _names, _raw
from ._path import Path, render

# By these, code sees the defaults of functions that it does not run, and those of a dataclass's fields without reading
# its attributes. Whoever makes a signature is seen.
_SHOW_DEFAULTS = frozenset(("__defaults__", "__kwdefaults__"))
SHOW_FIELDS = _SHOW_DEFAULTS | {"default", "default_factory"}
# JAX, NumPy and the standard library ask any object for these, or extensions do. For what opaque code in Python asks
# for where it runs, see `_plumbing`.
_DUCKS = frozenset(
    (
        *(name for kind in (np.ndarray, np.generic, jax.Array, jax.ShapeDtypeStruct) for name in vars(kind)),
        *("aval", "sharding", "weak_type", "devices", "layout", "format", "memory_space", "vma", "val", "name"),
        *("delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace"),
        *("year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo", "days", "seconds"),
        *("microseconds", "strict", "cbrt", "rint", "sqrt"),
        *("numerator", "denominator", "closed", "encoding", "errors", "mode", "newlines", "readable", "readinto"),
        *("seek", "seekable", "tell", "truncate", "writable", "memo", "object_hook", "object_pairs_hook"),
        *("parse_constant", "parse_float", "parse_int"),
        *SHOW_FIELDS,
        *("keys", "values", "func", "args", "keywords", "write", "flush", "read", "readline", "close", "fileno"),
    )
)
DEFAULTS = "the defaults of functions that do not run"  # a label
DESCRIPTIONS = "what classes say of themselves"  # another; see `_described`
_MOST = 32


@dataclass(frozen=True, slots=True)
class Excused:
    """What cannot be fingerprinted: an attribute of an object, or what a function finds under a global name.

    Attributes:
        holder: the object or class, or the code of the function.
        name: of the attribute, or a text for where the code finds it.
        refusal: why it cannot.
    """

    holder: object
    name: str
    refusal: Refusal

    def may_be_read(self, read: Container[str], ran: Container[int]) -> bool:
        """Whether what ran may have read it."""
        if type(self.holder) is types.CodeType:
            return any(id(code) in ran for code in _names.of(self.holder).codes)
        return self.name in read


class Unread:
    """What one walk may leave out, and what it has met that later ones might.

    Args:
        root: the code that a trace begins with, if there is any: it will run.
        labels: of attributes that a trace is known not to read, as ``names`` has them.
        excused: what earlier attempts of this walk have failed at.
    """

    __slots__ = (
        "_excused",
        "_labels",
        "_places",
        "_root",
        "asked",
        "defaults",
        "excused",
        "getters",
        "is_allowed",
        "names",
    )

    def __init__(
        self, root: types.CodeType | None = None, labels: Container[str] = (), excused: Iterable[Excused] = ()
    ) -> None:
        self._root = root
        self._labels = labels
        self.excused = list(excused)
        self._excused = {(id(item.holder), item.name) for item in self.excused}
        self._places: dict[int, tuple[Path, object, str | None]] = {}  # by the id of the path, which is kept
        self.names: dict[str, str] = {}  # of the attributes that were met, by label
        self.defaults: dict[str, str] = {}  # of the fields that were met, by another label
        self.asked: set[str] = set()  # names that some object will ask for in C
        self.getters: set[str] = set()  # of those, the names that getters of the user's ask for
        self.is_allowed = True  # False: something will run of which nobody knows what it reads

    @property
    def leaves_out_defaults(self) -> bool:
        """Whether the defaults of functions that do not run are left out."""
        return DEFAULTS in self._labels

    @property
    def leaves_out_descriptions(self) -> bool:
        """Whether nobody has asked ``vars`` for the namespace of a class."""
        return DESCRIPTIONS in self._labels

    def leaves_out(self, obj: object, name: str, path: Path, cls: type | None = None) -> bool:
        """Notes an attribute of an ordinary object, or of an ordinary class; whether it is left out.

        Args:
            obj: the object or class.
            name: of the attribute.
            path: the very one that the value is pushed with.
            cls: of the object, if it is not its type.
        """
        if name.startswith("__") or name in _DUCKS or not name.isidentifier():
            return False
        label = _label(cls or type(obj), name)
        self.names[label] = name
        self._places[id(path)] = path, obj, name
        return label in self._labels or (id(obj), name) in self._excused

    def leaves_out_default(self, cls: type, name: str) -> bool:
        """The same for the default that a field of an ordinary dataclass has, beside what the class holds."""
        if name.startswith("__") or name in _DUCKS or not name.isidentifier():
            return False
        label = f"{_label(cls, name)}="
        self.defaults[label] = name
        return label in self._labels

    def leaves_out_global(self, code: types.CodeType, path: Path) -> bool:
        """The same for what code of the user finds under a global name."""
        self._places[id(path)] = path, code, None
        return bool(self._excused) and (id(code), render(path)) in self._excused

    def excuses(self, refusal: Refusal, path: Path) -> bool:
        """Whether another attempt can do without the binding that a walk has failed in."""
        while path is not None:
            found = self._places.get(id(path))
            if found is not None and found[0] is path and len(self.excused) < _MOST:
                name = render(path) if found[2] is None else found[2]
                self.excused.append(Excused(found[1], name, refusal.without_frames()))
                return not self._is_read(self.excused[-1])
            path = path[0]
        return False

    def settle(self) -> None:
        """The walk has come to its end: where things were found is not asked any more."""
        self._places.clear()

    def _is_read(self, binding: Excused) -> bool:
        """Whether it is read for sure."""
        root = self._root
        return root is not None and (binding.holder is root or binding.name in root.co_names)

    def check(self, read: Container[str] | None, ran: Container[int]) -> None:
        """Raises for what was left out although a trace may have read it.

        Args:
            read: the names of attributes that it may have read; None: nobody knows.
            ran: ids of the code that ran.

        Raises:
            Refusal: why the binding counts, and cannot be fingerprinted.
        """
        for item in self.excused:
            if read is None or item.may_be_read(read, ran):
                raise item.refusal

    def telling(self) -> set[str]:
        """The names by which what was met may be read."""
        return {*self.names.values(), *self.defaults.values(), *SHOW_FIELDS}

    def unread(self, read: Container[str]) -> frozenset[str]:
        """The labels of the attributes that a trace has not read, and of defaults."""
        hides_defaults = not any(name in read for name in _SHOW_DEFAULTS)
        hides_fields = not any(name in read for name in SHOW_FIELDS)
        named = self.names | self.defaults if hides_fields else self.names
        found = (label for label, name in named.items() if name not in read)
        return frozenset((*found, DEFAULTS) if hides_defaults else found)


def _label(cls: type, name: str) -> str:
    label = f"{_raw.module_name(cls)}:{_raw.qualname(cls)}.{name}"
    return label.encode("utf-8", "replace").decode()  # protobuf has no lone surrogates, and identifiers have none
