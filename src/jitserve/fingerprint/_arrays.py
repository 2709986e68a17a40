"""Encoders of captured arrays, by value: they end up in the program as constants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jitserve import _core, _jax
from jitserve._outcome import BypassReason, Refusal

from . import _origin, _raw
from ._beside import beside, check_class
from ._path import ATTR, Path, render

if TYPE_CHECKING:
    from ._walker import Walker


def encode_numpy(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """An array of numpy: dtype, shape, contents in C order, layout; a subclass with its class and attributes, too."""
    if not walker.number_once(obj, path):
        return
    exact = type(obj) is np.ndarray
    walker.tokens.begin("ndarray", 3 if exact else 5)
    plain = np.ndarray.view(obj, np.ndarray)
    _emit(walker, plain, path)
    _emit_memory(walker, obj, path, trusted)
    children: list[tuple[Any, Path, bool]] = [(dtype_extras(plain.dtype), (path, ATTR, "dtype"), trusted)]
    if not exact:
        children.append((type(obj), (path, ATTR, "__class__"), trusted))
        children.append((_subclass_state(walker, obj), path, trusted))
    walker.push(children)


def _emit_memory(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """How it lies in memory, which ``ravel("K")``, ``flags`` and ``strides`` show, and with what it shares it."""
    read = _OF_ARRAYS if isinstance(obj, np.ndarray) else _OF_RECORDS
    flags, strides = read["flags"](obj), read["strides"](obj)
    walker.tokens.begin("memory", 6 + len(strides))
    for flag in (flags.writeable, flags.owndata, flags.aligned, flags.writebackifcopy):
        walker.tokens.bool_(bool(flag))
    owner = base = read["base"](obj)
    while (further := _behind(owner)) is not None:
        owner = further
    if base is None:
        owner = obj
    elif not trusted:
        walker.views.append((base, (path, ATTR, "base")))
    address = read["__array_interface__"](obj)["data"][0]
    number, first = walker.memory.setdefault(id(owner), (len(walker.memory), address))
    walker.tokens.int_(number)
    walker.tokens.int_(address - first)
    for stride in strides:
        walker.tokens.int_(stride)


# Of the base class: a subclass may have others under these names.
_OF_ARRAYS, _OF_RECORDS = (
    {name: getattr(kind, name).__get__ for name in ("__array_interface__", "base", "flags", "strides")}
    for kind in (np.ndarray, np.void)
)


# What a memory map knows of its file. Its contents are read; where they lie is not what the array is.
_OF_FILE = frozenset(("_mmap", "filename"))


def _behind(owner: Any) -> Any:
    """Whose memory something shows; None where it is its own."""
    if isinstance(owner, np.ndarray):
        return _OF_ARRAYS["base"](owner)
    return owner.obj if type(owner) is memoryview else None


def meet_buffer(walker: Walker, buffer: bytearray) -> None:
    """Notes the memory of a buffer, which arrays may show (``np.frombuffer``)."""
    address = np.frombuffer(buffer, np.uint8).__array_interface__["data"][0] if buffer else 0
    number, first = walker.memory.setdefault(id(buffer), (len(walker.memory), address))
    walker.tokens.int_(number)
    walker.tokens.int_(address - first)


def _subclass_state(walker: Walker, obj: Any) -> tuple[tuple[str, Any], ...]:
    """What an instance of a subclass holds beside its elements: attributes and slots."""
    namespace = _raw.instance_dict(obj)
    if namespace is not None:
        walker.share_in_part(namespace, obj)
    state = (*dict.items(namespace or {}), *_raw.slots(obj))
    left_out = _OF_FILE if _raw.is_subtype(type(obj), np.memmap) else ()
    return tuple((name, value) for name, value in state if name not in left_out)


def _emit(walker: Walker, array: Any, path: Path) -> None:
    emit_dtype(walker, array.dtype, path)
    walker.tokens.begin("shape", array.ndim)
    for size in array.shape:
        walker.tokens.int_(int(size))
    if array.nbytes > walker.limits.array_bytes:
        raise Refusal(
            BypassReason.LARGE_CAPTURED_CONST,
            render(path),
            f"a captured array of {array.nbytes} bytes (limit {walker.limits.array_bytes}); pass it as an argument",
        )
    walker.tokens.digest_(_core.sha256(_bytes_of(array).data if array.size else b""))


def _bytes_of(array: Any) -> Any:
    """The bytes of the elements in C order, but for those that are accidental: 6 of 16 of a long double on x86."""
    contents = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    if array.dtype.char not in "gG" or not array.dtype.isnative or np.finfo(np.longdouble).nmant != 63:
        return contents
    return np.ascontiguousarray(contents.reshape(-1, np.dtype(np.longdouble).itemsize)[:, :10])


def emit_dtype(walker: Walker, dtype: np.dtype[Any], path: Path) -> None:
    """A dtype by what it is, not by its text: two custom dtypes share the text ``<V2``."""
    if dtype.hasobject:
        raise Refusal(BypassReason.OBJECT_ARRAY, render(path), f"{dtype} holds Python objects; use a list or a tuple")
    tokens = walker.tokens
    fields: Mapping[str, Any] = dtype.fields or {}
    walker.has_met_time_types |= dtype.kind == "M"
    tokens.begin("dtype", 5 + len(fields))
    for text in (dtype.str, dtype.name, f"{_raw.module_name(dtype.type)}.{_raw.qualname(dtype.type)}"):
        tokens.str_(text)
    tokens.int_(dtype.itemsize)
    tokens.int_(int(dtype.isalignedstruct))
    for name in dtype.names or ():
        entry = fields[name]
        tokens.str_(name)
        tokens.int_(entry[1])
        tokens.str_(entry[2] if len(entry) > 2 and type(entry[2]) is str else "")
        emit_dtype(walker, entry[0], path)
    if dtype.subdtype is not None:
        tokens.begin("subdtype", len(dtype.subdtype[1]))
        for size in dtype.subdtype[1]:
            tokens.int_(int(size))
        emit_dtype(walker, dtype.subdtype[0], path)


def dtype_extras(dtype: np.dtype[Any]) -> tuple[Any, ...] | None:
    """What has to be walked of a dtype: metadata, a scalar type of the user's, titles, and the same of its parts."""
    scalar_type = dtype.type if _is_of_others(dtype.type) else None
    fields: Mapping[str, Any] = dtype.fields or {}
    entries = [fields[name] for name in dtype.names or ()]
    titles = tuple(entry[2] for entry in entries if len(entry) > 2 and type(entry[2]) is not str)
    parts = [entry[0] for entry in entries] + ([dtype.subdtype[0]] if dtype.subdtype is not None else [])
    extras = tuple(map(dtype_extras, parts))
    if dtype.metadata is None and scalar_type is None and not titles and not any(extras):
        return None
    return dtype.metadata, scalar_type, titles, extras


def _is_of_others(scalar_type: type) -> bool:
    return _raw.is_heap_type(scalar_type) and _origin.of_class(scalar_type) is not _origin.Origin.OPAQUE


def encode_dtype(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    extras = dtype_extras(obj)
    walker.tokens.begin("dtype object", 2)
    emit_dtype(walker, obj, path)
    walker.push([(extras, (path, ATTR, "metadata"), trusted)])


def encode_scalar(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """A numpy scalar: an immutable value, and numbered only if it is equal to itself alone. A record can change, and
    may lie in an array. One of a user's subclass has an identity, a class, and attributes.
    """
    if _is_of_others(type(obj)):
        _encode_scalar_of_others(walker, obj, path, trusted)
        return
    is_record = isinstance(obj, np.void)
    if (is_record or (obj.dtype.kind in "fcmMV" and obj != obj)) and not walker.number_once(obj, path):
        return
    if is_record:
        _emit_memory(walker, obj, path, trusted)
    extras = dtype_extras(obj.dtype)
    walker.tokens.begin("numpy scalar", 2 if extras is None else 3)
    _emit(walker, np.asarray(obj), path)
    if extras is not None:
        walker.push([(extras, (path, ATTR, "dtype"), trusted)])


def _encode_scalar_of_others(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    if not walker.number_once(obj, path):
        return
    plain = np.asarray(obj)  # as NumPy sees it: methods of the subclass are not asked
    walker.tokens.begin("numpy scalar", 5)
    _emit(walker, plain, path)
    walker.push(
        [
            (dtype_extras(plain.dtype), (path, ATTR, "dtype"), trusted),
            (type(obj), (path, ATTR, "__class__"), trusted),
            (_subclass_state(walker, obj), path, trusted),
        ]
    )


def encode_ufunc(walker: Walker, obj: np.ufunc, path: Path, trusted: bool) -> None:
    """A ufunc that numpy or scipy offers under its own name; one made of a Python function cannot be read.

    Of objects in arrays it calls, in C, a method of that name.
    """
    walker.unread.asked.add(obj.__name__)
    for module in ("numpy", "scipy.special", "numpy.linalg._umath_linalg"):
        if _is_offered(module, obj):
            walker.tokens.begin("ufunc", 2)
            walker.tokens.str_(module)
            walker.tokens.str_(obj.__name__)
            return
    raise Refusal(BypassReason.OPAQUE_CALLABLE, render(path), f"the ufunc {obj.__name__!r} keeps its function in C")


def _is_offered(module: str, obj: np.ufunc) -> bool:

    return _origin.look_up(module, obj.__name__) is obj


def encode_jax_array(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """An array of JAX: its aval, where it lives, whether it is committed to that, and its contents."""
    if not walker.number_once(obj, path):
        return
    if obj.is_deleted() or not obj.is_fully_addressable:
        what = "has been deleted or donated" if obj.is_deleted() else "is partly on other hosts"
        raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), f"a captured array {what}")
    if obj.nbytes > walker.limits.array_bytes:
        raise Refusal(
            BypassReason.LARGE_CAPTURED_CONST,
            render(path),
            f"a captured array of {obj.nbytes} bytes (limit {walker.limits.array_bytes}); pass it as an argument",
        )
    sharding, committed, layout = _jax.leaf_placement(obj)
    walker.tokens.begin("jax array", 6)
    walker.tokens.bool_(bool(obj.weak_type))
    walker.tokens.bool_(committed)
    _emit(walker, _contents(obj, path), path)
    walker.push(
        [
            (sharding, (path, ATTR, "sharding"), trusted),
            (layout, (path, ATTR, "format"), trusted),
            (beside(obj), path, trusted),
        ]
    )


def _contents(obj: Any, path: Path) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(obj)
    except jax.errors.JaxRuntimeError as error:  # a token, or what a failed computation left behind
        detail = f"a captured array cannot be read: {error}"
        raise Refusal(BypassReason.UNKNOWN_OBJECT, render(path), detail) from None


def encode_key_array(walker: Walker, obj: Any, path: Path, trusted: bool) -> None:
    """Typed PRNG keys: the implementation, and the words of the keys."""
    if not walker.number_once(obj, path):
        return
    check_class(walker, obj, path)
    walker.tokens.begin("key array", 3)
    walker.push(
        [
            (obj._impl, (path, ATTR, "impl"), trusted),
            (obj._base_array, (path, ATTR, "words"), trusted),
            (beside(obj, _OF_KEYS), path, trusted),
        ]
    )


# Read by the encoder, or what JAX notes for its check that no key is used twice.
_OF_KEYS = frozenset(("_impl", "_base_array", "_consumed", "_source_info"))


ENCODERS = {np.ndarray: encode_numpy, np.ufunc: encode_ufunc}
