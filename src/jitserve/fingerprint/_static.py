"""What the walk refuses in the user's own code, because it cannot prove it harmless by looking.

Each of these reads something that is not reachable from the function: the caller's frame, the environment, a file, a
clock, a random number, an address. A direct lookup that skips the trace would skip the reading, too. Library code is
exempt here: what it does while tracing is for the recorder to see.
"""

from __future__ import annotations

import functools
import logging
import os
import random
import sys
import types
from collections.abc import Iterator
from typing import Any

from jitserve._outcome import BypassReason as R
from jitserve._outcome import Refusal

from . import _inner_imports, _origin, _raw, _receivers, _stdlib_calls, _telltales, _tracked, adapters
from ._names import Chain, Names
from ._origin import Origin
from ._path import Path, render

_SCOPE = "depends on the frame or namespace it is called in; read the value outside and pass it in"
_CLOCK = "reads the clock while tracing"
_RANDOM = "draws a random number while tracing"
_FILE = "reads a file while tracing"
_ENVIRONMENT = "reads the environment while tracing"
_ADDRESS = "an address or a salted hash differs from process to process"
_IMPORT = "imports a module while tracing"
_OUTSIDE = "reads something outside the process while tracing"
_PROCESS = "depends on this process; read the value outside and pass it in"
_PROCESS_CHANGED = "changes a setting of the process, which a hit would not do; do it outside"
_DEVICES = "reads the devices of the mesh, which JAX traces for any; use jax.sharding.get_abstract_mesh"
_REGISTERED = "registers a class while tracing, which a hit would not do; do it where the class is defined"
_BEYOND = "shows memory around an array, which is not walked; make the view outside"
_THREADING = frozenset(
    ("active_count", "current_thread", "enumerate", "get_ident", "get_native_id", "local", "main_thread")
)
_ABSL_LOGGING = frozenset(
    (
        *("get_absl_handler", "get_absl_logger", "get_log_file_name", "get_stderrthreshold", "get_verbosity"),
        *("level_debug", "level_error", "level_info", "level_warn", "level_warning", "vlog_is_on"),
    )
)
_REGISTRATIONS = frozenset(
    (
        "register_dataclass",
        "register_pytree_node",
        "register_pytree_node_class",
        "register_pytree_with_keys",
        "register_pytree_with_keys_class",
        "register_static",
    )
)

# module -> (reason, advice, names concerned; None: every name of the module)
_CALLABLES: dict[str, tuple[R, str, frozenset[str] | None]] = {
    "builtins": (R.DYNAMIC_SCOPE, _SCOPE, frozenset(("globals", "locals", "vars", "eval", "exec", "compile", "dir"))),
    "time": (R.TIME_READ, _CLOCK, None),
    "random": (R.RNG_READ, _RANDOM, None),
    "_random": (R.RNG_READ, _RANDOM, None),
    "secrets": (R.RNG_READ, _RANDOM, None),
    "uuid": (R.RNG_READ, _RANDOM, frozenset(("uuid1", "uuid4", "getnode", "uuid6", "uuid7", "uuid8"))),
    "numpy.random": (R.RNG_READ, _RANDOM, None),
    "gc": (R.DYNAMIC_SCOPE, _SCOPE, None),
    "inspect": (
        R.DYNAMIC_SCOPE,
        _SCOPE,
        frozenset(
            (
                *("currentframe", "getclosurevars", "getframeinfo", "getinnerframes", "getouterframes", "stack"),
                "trace",
            )
        ),
    ),
    "traceback": (R.DYNAMIC_SCOPE, _SCOPE, frozenset(("extract_stack", "format_stack", "walk_stack"))),
    "typing": (R.DYNAMIC_SCOPE, "reads annotations, which are not walked", frozenset(("get_type_hints",))),
    "importlib": (R.LAZY_IMPORT, _IMPORT, None),
    "runpy": (R.LAZY_IMPORT, _IMPORT, None),
    "socket": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "subprocess": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "urllib.request": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "ctypes": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "_ctypes": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "platform": (R.OPAQUE_CALLABLE, _PROCESS, None),
    **dict.fromkeys(("jax.tree_util", "jax._src.tree_util"), (R.TRACE_SIDE_EFFECT, _REGISTERED, _REGISTRATIONS)),
    "jax._src.mesh": (R.UNKNOWN_CONTEXT_VALUE, _DEVICES, frozenset(("get_concrete_mesh",))),
    "locale": (R.OPAQUE_CALLABLE, _PROCESS, None),
    "getpass": (R.OPAQUE_CALLABLE, _PROCESS, None),
    "io": (R.FILE_READ_UNTRACKED, _FILE, frozenset(("open", "open_code", "FileIO"))),
    "_io": (R.FILE_READ_UNTRACKED, _FILE, frozenset(("open", "open_code", "FileIO"))),
    "pkgutil": (R.OPAQUE_CALLABLE, "finds files by where modules are; read them outside", None),
    "glob": (R.FILE_READ_UNTRACKED, _FILE, None),
    "tempfile": (R.FILE_READ_UNTRACKED, _FILE, None),
    "shutil": (R.FILE_READ_UNTRACKED, _FILE, None),
    "genericpath": (R.FILE_READ_UNTRACKED, _FILE, None),
    "posixpath": (
        R.FILE_READ_UNTRACKED,
        _FILE,
        frozenset(
            (
                "abspath",
                "realpath",
                "expanduser",
                "expandvars",
                "isdevdrive",
                "isjunction",
                "islink",
                "lexists",
                "ismount",
            )
        ),
    ),
    "linecache": (R.FILE_READ_UNTRACKED, _FILE, None),
    "absl.logging": (R.OPAQUE_CALLABLE, _PROCESS, _ABSL_LOGGING),
    **dict.fromkeys(("rich", "rich.console"), (R.OPAQUE_CALLABLE, _PROCESS, frozenset(("get_console", "reconfigure")))),
    "yaml": (R.OPAQUE_CALLABLE, "goes by tables that anybody may add to; read the text outside", None),
    "weakref": (R.UNKNOWN_OBJECT, "whether a weak reference is alive is not reproducible", None),
    "_weakref": (R.UNKNOWN_OBJECT, "whether a weak reference is alive is not reproducible", None),
    "threading": (R.OPAQUE_CALLABLE, _PROCESS, _THREADING),
    **dict.fromkeys(("contextvars", "_contextvars"), (R.UNKNOWN_CONTEXT_VALUE, _PROCESS, None)),
    "sys": (
        R.DYNAMIC_SCOPE,
        _SCOPE,
        frozenset(
            (
                *("_getframe", "_current_frames", "getrefcount", "exc_info", "exception", "_getframemodulename"),
                "getprofile",
            )
        ),
    ),
    **dict.fromkeys(("resource", "pwd", "grp", "sqlite3", "_sqlite3"), (R.OPAQUE_CALLABLE, _OUTSIDE, None)),
    **dict.fromkeys(("atexit", "signal", "_signal"), (R.TRACE_SIDE_EFFECT, _PROCESS_CHANGED, None)),
    "logging": (R.TRACE_SIDE_EFFECT, _PROCESS_CHANGED, frozenset(("basicConfig", "disable", "setLoggerClass"))),
    "numpy.lib.stride_tricks": (R.UNKNOWN_OBJECT, _BEYOND, frozenset(("as_strided",))),
    "numpy": (
        R.FILE_READ_UNTRACKED,
        _FILE,
        frozenset(("load", "loadtxt", "genfromtxt", "fromfile", "memmap", "fromregex")),
    ),
}
_BUILTINS = {
    "open": (R.FILE_READ_UNTRACKED, _FILE),
    "input": (R.OPAQUE_CALLABLE, _OUTSIDE),
    "id": (R.ID_OR_HASH_READ, _ADDRESS),
    "hash": (R.ID_OR_HASH_READ, _ADDRESS),
    "__import__": (R.LAZY_IMPORT, _IMPORT),
}
_OS_FILES = frozenset(("listdir", "scandir", "walk", "stat", "lstat", "access", "readlink", "getcwd", "open", "read"))
_OS_ALLOWED = frozenset(
    ("fspath", "PathLike", "fsencode", "fsdecode", "_fscodec", "_check_bytes", "_createenviron", "DirEntry")
)  # the rest of os asks the operating system, or changes something there
_OS_ENVIRONMENT = frozenset(("getenv", "getenvb", "_Environ"))
_SYS_SETTINGS = frozenset(
    ("getrecursionlimit", "getsizeof", "getswitchinterval", "getallocatedblocks", "get_int_max_str_digits", "gettrace")
)
_SYS_CHANGES = frozenset(
    ("setrecursionlimit", "setswitchinterval", "set_int_max_str_digits", "setprofile", "settrace", "addaudithook")
)
# Methods by the module of their class: which of them look at the file system, and which change how things are logged.
_PATH_METHODS = frozenset(
    (
        *(
            "absolute",
            "cwd",
            "exists",
            "glob",
            "group",
            "home",
            "is_block_device",
            "is_char_device",
            "is_dir",
            "is_fifo",
        ),
        *("is_file", "is_junction", "is_mount", "is_socket", "is_symlink", "iterdir", "lstat", "owner", "readlink"),
        *("resolve", "rglob", "samefile", "stat", "walk"),
    )
)
_LOGGING_METHODS = frozenset(("addFilter", "addHandler", "removeFilter", "removeHandler", "setFormatter", "setLevel"))
_AROUND_LOGGERS = frozenset(("getChild", "hasHandlers", "manager", "parent", "root"))
COMPILED = "cython_function_or_method"  # the name of the type of Cython's functions
_GENERATED_FILES = tuple(adapters.GENERATED)


def code_hazards(function: types.FunctionType, names: Names, path: Path) -> Iterator[Refusal]:
    """What the bytecode of a function of the user shows that is to be refused."""
    for name in sorted(names.globals_written):
        text = f"assigns to the global {name!r}, which a hit would not do"
        yield Refusal(R.TRACE_SIDE_EFFECT, render(path), text)
    made_up = function.__code__.co_filename.startswith(_GENERATED_FILES)  # by a library, that knows what it reads
    for name, (reason, advice) in () if made_up else names.telltales:
        kind = _tracked.Tracked if reason is R.FILE_READ_UNTRACKED else Refusal  # it opens the file by its path
        yield kind(reason, render(path), f"reads the attribute {name!r}: {advice}")
    for name, chain in sorted(names.writes):
        if issubclass(type(function.__globals__.get(name)), types.ModuleType):
            yield Refusal(R.TRACE_SIDE_EFFECT, render(path), f"assigns to {'.'.join((name, *chain))}")
    for imported in _inner_imports.of_user(function, names) if names.imports else ():
        if imported.value is _inner_imports.UNTOLD:
            yield Refusal(R.LAZY_IMPORT, render(path), f"{_IMPORT} ({imported.label})")
        elif imported.is_written and issubclass(type(imported.value), types.ModuleType):
            yield Refusal(R.TRACE_SIDE_EFFECT, render(path), f"assigns to an attribute of {imported.label}")


def check_value(value: Any, path: Path) -> None:
    """Refuses a value that a global name of the user's code holds, if that can be seen from the value itself."""
    kind = type(value)
    if type(kind) is type and kind in _receivers.CARRIERS:  # a metaclass of the user's is not asked for a hash
        _check_carrier(value, path)
    if kind is types.BuiltinFunctionType or kind is types.MethodType:
        _check_bound(value, path)
    elif kind is types.FunctionType:
        if _origin.of_function(value) is Origin.OPAQUE:
            _check_direct(value, path)
    elif kind is str:
        _check_text(value, path)
    elif issubclass(kind, type):
        if _origin.of_class(value) is Origin.OPAQUE:
            check_opaque(value, _raw.module_name(value), _raw.qualname(value), path)
    elif _raw.qualname(kind) == COMPILED:
        check_opaque(value, str(value.__module__), str(value.__qualname__), path)
    elif kind not in _PLAIN:
        check_instance(value, path)


def _check_text(value: str, path: Path) -> None:
    if _telltales.is_telltale(value):
        raise Refusal(R.DYNAMIC_SCOPE, render(path), f"names {value!r}, an attribute that no walk covers")


def _check_carrier(value: Any, path: Path) -> None:
    rule = _receivers.carried_rule(value)
    if rule is not None:
        raise Refusal(rule[0], render(path), f"{_raw.qualname(type(value))}: {rule[1]}")


def _check_bound(value: Any, path: Path) -> None:
    owner = value.__self__
    if owner is None or issubclass(type(owner), types.ModuleType):
        _check_direct(value, path)
    elif not issubclass(type(owner), type):
        check_instance(owner, path)


_PLAIN = frozenset((int, float, str, bytes, bool, type(None), tuple, list))


def _check_direct(value: Any, path: Path) -> None:
    module, qualname = str(value.__module__), value.__qualname__
    check_opaque(value, module, qualname, path)
    found = _stdlib_calls.direct_rule(module, qualname)
    if found is not None:
        raise Refusal(found[0], render(path), f"{module}.{qualname}: {found[1]}")


def check_opaque(obj: object, module: str, qualname: str, path: Path) -> None:
    """Refuses a callable of the standard library or numpy that reads more than its arguments."""
    found = rule_of(module, qualname)
    if found is not None:
        rule = (found[0], f"{module}.{qualname}: {found[1]}")
        raise _tracked.refusal_of(obj, module, rule, render(path))


@functools.lru_cache(maxsize=1 << 14)
def rule_of(module: str, qualname: str) -> tuple[R, str] | None:
    """Reason and advice for a callable of the standard library or numpy that reads more than its arguments."""
    name = qualname.partition(".")[0]
    if module == "builtins" and qualname in _BUILTINS:
        return _BUILTINS[qualname]
    if module in ("os", "posix", "nt") and name not in _OS_ALLOWED:
        if name in _OS_ENVIRONMENT:
            return R.ENV_READ_UNTRACKED, _ENVIRONMENT
        if name in _OS_FILES:
            return R.FILE_READ_UNTRACKED, _FILE
        return (R.RNG_READ, _RANDOM) if name == "urandom" else (R.OPAQUE_CALLABLE, _OUTSIDE)
    found = _setting_rule(module, qualname) or _method_rule(module, qualname)
    if found is not None:
        return found
    if name in _REGISTRATIONS and "<locals>" in qualname:
        return None  # the flatten function that was made by registering, before the trace
    rule = _CALLABLES.get(module) or (_CALLABLES["numpy.random"] if module.startswith("numpy.random.") else None)
    return (rule[0], rule[1]) if rule is not None and (rule[2] is None or name in rule[2]) else None


def _setting_rule(module: str, name: str) -> tuple[R, str] | None:
    if module == "sys" and name in _SYS_SETTINGS:
        return R.OPAQUE_CALLABLE, _PROCESS
    return (R.TRACE_SIDE_EFFECT, _PROCESS_CHANGED) if module == "sys" and name in _SYS_CHANGES else None


def _method_rule(module: str, qualname: str) -> tuple[R, str] | None:
    owner, _, method = qualname.rpartition(".")
    if owner and module.partition(".")[0] == "pathlib" and method in _PATH_METHODS:
        return R.FILE_READ_UNTRACKED, _FILE
    if module == "threading" and qualname == "Thread.start":
        return R.OPAQUE_CALLABLE, "what another thread does is not seen; do it in this one"
    if owner and module == "logging" and method in _LOGGING_METHODS:
        return R.TRACE_SIDE_EFFECT, _PROCESS_CHANGED
    return None


def chain_hazard(value: Any, chain: Chain, path: Path) -> Refusal | None:
    """Why ``datetime.now()`` is to be refused: a harmless class, but not by every one of its methods. The same holds
    for classes that are made from it, and for loggers, which lead to all the others.
    """
    if chain and chain[0] in _AROUND_LOGGERS and issubclass(type(value), logging.Logger):
        return Refusal(R.OPAQUE_CALLABLE, render(path), f"{chain[0]}: depends on which loggers there are")
    rule = _receivers.class_rule(value, chain[0]) if chain and issubclass(type(value), type) else None
    return None if rule is None else Refusal(rule[0], render(path), f"{chain[0]}(): {rule[1]}")


def check_module(name: str, path: Path) -> None:
    """Refuses a module that is handed around as a value when it is one that reads the outside world."""
    rule = _CALLABLES.get(name)
    if name == "os" or (rule is not None and rule[2] is None):
        reason, advice = (rule[0], rule[1]) if rule else (R.ENV_READ_UNTRACKED, _ENVIRONMENT)
        raise Refusal(reason, render(path), f"the module {name} is used as a value: {advice}")


def check_instance(obj: object, path: Path) -> None:
    """Refuses the well-known objects that stand for something outside: ``os.environ``, ``sys.modules``, generators."""
    if type(obj) is os._Environ:
        if _tracked.is_environment(obj):
            raise _tracked.Tracked(R.ENV_READ_UNTRACKED, render(path), _ENVIRONMENT)
        raise Refusal(R.ENV_READ_UNTRACKED, render(path), "an environment other than that of the process")
    if obj is sys.modules:
        raise Refusal(R.DYNAMIC_MODULE_ATTR, render(path), "looks modules up by name; import them and name them")
    if any(kind is random.Random or _raw.module_name(kind).startswith("numpy.random") for kind in _raw.mro(type(obj))):
        raise Refusal(R.RNG_READ, render(path), _RANDOM)
