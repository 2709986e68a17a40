"""Names by which code reads what no walk covers: where objects lie, where code stands, what describes it.

An attribute is told by its name, wherever it is read of: the walk knows no types.
"""

from __future__ import annotations

import dis
import re
import types
from collections.abc import Iterable, Iterator, Set

from jitserve._outcome import BypassReason as R

from . import _config_policy, _local_time

Rule = tuple[R, str]

_SCOPE = "depends on the frame or namespace it is called in; read the value outside and pass it in"
_ADDRESS = "an address or a salted hash differs from process to process"
_FILE = "reads a file while tracing"
_PLACE = "depends on where the code stands in its file"
_PROCESS = "depends on what this process has done before; read the value outside and pass it in"
_CHANGES = "changes the process, which a hit would not do; do it outside"
_DESCRIBED = "reads what describes a function or class, which is not walked"
_CAPTURED = "reads what another function captures, of which only what that function itself reads is walked"
_ANNOTATIONS = "reads annotations, which are not walked"

NAMESPACE = "__dict__"  # of a class, among whose contents are its docstring and its place; see `_described`
STREAM = "asks where a stream leads to, which differs from process to process"
_HANDLED = "depends on which exception the caller is handling"
_SIZE = "how large an object is depends on how it came about"
_RUN = "depends on what this process has run before"

_ATTRIBUTES: dict[str, Rule] = {
    **dict.fromkeys(("f_back", "f_locals", "f_globals", "__globals__", "__builtins__"), (R.DYNAMIC_SCOPE, _SCOPE)),
    **dict.fromkeys(("__closure__", "cell_contents"), (R.DYNAMIC_SCOPE, _CAPTURED)),
    **dict.fromkeys(
        ("co_filename", "co_firstlineno", "co_linetable", "co_lnotab", "f_lineno", "f_lasti"), (R.DYNAMIC_SCOPE, _PLACE)
    ),
    **dict.fromkeys(("co_lines", "co_positions", "tb_lineno", "tb_lasti", "lineno"), (R.DYNAMIC_SCOPE, _PLACE)),
    **dict.fromkeys(("func_filename", "func_lineno", "func_src_info"), (R.DYNAMIC_SCOPE, _PLACE)),
    **dict.fromkeys(("__firstlineno__", "end_lineno"), (R.DYNAMIC_SCOPE, _PLACE)),
    **dict.fromkeys(("__annotations__", "__annotate__", "__signature__"), (R.DYNAMIC_SCOPE, _ANNOTATIONS)),
    **dict.fromkeys(("__bound__", "__constraints__", "__default__"), (R.DYNAMIC_SCOPE, _ANNOTATIONS)),
    **dict.fromkeys(("__static_attributes__", "__text_signature__"), (R.DYNAMIC_SCOPE, _DESCRIBED)),
    **dict.fromkeys(("__traceback__", "tb_next"), (R.DYNAMIC_SCOPE, _SCOPE)),
    "__context__": (R.DYNAMIC_SCOPE, _HANDLED),
    "cr_origin": (R.DYNAMIC_SCOPE, _PLACE),
    "__sizeof__": (R.OPAQUE_CALLABLE, _SIZE),
    **dict.fromkeys(("__flags__", "_co_code_adaptive"), (R.DYNAMIC_SCOPE, _RUN)),
    "__weakref__": (R.UNKNOWN_OBJECT, "whether an object is weakly referenced is not walked"),
    "__callback__": (R.UNKNOWN_OBJECT, "what happens when an object goes is not walked"),
    "__subclasses__": (R.DYNAMIC_SCOPE, "which subclasses exist depends on what else was imported"),
    "__doc__": (R.DYNAMIC_SCOPE, "reads a docstring, which is not walked"),
    **dict.fromkeys(("read_text", "read_bytes"), (R.FILE_READ_UNTRACKED, _FILE)),
    **dict.fromkeys(
        ("__array_interface__", "__array_struct__", "__cuda_array_interface__", "unsafe_buffer_pointer", "ctypes"),
        (R.ID_OR_HASH_READ, _ADDRESS),
    ),
    **dict.fromkeys(
        ("live_arrays", "live_buffers", "live_executables", "memory_stats", "_cache_size"),
        (R.OPAQUE_CALLABLE, _PROCESS),
    ),
    **dict.fromkeys(
        ("fileno", "isatty", "line_buffering", "seekable", "write_through"),
        (R.OPAQUE_CALLABLE, STREAM),
    ),
    "loggerDict": (R.OPAQUE_CALLABLE, _PROCESS),
    **dict.fromkeys(("clear_backends", "clear_cache", "clear_caches"), (R.TRACE_SIDE_EFFECT, _CHANGES)),
}
# By these, code reads what is walked only where some code has them: types of fields, what is behind the view of an
# array, constants of functions, the time zone, how far a stream has been written.
SELDOM_READ = frozenset(
    ("__slots__", "as_strided", "base", "co_consts", "co_stacksize", "strftime", "strides", "tell", "type")
)
LISTS_OF_LOGGERS = frozenset(("filters", "handlers"))
# Of what the logging module hands out while it is asked, nothing has been walked.
_OF_LOGGERS = frozenset(("disabled", "filters", "handlers", "isEnabledFor", "getEffectiveLevel", "level", "propagate"))
_OF_WARNINGS = frozenset(("filename", "source"))
_STREAMS = frozenset(("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__"))
_BARE_RAISE, _HANDLER = bytes((dis.opmap["RAISE_VARARGS"], 0)), dis.opmap["PUSH_EXC_INFO"]
_CALENDAR = ("M8", "datetime64")
_FILTERS = frozenset(("filterwarnings", "resetwarnings", "simplefilter"))
_FILTERED = "which warnings it records depends on the filters of the process; set a filter in it"
CLOCKS = frozenset(("now", "today"))  # texts that NumPy makes a time of
CLOCK_METHODS = frozenset(("fromtimestamp", "now", "today", "utcnow"))
# Whoever makes one of these up is heard: each counts beside other things only (``beside``, ``_made_up``).
SELDOM = frozenset((*SELDOM_READ, *_OF_LOGGERS, *_OF_WARNINGS, *CLOCK_METHODS, "_data", "flags")) - {"__slots__"}
_NEW_LOGGER: Rule = (R.OPAQUE_CALLABLE, "asks a logger that was not there before; make it outside")
_VARIABLES: Rule = (R.OPAQUE_CALLABLE, "looks into the environment; read variables by their names")
_FIELDS = frozenset(("__dataclass_fields__", "fields"))


def _gives(code: types.CodeType, keyword: str) -> bool:
    """Whether some call in it may give an argument by that name."""
    return any(keyword in constant for constant in code.co_consts if type(constant) is tuple)


def is_telltale(text: str) -> bool:
    """Whether an attribute of that name tells what no walk covers."""
    return text in _ATTRIBUTES or text in _config_policy.IRRELEVANT


def is_calendar(value: object) -> bool:
    """Whether it is a text that says, as the type of an array, that it holds times."""
    return type(value) is str and value.lstrip("<=>|").startswith(_CALENDAR)


def names() -> frozenset[str]:
    """The names of all such attributes."""
    return frozenset((*_ATTRIBUTES, *_config_policy.IRRELEVANT, *SELDOM, "__hash__"))


def asked_for(text: str) -> tuple[str, Rule] | None:
    """Which of them a text asks for at run time, as a name or as a part of a format, with the rule for it."""
    parts = frozenset(re.findall(r"\w+", text))
    for name in sorted(parts & _ATTRIBUTES.keys()):
        return name, _ATTRIBUTES[name]
    for name in sorted(parts & _config_policy.IRRELEVANT.keys()):
        return name, (R.UNKNOWN_CONTEXT_VALUE, "which is not part of any key")
    return ("__hash__", (R.ID_OR_HASH_READ, _ADDRESS)) if "__hash__" in parts else None


def namespace_asked_for(text: str, code: types.CodeType) -> tuple[str, Rule] | None:
    """The same for the namespace of an object, unless the walk sees in the code which asks that it does.

    Where the class of an object has a ``__getattr__``, even ``vars`` and plain attributes are asked for by a text.
    """
    if NAMESPACE not in re.findall(r"\w+", text) or not {NAMESPACE, "vars"}.isdisjoint(code.co_names):
        return None
    return None if NAMESPACE in texts_in(code.co_consts) else (NAMESPACE, (R.DYNAMIC_SCOPE, _DESCRIBED))


def asks(codes: list[types.CodeType], attributes: set[str], loads: set[str]) -> frozenset[str]:
    """By which names a piece of code reads what is walked only then: as attributes, or in texts that it holds.

    Where it goes through the fields of a dataclass and makes names up, one of these may be ``type``.
    """
    texts = frozenset[str]().union(*(texts_in(code.co_consts) for code in codes))
    more = [_local_time.SECONDS] if any(_local_time.SECONDS in text for text in texts) else []
    if "getattr" in loads and not _FIELDS.isdisjoint(loads | attributes):
        more.append("type")
    return SELDOM_READ.intersection(attributes | texts).union(more)


def beside(loaded: Set[str]) -> Iterator[tuple[str, Rule]]:
    """What must not be read in code that loads such names, by the names that it is read by."""
    if "getLogger" in loaded:
        yield from dict.fromkeys(_OF_LOGGERS, _NEW_LOGGER).items()
    if "catch_warnings" in loaded:
        yield from dict.fromkeys(_OF_WARNINGS, (R.DYNAMIC_SCOPE, _PLACE)).items()
    if "getcontext" in loaded:
        yield "flags", (R.OPAQUE_CALLABLE, _PROCESS)
    if not loaded.isdisjoint(("environ", "environb")):
        yield "_data", _VARIABLES
    if not loaded.isdisjoint(_STREAMS):
        yield "tell", (R.OPAQUE_CALLABLE, STREAM)


def read_by(codes: list[types.CodeType], attributes: set[str], globals_: Iterable[str]) -> tuple[tuple[str, Rule], ...]:
    """What a piece of code reads in such a way, by name: as an attribute, or by a text that it holds.

    Args:
        codes: the code object and all that is nested in it.
        attributes: that they read.
        globals_: global names that they read.
    """
    said = attributes.union(*(texts_in(code.co_consts) for code in codes))
    return tuple(_found(codes, said, said.union(globals_)))


def texts_in(constants: tuple[object, ...]) -> Iterator[str]:
    """The texts among constants of code."""
    for value in constants:
        if type(value) is str:
            yield value
        elif type(value) is tuple:  # names that a pattern of ``match`` reads, among others
            yield from texts_in(value)


def _found(codes: list[types.CodeType], said: Set[str], loaded: Set[str]) -> Iterator[tuple[str, Rule]]:
    for name in sorted(said & _ATTRIBUTES.keys()):
        yield name, _ATTRIBUTES[name]
    for name in sorted(said & _config_policy.IRRELEVANT.keys()):
        yield name, (R.UNKNOWN_CONTEXT_VALUE, "which is not part of any key")
    # A `__hash__` may ask for hashes: nobody sees them but `hash()`, and the order of sets, which are refused.
    if "__hash__" in said and all(code.co_name != "__hash__" for code in codes):
        yield "__hash__", (R.ID_OR_HASH_READ, _ADDRESS)
    if "_data" in said and not loaded.isdisjoint(("environ", "environb")):
        yield "_data", _VARIABLES
    if any(map(_raises_again, codes)):
        yield "raise", (R.DYNAMIC_SCOPE, _HANDLED)
    yield from _of_objects(codes, said, loaded)
    yield from _together(codes, said, loaded)


def _of_objects(codes: list[types.CodeType], said: Set[str], loaded: Set[str]) -> Iterator[tuple[str, Rule]]:
    """What code asks a stream about its place, or a program of JAX's about the code that it came from."""
    if "tell" in said and not loaded.isdisjoint(_STREAMS):  # an optimizer may have a method of that name
        yield "tell", (R.OPAQUE_CALLABLE, STREAM)
    if "debug_info" in said and "make_jaxpr" in loaded:
        yield "debug_info", (R.DYNAMIC_SCOPE, _PLACE)
    if "pretty_print" in said and any(_gives(code, "source_info") for code in codes):
        yield "pretty_print", (R.DYNAMIC_SCOPE, _PLACE)


def _stored(codes: list[types.CodeType], loaded: Set[str]) -> frozenset[str]:
    """What code only assigns to: the names that it does not load."""
    return frozenset().union(*(code.co_names for code in codes)) - loaded


def _raises_again(code: types.CodeType) -> bool:
    """Whether a bare ``raise`` stands before all handlers, which the compiler puts last: it is for the caller's."""
    found = code.co_code.find(_BARE_RAISE)
    if found < 0:
        return False
    operations = code.co_code[::2]
    first = operations.find(_HANDLER)
    return any(
        operations[i] == _BARE_RAISE[0] and code.co_code[2 * i + 1] == 0
        for i in range(len(operations) if first < 0 else first)
    )


def _together(codes: list[types.CodeType], said: Set[str], loaded: Set[str]) -> Iterator[tuple[str, Rule]]:
    """What counts only beside something else."""
    if "getLogger" in loaded:
        for name in sorted(said & _OF_LOGGERS):
            yield name, _NEW_LOGGER
        for name in sorted(_OF_LOGGERS & _stored(codes, loaded)):
            yield name, (R.TRACE_SIDE_EFFECT, "changes how things are logged, which a hit would not do; do it outside")
    if "catch_warnings" in loaded:
        for name in sorted(said & _OF_WARNINGS):
            yield name, (R.DYNAMIC_SCOPE, _PLACE)
        if loaded.isdisjoint(_FILTERS) and any(_gives(code, "record") for code in codes):
            yield "catch_warnings", (R.DYNAMIC_SCOPE, _FILTERED)
    if "getcontext" in loaded and "flags" in said:
        yield "flags", (R.OPAQUE_CALLABLE, _PROCESS)
    if "strftime" in said and any("%s" in text for text in said):
        yield "strftime", (R.TIME_READ, "%s depends on the time zone of the process")
    if any(text.lower() in CLOCKS for text in said) and ("datetime64" in loaded or any(map(is_calendar, said))):
        yield "datetime64", (R.TIME_READ, "reads the clock while tracing")
