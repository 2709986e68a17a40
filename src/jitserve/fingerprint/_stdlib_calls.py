"""Which functions of the standard library code of the user may call while it is traced: those that are known to read
nothing but their arguments. Of all others nobody knows which state of the process they show or change.

Only what the user's own code calls itself is judged so. What the functions on the list call in their turn is theirs.
"""

from __future__ import annotations

import sys
import types

from jitserve._outcome import BypassReason as R

from . import _annotations
from ._import_machinery import import_rule, is_machinery, is_unasked

Rule = tuple[R, str]

# Top-level names of modules. Many have rules of their own besides (``_static``); those in C are listed as they name
# themselves.
_LISTED = """
    abc array ast atexit base64 binascii bisect builtins bz2 calendar cmath codecs collections colorsys concurrent
    configparser contextlib contextvars copy copyreg csv ctypes dataclasses datetime decimal difflib dis encodings
    enum errno fnmatch fractions functools gc genericpath getpass glob graphlib gzip hashlib heapq hmac html
    inspect io ipaddress itertools json keyword linecache locale logging lzma marshal math ntpath numbers
    opcode operator os pathlib pickle pickletools pkgutil platform posix posixpath pprint queue quopri random re
    reprlib resource runpy secrets shlex shutil signal socket sqlite3 sre_compile sre_constants sre_parse stat
    statistics string stringprep struct subprocess sys tempfile textwrap threading time token tokenize tomllib
    traceback types typing unicodedata urllib uuid warnings weakref xml zipfile zlib zoneinfo _abc _bisect _blake2
    _bz2 _codecs _collections _collections_abc _compression _contextvars _csv _ctypes _datetime _decimal _functools
    _hashlib _heapq _io _json _lzma _md5 _operator _pickle _pydatetime _pydecimal _queue _random _sha1 _sha2 _sha256
    _sha3 _sha512 _signal _sqlite3 _sre _stat _statistics _string _struct _thread _tokenize _types _typing _warnings
    _weakref _weakrefset grp nt nturl2path pwd
"""
_PURE = frozenset(_LISTED.split())
_STATE = "shows or changes a state of the process; read the value outside and pass it in"
_SALTED = "a salted hash differs from process to process"
_STAMPS = "puts the time of day into what it makes; make it outside"
_SHOWS = "the text shows an address, which differs from process to process"
_DESCRIBES = "reads what describes a function or class, which is not walked"
# Of modules on the list, what reads or changes more than its arguments: module -> names, of classes or of methods.
_EXCEPTIONS: dict[str, tuple[Rule, frozenset[str]]] = {
    "inspect": (
        (R.DYNAMIC_SCOPE, _DESCRIBES),
        frozenset(
            (
                *("classify_class_attrs", "findsource", "get_annotations", "getabsfile", "getattr_static"),
                *("getcomments", "getdoc", "getfile", "getmembers", "getmembers_static", "getmodule", "getsource"),
                *("getsourcefile", "getsourcelines"),
            )
        ),
    ),
    "typing": ((R.DYNAMIC_SCOPE, _DESCRIBES), frozenset(("get_overloads", "clear_overloads", "evaluate_forward_ref"))),
    "codecs": ((R.OPAQUE_CALLABLE, _STATE), frozenset(("lookup", "lookup_error", "register", "register_error"))),
    "_codecs": (
        (R.OPAQUE_CALLABLE, _STATE),
        frozenset(("lookup", "lookup_error", "register", "register_error", "unregister", "_unregister_error")),
    ),
    "copyreg": ((R.TRACE_SIDE_EFFECT, _STATE), frozenset(("add_extension", "constructor", "pickle"))),
    "_csv": (
        (R.OPAQUE_CALLABLE, _STATE),
        frozenset(("field_size_limit", "get_dialect", "list_dialects", "register_dialect", "unregister_dialect")),
    ),
    "csv": ((R.OPAQUE_CALLABLE, _STATE), frozenset(("Sniffer",))),
    "logging": (
        (R.OPAQUE_CALLABLE, _STATE),
        frozenset(
            (
                *("addLevelName", "captureWarnings", "getHandlerByName", "getHandlerNames", "getLevelName"),
                *("getLevelNamesMapping", "getLogRecordFactory", "getLoggerClass", "setLogRecordFactory", "shutdown"),
                *("Logger.getChild", "Logger.getChildren", "Logger.hasHandlers", "Logger.makeRecord"),
                *("LogRecord", "makeLogRecord"),
            )
        ),
    ),
    "dis": (
        (R.DYNAMIC_SCOPE, "shows where code stands in its file"),
        frozenset(
            (
                *("Bytecode", "code_info", "dis", "disassemble", "disco", "distb", "findlinestarts"),
                *("get_instructions", "show_code"),
            )
        ),
    ),
    "functools": ((R.ID_OR_HASH_READ, _SALTED), frozenset(("_make_key",))),
    "collections.abc": ((R.ID_OR_HASH_READ, _SALTED), frozenset(("Set._hash",))),
    "calendar": ((R.TRACE_SIDE_EFFECT, _STATE), frozenset(("setfirstweekday", "Calendar.setfirstweekday"))),
    "zoneinfo._tzpath": ((R.TRACE_SIDE_EFFECT, _STATE), frozenset(("reset_tzpath",))),
    "sys.monitoring": ((R.OPAQUE_CALLABLE, _STATE), frozenset(("get_tool",))),
    "gzip": ((R.TIME_READ, _STAMPS), frozenset(("compress", "GzipFile.write"))),
    "zipfile": (
        (R.TIME_READ, _STAMPS),
        frozenset(("ZipFile.mkdir", "ZipFile.write", "ZipFile.writestr", "ZipInfo.from_file")),
    ),
    **dict.fromkeys(("abc", "_abc"), ((R.OPAQUE_CALLABLE, _STATE), frozenset(("get_cache_token",)))),
    **dict.fromkeys(("html", "html.parser"), ((R.OPAQUE_CALLABLE, _STATE), frozenset(("unescape", "HTMLParser")))),
    "_thread": (
        (R.OPAQUE_CALLABLE, _STATE),
        frozenset(("_count", "get_ident", "get_native_id", "interrupt_main", "stack_size")),
    ),
    "threading": (
        (R.OPAQUE_CALLABLE, _STATE),
        frozenset(
            (
                *("getprofile", "gettrace", "setprofile", "settrace", "stack_size", "settrace_all_threads"),
                *("Thread.__init__", "Timer.__init__"),  # they count their kind, to have names
                *("Barrier.__repr__", "Event.__repr__", "Semaphore.__repr__"),
            )
        ),
    ),
    "concurrent.futures._base": ((R.ID_OR_HASH_READ, _SHOWS), frozenset(("Future.__repr__",))),
    "sys": (
        (R.OPAQUE_CALLABLE, _STATE),
        frozenset(
            (
                *("_clear_type_cache", "_current_exceptions", "_debugmallocstats", "_getquickenedcount"),
                *("activate_stack_trampoline", "deactivate_stack_trampoline", "get_asyncgen_hooks"),
                *("get_coroutine_origin_tracking_depth", "getdlopenflags", "is_stack_trampoline_active"),
                *("set_asyncgen_hooks", "set_coroutine_origin_tracking_depth", "setdlopenflags"),
                *("_is_interned", "getunicodeinternedsize", "is_finalizing"),
            )
        ),
    ),
}
# Of modules that are not on the list, what reads its arguments alone.
_HARMLESS = {
    "argparse": frozenset(
        ("_AttributeHolder.__repr__", "_AttributeHolder._get_kwargs", "Namespace.__contains__", "Namespace.__eq__")
    )
}
_SIGNATURES = {"signature": 0, "getfullargspec": 0, "Signature.from_callable": 1}  # and which parameter is the function
_SUBMODULES = {"concurrent": ("concurrent.futures",), "urllib": ("urllib.parse", "urllib.request")}


def direct_rule(module: str, qualname: str) -> Rule | None:
    """Reason and advice for a function of the standard library that the user's code calls itself; None: it may."""
    top = module.partition(".")[0]
    if top not in sys.stdlib_module_names:
        return None
    found = _EXCEPTIONS.get(module)
    if found is not None and (qualname in found[1] or qualname.partition(".")[0] in found[1]):
        return found[0]
    if module.startswith(("importlib.metadata", "importlib.resources")):
        return R.OPAQUE_CALLABLE, _STATE
    if is_machinery(module):
        return import_rule(module, qualname)
    if qualname in _HARMLESS.get(module, ()):
        return None
    listed = top in _PURE and (top not in _SUBMODULES or module.startswith(_SUBMODULES[top]))
    return None if listed else (R.OPAQUE_CALLABLE, _STATE)


def signature_rule(module: str, qualname: str, frame: types.FrameType) -> Rule | None:
    """Reason and advice for a look at the signature of something, which begins in a frame, unless all that it tells is
    walked.
    """
    if module != "inspect" or qualname not in _SIGNATURES:
        return None
    of = frame.f_locals.get(frame.f_code.co_varnames[_SIGNATURES[qualname]])
    return None if _annotations.is_told_by_name(of) else (R.DYNAMIC_SCOPE, _DESCRIBES)


def is_judged(module: str, qualname: str) -> bool:
    """Whether it matters who calls it."""
    if is_unasked(module, qualname):
        return False
    return direct_rule(module, qualname) is not None or (module == "inspect" and qualname in _SIGNATURES)
