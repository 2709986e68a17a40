"""Names of attributes that were asked for while a function was traced, and that do not stand in the code that ran."""

from __future__ import annotations

import functools
import types
from collections.abc import Container
from typing import Any

from . import _attribute_names, _origin, _plumbing, _protocols, _raw, _signatures
from ._code_origin import is_of_dataclass
from ._origin import Origin

CACHED_PROPERTY = functools.cached_property.__get__.__code__  # looks for its value under a name that it keeps


class NamesRead:
    """What one recording has heard of names. Where all of an object was read, names do not tell.

    Attributes:
        of_classes: whether somebody may have asked for the namespace of a class, by ``vars`` or by a text.
        of_libraries: in opaque code that ran, and that may ask the user's objects for them.
        properties: instances of ``cached_property`` that have looked for their values, by id.
        seldom: those of ``_telltales.SELDOM`` that the user's code made up, and where.
        took_all: whether all attributes of an object were taken at once.
    """

    __slots__ = ("_made_up", "_shown", "of_classes", "of_libraries", "properties", "seldom", "took_all")

    def __init__(self) -> None:
        self._made_up: set[str] = set()
        self._shown: dict[int, types.CodeType] = {}  # of functions whose defaults somebody has seen in a signature
        self.properties: dict[int, object] = {}
        self.of_classes = False
        self.of_libraries: set[str] = set()
        self.seldom: dict[str, str] = {}
        self.took_all = False

    def asked(self, executed: Container[int]) -> set[str]:
        """The names that were made up.

        Args:
            executed: ids of the code that ran: defaults of other functions were read where a signature shows them.
        """
        taken = not self.of_libraries.isdisjoint(_signatures.NAMES)
        shown = () if not taken and all(code in executed for code in self._shown) else (_signatures.DEFAULTS,)
        return self._made_up.union(shown)

    def made_up(self, text: str) -> None:
        """Somebody asks for an attribute by a text that does not stand in its code."""
        self._made_up.update(_attribute_names.names_of(text))

    def opaque_started(self, code: types.CodeType) -> None:
        """Code starts that the walk does not go into."""
        if code.co_filename.startswith("<"):
            self._made_up.update(_attribute_names.names_in_generated(code))
        elif not _plumbing.is_plumbing(code.co_filename):
            self.of_libraries.update(_plumbing.attributes_in(code))
            self.took_all |= _plumbing.takes_all(code)
        self.took_all = self.took_all or _attribute_names.makes_models(code.co_filename)

    def property_read(self, frame: types.FrameType) -> None:
        """A ``cached_property`` looks for its value, under a name that it holds. JAX has thousands of them read."""
        found = frame.f_locals.get("self")
        name = (_raw.instance_dict(found) or {}).get("attrname")
        if isinstance(name, str):
            self.made_up(str.__str__(name))
            self.properties[id(found)] = found

    def asks_for_held(self, code: types.CodeType, frame: types.FrameType) -> bool:
        """Whether code of the standard library asks for attributes by names that an object holds: those are noted."""
        if code.co_name == _protocols.HOOK:
            asking: Any = frame.f_locals.get("cls")
            if issubclass(type(asking), type):
                self._made_up.update(_protocols.attributes_of(asking))
        else:
            return False
        return True

    def signature_asked(self, obj: object) -> None:
        """Somebody asks for the signature of something, which may show what was set there."""
        if _signatures.is_set_on(obj):
            self._made_up.add(_signatures.DEFAULTS)

    def signature_made(self, function: object) -> None:
        """Somebody makes the signature of a function, as JAX does to fill in what a call leaves out."""
        if type(function) is not types.FunctionType or not (function.__defaults__ or function.__kwdefaults__):
            return
        code = function.__code__
        if is_of_dataclass(code):
            self._made_up.update(_attribute_names.names_in_generated(code))
        elif _origin.of_function(function) is not Origin.OPAQUE:
            self._shown[id(code)] = code
