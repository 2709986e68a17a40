"""Whether opaque code does something by itself, or was handed the function that does so.

JAX reads files and variables of the environment of its own, and makes texts of objects for its messages: neither is a
part of a program. Others it reads and makes because somebody has handed it a function that does so, as in
``jax.tree.map(np.load, paths)``. Code that does it by itself shows that: it names the function, or has an f-string.
"""

from __future__ import annotations

import dis
import types

from . import _packages
from ._code_origin import origin_of_code
from ._origin import Origin

# The names by which code reads by itself what is read in C, where no frame has the name of the function.
_READS = frozenset(
    (
        *("FileIO", "_io", "environ", "environb", "fdopen", "fromfile", "getenv", "getenvb", "io", "listdir", "memmap"),
        *("open", "open_code", "read_bytes", "read_text", "scandir", "tempfile"),
    )
)
_ASKING = frozenset(("__getattribute__", "attrgetter", "getattr", "hasattr", "methodcaller"))
_TEXTS = frozenset(("ascii", "format", "format_map", "print", "repr", "str"))
_FORMATTING = frozenset(
    number
    for name, number in dis.opmap.items()
    if name in ("BUILD_STRING", "CONVERT_VALUE", "FORMAT_SIMPLE", "FORMAT_VALUE", "FORMAT_WITH_SPEC")
)
_REMAINDERS = frozenset(i for i, (name, _) in enumerate(dis._nb_ops) if "REMAINDER" in name)  # type: ignore[attr-defined]
_BINARY = dis.opmap["BINARY_OP"]
# The builtins that call these.
_CALLED_BY = {"__dir__": "dir", "__instancecheck__": "isinstance", "__subclasscheck__": "issubclass"}
# What the interpreter begins in any code, without having been asked for it: warnings, the ends of objects.
_UNASKED = frozenset(("_weakrefset", "linecache", "traceback", "warnings", "weakref"))
# Opaque code that makes texts, or opens files, for whoever calls it.
_TEXT_METHODS = frozenset(("__format__", "__repr__", "__str__"))
_ARRAY_TEXTS = "arrayprint.py"


def names_of(callee: types.FrameType) -> frozenset[str]:
    """The names by which code has called what runs in a frame."""
    parts = callee.f_code.co_qualname.split(".")
    return frozenset((*parts, _CALLED_BY.get(parts[-1], "")))


def is_unasked(callee: types.FrameType) -> bool:
    """Whether the interpreter has called it by itself."""
    return callee.f_globals.get("__name__") in _UNASKED or callee.f_code.co_name == "__del__"


def makes_texts(code: types.CodeType) -> bool:
    """Whether code makes texts by itself."""
    if not _TEXTS.isdisjoint(code.co_names) or not _FORMATTING.isdisjoint(code.co_code[::2]):
        return True
    steps = zip(code.co_code[::2], code.co_code[1::2], strict=True)
    return any(operation == _BINARY and argument in _REMAINDERS for operation, argument in steps)


def only_by_name(code: types.CodeType) -> bool:
    """For what code does by calling functions in Python, which it names."""
    return False


def asks_by_itself(frame: types.FrameType) -> bool:
    """Whether opaque code asks for attributes by itself: ``string`` does so by names in the formats of its callers."""
    file = frame.f_code.co_filename
    opaque = _packages.is_stdlib(file) or _packages.package_of(file) in _packages.OPAQUE_PACKAGES
    of_callers = frame.f_globals.get("__name__") == "string"
    return opaque and not of_callers and not _ASKING.isdisjoint(frame.f_code.co_names)


def asks_by_constant(text: str, frame: types.FrameType) -> bool:
    """Whether opaque code asks for an attribute, of its own accord, by a name that stands in it: as it always does."""
    code = frame.f_code
    if "." in text or text not in code.co_consts or code.co_name in ("__getattr__", "__getattribute__"):
        return False
    if code.co_filename.startswith("<"):
        return False
    return origin_of_code(code, frame) is Origin.OPAQUE and frame.f_globals.get("__name__") != "string"


def reads(code: types.CodeType) -> bool:
    """Whether code reads files or the environment by itself."""
    return not _READS.isdisjoint(code.co_names)


def is_stdlib(frame: types.FrameType) -> bool:
    """Whether code comes with the interpreter."""
    return _packages.is_stdlib(frame.f_code.co_filename)


def goes_through_for_others(frame: types.FrameType) -> bool:
    """Whether opaque code goes through the attributes of objects for its callers: protocols do, that of
    ``typing_extensions`` too.
    """
    return is_stdlib(frame) or frame.f_globals.get("__name__") == "typing_extensions"


def looks_for_others(frame: types.FrameType) -> bool:
    """Whether opaque code imports what its callers name, or looks whether a file is there, as pydantic does for fields.
    NumPy looks for files that it opens.
    """
    return is_stdlib(frame) or _packages.is_bystander(frame.f_code.co_filename)


def opens_for_others(frame: types.FrameType) -> bool:
    """Whether opaque code opens files, or reads variables, that its callers want to have read."""
    return is_stdlib(frame) or _packages.reads_for_others(frame.f_code.co_filename)


def makes_texts_for_others(frame: types.FrameType) -> bool:
    """Whether opaque code makes texts that its callers want to have."""
    code = frame.f_code
    method = code.co_name in _TEXT_METHODS or code.co_filename.endswith(_ARRAY_TEXTS)
    return method or is_stdlib(frame)
