"""Callables of the standard library, of NumPy and of JAX that read or change more than their arguments, by name."""

from __future__ import annotations

import functools

from jitserve._outcome import BypassReason as R

Rule = tuple[R, str]  # the reason, and what there is to say about it

_SCOPE = "depends on the frame or namespace it is called in; read the value outside and pass it in"
_CLOCK = "reads the clock while tracing"
RANDOM = "draws a random number while tracing"
_FILE = "reads a file while tracing"
ENVIRONMENT = "reads the environment while tracing"
_ADDRESS = "an address or a salted hash differs from process to process"
IMPORT = "imports a module while tracing"
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
_LISTENERS = frozenset(
    (
        "clear_event_listeners",
        "register_event_duration_secs_listener",
        "register_event_listener",
        "register_event_time_span_listener",
        "register_scalar_listener",
        "unregister_event_duration_listener",
        "unregister_event_listener",
        "unregister_event_time_span_listener",
        "unregister_scalar_listener",
    )
)  # of jax.monitoring

# module -> (reason, advice, names concerned; None: every name of the module)
_CALLABLES: dict[str, tuple[R, str, frozenset[str] | None]] = {
    "builtins": (R.DYNAMIC_SCOPE, _SCOPE, frozenset(("globals", "locals", "vars", "eval", "exec", "compile", "dir"))),
    "time": (R.TIME_READ, _CLOCK, None),
    "random": (R.RNG_READ, RANDOM, None),
    "_random": (R.RNG_READ, RANDOM, None),
    "secrets": (R.RNG_READ, RANDOM, None),
    "uuid": (R.RNG_READ, RANDOM, frozenset(("uuid1", "uuid4", "getnode", "uuid6", "uuid7", "uuid8"))),
    "numpy.random": (R.RNG_READ, RANDOM, None),
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
    "typing_extensions": (
        R.DYNAMIC_SCOPE,
        "reads annotations, which are not walked",
        frozenset(("get_annotations", "get_type_hints")),
    ),
    "importlib": (R.LAZY_IMPORT, IMPORT, None),
    "runpy": (R.LAZY_IMPORT, IMPORT, None),
    "socket": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "subprocess": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "urllib.request": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "ctypes": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "_ctypes": (R.OPAQUE_CALLABLE, _OUTSIDE, None),
    "platform": (R.OPAQUE_CALLABLE, _PROCESS, None),
    **dict.fromkeys(("jax.tree_util", "jax._src.tree_util"), (R.TRACE_SIDE_EFFECT, _REGISTERED, _REGISTRATIONS)),
    "jax._src.monitoring": (R.TRACE_SIDE_EFFECT, _PROCESS_CHANGED, _LISTENERS),
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
_YAML = frozenset(("yaml", "_yaml"))
_BUILTINS = {
    "open": (R.FILE_READ_UNTRACKED, _FILE),
    "input": (R.OPAQUE_CALLABLE, _OUTSIDE),
    "id": (R.ID_OR_HASH_READ, _ADDRESS),
    "hash": (R.ID_OR_HASH_READ, _ADDRESS),
    "__import__": (R.LAZY_IMPORT, IMPORT),
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


@functools.lru_cache(maxsize=1 << 14)
def rule_of(module: str, qualname: str) -> Rule | None:
    """Reason and advice for a callable of the standard library or numpy that reads more than its arguments."""
    name = qualname.partition(".")[0]
    if module == "builtins" and qualname in _BUILTINS:
        return _BUILTINS[qualname]
    if module in ("os", "posix", "nt") and name not in _OS_ALLOWED:
        if name in _OS_ENVIRONMENT:
            return R.ENV_READ_UNTRACKED, ENVIRONMENT
        if name in _OS_FILES:
            return R.FILE_READ_UNTRACKED, _FILE
        return (R.RNG_READ, RANDOM) if name == "urandom" else (R.OPAQUE_CALLABLE, _OUTSIDE)
    found = _setting_rule(module, qualname) or _method_rule(module, qualname)
    if found is not None:
        return found
    if name in _REGISTRATIONS and "<locals>" in qualname:
        return None  # the flatten function that was made by registering, before the trace
    rule = _CALLABLES.get("yaml" if module.partition(".")[0] in _YAML else module) or (
        _CALLABLES["numpy.random"] if module.startswith("numpy.random.") else None
    )
    return (rule[0], rule[1]) if rule is not None and (rule[2] is None or name in rule[2]) else None


def _setting_rule(module: str, name: str) -> Rule | None:
    if module == "sys" and name in _SYS_SETTINGS:
        return R.OPAQUE_CALLABLE, _PROCESS
    return (R.TRACE_SIDE_EFFECT, _PROCESS_CHANGED) if module == "sys" and name in _SYS_CHANGES else None


def _method_rule(module: str, qualname: str) -> Rule | None:
    owner, _, method = qualname.rpartition(".")
    if owner and module.partition(".")[0] == "pathlib" and method in _PATH_METHODS:
        return R.FILE_READ_UNTRACKED, _FILE
    if module == "tensorstore" and method == "open":
        return R.FILE_READ_UNTRACKED, _FILE
    if module == "threading" and qualname == "Thread.start":
        return R.OPAQUE_CALLABLE, "what another thread does is not seen; do it in this one"
    if owner and module == "logging" and method in _LOGGING_METHODS:
        return R.TRACE_SIDE_EFFECT, _PROCESS_CHANGED
    return None


def rule_of_module(name: str) -> Rule | None:
    """Reason and advice for a module that reads the outside world, whatever is called of it."""
    rule = _CALLABLES.get("yaml" if name.partition(".")[0] in _YAML else name)
    if rule is not None and rule[2] is None:
        return rule[0], rule[1]
    return (R.ENV_READ_UNTRACKED, ENVIRONMENT) if name == "os" else None
