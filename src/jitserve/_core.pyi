"""The C++ core (``cpp/bindings``): digests, the canonical token stream, records, the blob store.

OS errors surface as ``OSError`` with ``errno`` and ``filename``. The GIL is released around hashing of large buffers
and around all file work.
"""

import dataclasses
import os
from collections.abc import Callable, Container, Iterable
from types import CodeType, FrameType, FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any, TypeVar, final

from typing_extensions import Buffer

from jitserve.fingerprint._origin import Origin

Told = TypeVar("Told")

__version__: str
MAX_RECORD_PAYLOAD: int
"""Bytes that a record can hold; bigger data belongs in a blob."""

class Corruption(Exception):
    """The bytes are there, and they are wrong."""

class CorruptBlob(Corruption):
    """A blob is not what its name says."""

class CorruptRecord(Corruption):
    """A file is not an intact record."""

def sha256(data: Buffer, /) -> bytes:
    """The SHA-256 digest of a buffer: 32 bytes."""

@final
class Hasher:
    """SHA-256 of bytes that arrive in pieces. One thread at a time may use it."""

    def __init__(self) -> None: ...
    def update(self, data: Buffer, /) -> None:
        """Appends a buffer."""
    def digest(self) -> bytes:
        """The digest of everything so far: 32 bytes. More may follow."""

def digest_files(paths: list[str], /) -> list[bytes]:
    """The SHA-256 digests of files, which several threads read meanwhile.

    Raises:
        OSError: one cannot be read.
    """

@final
class Tokens:
    """The canonical token stream: what every key is a digest of (``cpp/core/tokens.h``).

    Exact types only: ``True`` is no ``int``. A wrong type is a ``TypeError``. One thread at a time may use it.

    Args:
        capture: keep a readable copy for ``text()``.
    """

    def __init__(self, *, capture: bool = False) -> None: ...
    def none(self) -> None: ...
    def ellipsis(self) -> None: ...
    def bool_(self, value: bool, /) -> None: ...
    def int_(self, value: int, /) -> None: ...
    def float_(self, value: float, /) -> None: ...
    def complex_(self, value: complex, /) -> None: ...
    def str_(self, value: str, /) -> None: ...
    def bytes_(self, value: bytes, /) -> None: ...
    def each_bytes(self, values: list[bytes], /) -> None:
        """``bytes_`` for one after the other."""
    def digest_(self, value: Buffer, /) -> None:
        """A digest made elsewhere. ``ValueError`` unless it has exactly 32 bytes."""
    def tag(self, name: str, /) -> None:
        """A structural marker."""
    def scalar(self, value: object, /) -> bool:
        """Emits a token if ``type(value)`` is exactly a scalar, else emits nothing and returns ``False``.

        Scalars are ``NoneType``, ``bool``, ``int``, ``float``, ``complex``, ``str``, ``bytes`` and ``EllipsisType``.
        """
    def begin(self, tag: str, n: int, /) -> None:
        """The head of a container: its name and the number of children that follow."""
    def finish(self) -> bytes:
        """The digest of everything so far: 32 bytes. More may follow."""
    def text(self) -> str:
        """One readable line a token. ``ValueError`` unless made with ``capture=True``."""

def code_digest(code: CodeType, /, *, docstrings: bool = False) -> bytes:
    """The digest of what a code object does: 32 bytes, memoised by identity.

    In it: instructions, the constants they use (typed, nested code included), names, variables, argument counts and
    kinds, flags, exception table, name and qualified name. Not in it: file, lines, stack size, unused constants.

    Args:
        code: the code object; functions defined inside it are part of it.
        docstrings: also digest docstrings, of nested functions too. Needed if anything reads ``__doc__``.

    Raises:
        TypeError: not a code object, or one with a constant that no compiler makes.
        ValueError: the bytecode refers to a constant that is not there.
    """

def code_names(
    code: CodeType, /
) -> tuple[
    list[CodeType],
    list[tuple[str, list[tuple[str, ...]]]],
    set[tuple[str, tuple[str, ...]]],
    set[str],
    set[tuple[str, tuple[str, ...]]],
    set[str],
    set[str],
    bool,
    bool,
]:
    """Which names a code object and the code nested in it read, and how (``fingerprint/_names.py`` says what is what).

    Returns:
        codes, chains, writes, globals_written, imports, attributes, loads, reads_by_name, builds_set.

    Raises:
        TypeError: not a code object.
        ValueError: the bytecode refers to a name, variable or constant that is not there.
    """

@final
class Blob:
    """The verified, read-only bytes of a blob (a buffer). They stay valid when the file is replaced or removed."""

    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

@final
class BlobStore:
    """Immutable bytes by digest and size, under one directory. Safe for many threads and processes.

    Making one touches no file: directories appear with the first ``put``.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None: ...
    def put(self, data: Buffer, /) -> tuple[bytes, int]:
        """Stores a buffer durably and returns ``(digest, size)``.

        What is there already is compared and not written again; if it is not what its name says, it is replaced.
        """
    def open(self, digest: Buffer, size: int) -> Blob:
        """Maps a blob and verifies size and digest.

        Raises:
            FileNotFoundError: it is not there.
            CorruptBlob: the file is not what its name says.
        """
    def has(self, digest: Buffer, size: int) -> bool:
        """Whether a file of that name and size is there; ``open`` is what verifies it."""
    def path(self, digest: Buffer, size: int) -> str:
        """Where the blob is, or would be."""
    def remove(self, digest: Buffer, size: int) -> bool:
        """Removes a blob; ``False`` if it was not there."""

def write_record(
    path: str | os.PathLike[str], payload: Buffer, *, scratch: str | os.PathLike[str] | None = None
) -> None:
    """Replaces the record at ``path`` atomically and durably; missing directories are made with mode 0700.

    Args:
        path: the file; its format is in ``cpp/core/record.h``.
        payload: at most ``MAX_RECORD_PAYLOAD`` bytes.
        scratch: directory for the temporary file, on the same file system; default: beside ``path``, named ``.tmp-*``.

    Raises:
        ValueError: the payload is too big.
    """

def read_record(path: str | os.PathLike[str]) -> bytes:
    """The payload of the record at ``path``.

    Raises:
        FileNotFoundError: it is not there.
        CorruptRecord: any byte is wrong, missing or too many.
    """

@final
class Stack:
    """Looks at the callers of a frame.

    Args:
        classify: says of a code object which kinds it is of; asked once for each (``fingerprint/_stack.py``).
        collecting: the functions that the garbage collector calls.
    """

    def __init__(self, classify: Callable[[CodeType], int], collecting: list[Callable[..., object]]) -> None: ...
    def set_base(self, frame: FrameType | None, /) -> None:
        """Frames from this one on do not count."""
    def kinds(self, frame: FrameType | None, /) -> int:
        """All kinds of the frame and of its callers."""
    def culprit(self, frame: FrameType | None, /) -> FrameType | None:
        """The nearest frame that is neither the standard library's nor runs because of an import."""

@final
class Profile:
    """Reports what this thread executes, beside whatever profiler there is already.

    Args:
        on_code: called with a code object and its frame when it starts for the first time. The answer says what else
            to report: 0 nothing, 1 each C function that it calls, once, 2 each further start, 3 all calls of C code.
        on_call: called with each C function that such a code object calls.
        pass_on: called with each error of these two; raises it if it is not to be kept from the code that runs.
    """

    def __init__(
        self,
        on_code: Callable[[CodeType, FrameType], int],
        on_call: Callable[[object], None],
        pass_on: Callable[[BaseException], None],
    ) -> None: ...
    def start(self) -> None:
        """Begins to report, in this thread only."""
    def stop(self) -> bool:
        """Puts back the profiler that was there. ``False`` if events may have been missed."""
    def begin_part(self) -> None:
        """From now on it is noted apart which code starts whose calls are reported; parts may have parts."""
    def end_part(self) -> list[CodeType]:
        """Ends the part that was begun last, and returns what started in it."""

@final
class Census:
    """Knows what is bound under the names of modules. Runs no code, and looks again at what has changed only.

    Args:
        packages: how closely to look (``fingerprint/_bindings.py``), by the name of a package or of a module in one.
        left_out: dotted names of variables of modules that do not count.
    """

    def __init__(self, packages: dict[str, int], left_out: frozenset[str], /) -> None: ...
    def know(self, value: object, /) -> None:
        """Vouches for a function or another object, for a file name (that very object), or for all of a class."""
    def know_directory(self, directory: str, /) -> None:
        """Vouches for the files below a directory (with a separator at its end), but for packages installed there."""
    def refresh(self, modules: dict[str, ModuleType], /) -> int:
        """Looks through modules by name, as in ``sys.modules``.

        Returns:
            a number that is new whenever something has changed.
        """
    def has_rules(self) -> bool:
        """Whether nothing has changed since ``refresh_rules``, as far as ``refresh`` knows, and the tables tell."""
    def refresh_rules(self, tables: list[tuple[str, dict[Any, Any], bool]], /) -> int:
        """Looks through tables of rules: (name, table, whether it gets digests of its own). Returns as ``refresh``."""
    def digests(self) -> dict[str, bytes]:
        """32 bytes by the name of a module; by ``rules of`` a primitive, for each one of that name."""
    def unread(self) -> list[tuple[str, object]]:
        """Arrays and containers that the digests do not tell by their values: name of the place, value."""
    def strangers(self) -> list[tuple[str, type | None, str, object, FunctionType | None]]:
        """What is not vouched for: name of the module, class or None, name, value, function that it is made from."""

def names_digest(module: ModuleType, /) -> bytes:
    """What is bound under the names of a module, but for modules inside of it: 32 bytes.

    Code and classes count by their names, what is true, a number, a text or a table of such by value, and other objects
    by their types. Left out is what counts or switches: flags that a function of the module sets.
    """

def listen_to_texts(
    callback: Callable[[type], object] | None, types: Iterable[type], /
) -> Callable[[type], object] | None:
    """Tells ``callback`` the type of every object whose text shows its address, in this thread; None: nobody.

    ``types`` are further types, in C, of whose texts that is known.

    Returns:
        who was told before.
    """

def listen_to_lookups(
    callback: Callable[[str], object] | None, names: frozenset[str], /
) -> tuple[Callable[[str], object] | None, frozenset[str]]:
    """Tells ``callback`` every text by which an attribute is asked for at run time in this thread, if it is one of the
    names or may have some in it (``getattr``, ``attrgetter``, ``str.format``, ``__getattribute__``); None: nobody.

    Returns:
        who was told before, and of which names.
    """

def listen_to_sets(
    callback: Callable[[frozenset[object], bool], object] | None, /
) -> Callable[[frozenset[object], bool], object] | None:
    """Tells ``callback`` every set of two elements or more that this thread iterates over, or pops from (False), or
    that a text is made of (True); None: nobody. Not what comes out in one order: ``sorted``, ``min``, ``any``...

    Returns:
        who was told before.
    """

_Child = tuple[Any, Any, bool]

class Walker:
    """The loop of a walk, and the numbers of what it has visited (``fingerprint/_walker.py``).

    Args:
        tokens: where encoders emit.
        nodes: how many values a walk may visit before it gives up.
        anonymous: a reference to what has been visited does not tell to what.
        footprint: the functions to go into, of those that are not opaque; None for all of them.
    """

    tokens: Tokens
    objects: list[Any]
    """Everything with an identity, in order of the first visit."""
    paths: list[Any]
    """Where each of those was first found."""
    codes: dict[int, tuple[CodeType, Any]]
    nested: dict[int, tuple[CodeType, CodeType]]
    classes: list[tuple[type, Any, bool]]
    """The classes that were walked, where, and whether in a library."""
    field_types: list[tuple[Any, Any]]
    """Annotations of fields of the user's dataclasses that are neither classes nor texts, and where."""
    footprint: Container[str] | None
    hides_defaults: bool
    """Whether the defaults of functions that the walk does not go into are left out."""
    stopped_at: Any
    """The path of what an encoder has raised an error for."""
    def __init__(
        self, tokens: Tokens, nodes: int, *, anonymous: bool = False, footprint: Container[str] | None = None
    ) -> None: ...
    def number(self, obj: object, path: Any, /) -> bool:
        """Numbers ``obj``. ``False``: it has been visited before, and a reference has been emitted.

        What libraries only have led to is visited anew, after a reference, and gets a new number, where code of the
        user leads to it.
        """
    def number_once(self, obj: object, path: Any, /) -> bool:
        """The same for what is encoded alike, whether code of the user or of a library leads to it."""
    def knows(self, obj: object, /) -> bool:
        """Whether ``number`` would emit a reference."""
    def share(self, attributes: dict[str, Any], owner: object, /) -> bool:
        """Notes that a numbered object holds its attributes in that dictionary.

        ``False``: the dictionary has been met before, and a reference has been emitted.
        """
    def share_in_part(self, attributes: dict[str, Any], owner: object, /) -> None:
        """The same for a dictionary of which not everything is visited as attributes; as a value, all of it is."""
    def leave_out_of(self, attributes: dict[str, Any], /) -> None:
        """Notes that not everything in a shared dictionary is visited."""
    def emit_earlier(self, obj: object, /) -> None:
        """Emits which object it is, of those that were met; nothing for any other."""
    def has_met(self, obj: object, /) -> bool:
        """Whether it was visited, whoever has led to it, or holds the attributes of an object that was."""
    def index_of(self, obj: object, /) -> int | None:
        """The number of this very object."""
    def hide_default(self, field: dataclasses.Field[Any], /) -> None:
        """Leaves out the default of a field of a dataclass. To be asked for before the field is visited."""
    def hide_defaults(self, function: FunctionType, parameters: set[str], /) -> None:
        """Leaves out the defaults that a function has for these parameters, likewise."""
    def cover(self, code: CodeType, codes: list[CodeType], path: Any, /) -> None:
        """Notes the code of a walked function, and the code nested in it, which runs only if the function has run."""
    def is_opaque_module(self, name: object, /) -> bool:
        """``_origin.of_module(name) is Origin.OPAQUE``."""
    def is_opaque_class(self, cls: type, /) -> bool:
        """``_origin.of_class(cls) is Origin.OPAQUE``."""
    def is_at_home(self, obj: object, module: object, qualname: object, /) -> bool:
        """``_origin.is_at_home``: whether ``module.qualname`` is this very object, in this process, now."""
    def emit_annotation(self, annotation: object, /) -> None:
        """Emits one annotation, by name only."""
    def emit_annotations(self, annotations: object, /) -> None:
        """Emits a dictionary of annotations, by name only (``fingerprint/_annotations.py``)."""
    def push(self, children: list[_Child], /) -> None:
        """Adds children, to be visited in this order before anything that is waiting."""
    def pop(self) -> _Child | None:
        """What is visited next."""
    def run(self) -> None:
        """Visits everything that is waiting, and what that leads to."""

def origin_of_class(cls: type, /) -> Origin:
    """``_origin.of_class(cls)``."""

def origin_of_function(function: FunctionType, /) -> Origin:
    """``_origin.of_function(function)``.

    Raises:
        TypeError: it is something else.
    """

def answer_to_starts(
    done: dict[int, CodeType],
    watched: dict[int, CodeType],
    parts: list[dict[int, CodeType]],
    property: CodeType,
    properties: dict[int, object],
    disable: object,
    ask: Callable[[CodeType, int], object],
    /,
) -> Callable[[CodeType, int], object]:
    """A callback of ``sys.monitoring`` for code that starts in this thread; starts in others are left alone.

    Args:
        done: code that need not be reported again, by its id. Other code is: the answer is that of ``ask``.
        watched: code whose starts are noted in the last of ``parts``, if there is one; for all other code that is done,
            the answer is ``disable``.
        parts: what ran in each part that is under way.
        property: of ``cached_property.__get__``, whose starts are reported for each property.
        properties: those for which they need not be, by their ids.
        disable: ``sys.monitoring.DISABLE``.
        ask: reports a start.
    """

def first_alike(
    leaves: list[Any],
    sorts: tuple[tuple[type, str | None, tuple[str, ...], str, type[Exception] | None], ...],
    /,
) -> list[int]:
    """For each leaf the position of the first one like it; -1 where there is nothing to go by.

    Args:
        leaves: any objects.
        sorts: (type, unless, same, equal, error) of what can be compared: leaves are alike that are of exactly this
            type, whose method ``unless``, if there is one, says ``False``, whose attributes ``same`` are the very same
            objects, and whose attribute ``equal`` is equal. Where reading that raises ``error``, there is nothing to go
            by.
    """

def is_same(value: object, other: object, /) -> bool:
    """Whether two values are the very same object, equal constants of one type, or tuples of such.

    Constants are texts, bytes, integers and booleans; not floats: 0.0 == -0.0. Asks no other object, which might answer
    with code of the user's. Tuples that are nested deeper than 50 differ.
    """

def describe_tree(
    nodes: list[tuple[int, int, Any, Any, int, int]],
    leaf: int,
    builtin: dict[int, str],
    functions: Callable[[type], tuple[Any, ...]],
    /,
) -> tuple[object, ...]:
    """A tree as plain data: each node before its children, leaves that follow each other counted.

    Args:
        nodes: kind, number of children, data, class, leaves below, and nodes below with itself; children before their
            parent, the root last. A named tuple has its class in the place of its data.
        leaf: the kind of leaves.
        builtin: names of the kinds that have no class.
        functions: what is told of a class beside the class.

    Raises:
        RecursionError: it is too deep.
    """

def intercept(stock: Callable[..., Any], ask: Callable[..., Any], /) -> Callable[..., Any]:
    """A function that returns what ``ask`` answers, or, where that is ``NotImplemented``, what ``stock`` returns for
    the same arguments. It has no frame of its own.
    """

def hides_state(cls: type, /) -> bool:
    """Whether instances hold bytes that neither slots nor ``__dict__`` show: state that is kept in C."""

def uses_of_variable(code: CodeType, name: str, /) -> tuple[tuple[tuple[str, ...], ...], bool]:
    """How code, and the code nested in it, uses a variable that holds something before it runs.

    Returns:
        The attribute chains through which it is read, in order, and the empty chain where it is used in other ways or
        bound anew; and whether an attribute of it is assigned to.
    """

def add_abstract_classes_from(
    cls: type,
    found: dict[int, tuple[type, Told]],
    known: dict[int, tuple[type, Told]],
    look_at: Callable[[type], Told],
    /,
) -> None:
    """Adds an abstract base class and the abstract base classes that are made from it, each with what there is to tell.

    Args:
        cls: the class.
        found: what they are added to, by their ids. What is there already stays.
        known: what has been told of classes before, by their ids; grows.
        look_at: finds out what there is to tell of one.
    """

def attributes_descriptor(cls: type, /) -> GetSetDescriptorType | MemberDescriptorType | bool | None:
    """What reads ``__dict__`` of instances; True where they have one that nothing reads, None where they have none."""

def class_version(cls: type, /) -> int:
    """A number that is new whenever an attribute of the class or of a base of it has changed, or its bases have.

    No two classes share one. 0 where the interpreter has none to give. A new ``__qualname__`` alone changes nothing.
    """

def present_class_version(cls: type, /) -> int:
    """The same; 0 also where the class has changed since it was last used, or was never used.

    On Python 3.11 and 3.12 to be given a number shows in ``__flags__``.
    """

def slot_descriptors(cls: type, /) -> list[tuple[str, MemberDescriptorType]]:
    """Names of the slots of a class and what reads them, base classes last."""

def attributes_of(obj: object, /) -> dict[str, Any]:
    """The dictionary of an instance's attributes, whatever its class calls ``__dict__``.

    Raises:
        AttributeError: instances of the class have none.
    """

def encode_list(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_tuple(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_dict(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_mapping_proxy(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_cell(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_method(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_wrapper(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_property(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_marker(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_field(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_instance(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_builtin(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_function(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
def encode_class(walker: Walker, value: Any, path: Any, trusted: bool, /) -> None: ...
