"""Which functions of the import machinery code of the user may call while it is traced.

``importlib.util.find_spec("flash")`` answers by ``sys.path``, ``sys.meta_path`` and the file system, and a loader reads
and runs files, none of which is in a key. An import statement calls the machinery, too: that is for the recorder to
judge by what it imports.
"""

from __future__ import annotations

from jitserve._outcome import BypassReason as R

Rule = tuple[R, str]

# As their functions name their modules when they run, and when somebody holds them.
_TOPS = frozenset(("_frozen_importlib", "_frozen_importlib_external", "importlib", "zipimport"))
_BESIDE = ("importlib.metadata", "importlib.resources")
_BOOTSTRAP = ("_frozen_importlib", "importlib._bootstrap")
# What import statements call, the end of a lock, and the text of a module, which is judged as a text.
_UNASKED = frozenset(
    ("_find_and_load", "_get_module_lock.<locals>.cb", "_handle_fromlist", "_lock_unlock_module", "_module_repr")
)
# What reads its arguments alone, by the last part of its module.
_PURE = {
    "util": frozenset(("_resolve_name", "decode_source", "resolve_name", "source_hash")),
    "machinery": frozenset(("all_suffixes",)),
    **dict.fromkeys(
        ("_bootstrap", "_frozen_importlib"),
        # A relative import asks a specification for its parent.
        frozenset(
            (
                *("_resolve_name", "ModuleSpec.__eq__", "ModuleSpec.__init__", "ModuleSpec.has_location"),
                "ModuleSpec.parent",
            )
        ),
    ),
    **dict.fromkeys(("_bootstrap_external", "_frozen_importlib_external"), frozenset(("decode_source",))),
}
_READING = frozenset(("get_code", "get_data", "get_source", "path_mtime", "path_stats"))
_LOADING = frozenset(
    (
        *("__getattribute__", "_load", "create_module", "exec_module", "load_module", "module_from_spec"),
        *("spec_from_file_location", "spec_from_loader"),
    )
)
_LOADERS = ("Loader", "zipimporter")  # ends of the names of classes
_READS = "reads a file of a module while tracing; read it outside, and pass in what is needed of it"
_LOADS = "loads a module while tracing; load it outside, and pass in what is needed of it"
_FINDS = "asks which modules there are, and where; ask outside, and pass the answer in"


def import_rule(module: str, qualname: str) -> Rule | None:
    """Reason and advice for a function of the import machinery that the user's code calls itself; None: it may, or
    it is no such function.
    """
    if not is_machinery(module) or qualname in _PURE.get(module.rpartition(".")[2], ()):
        return None
    owner, _, name = qualname.rpartition(".")
    if name in _LOADING:
        return R.LAZY_IMPORT, _LOADS
    reads = name in _READING or owner.endswith(_LOADERS)
    return (R.FILE_READ_UNTRACKED, _READS) if reads else (R.OPAQUE_CALLABLE, _FINDS)


def is_unasked(module: str, qualname: str) -> bool:
    """Whether the interpreter calls it, for an import statement. The walk sees who names it, to call it by itself."""
    return module in _BOOTSTRAP and qualname in _UNASKED


def is_machinery(module: str) -> bool:
    """Whether a module finds and loads modules."""
    return module.partition(".")[0] in _TOPS and not module.startswith(_BESIDE)
