"""All ingredients of a call's key, one by one, for explaining a miss. Costs about two walks: for the cold side only."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jitserve import _core, _jax, fingerprint
from jitserve._arguments import leaf_ingredients, root_labels
from jitserve._ingredient import Ingredient
from jitserve._key import CallKey, function_name
from jitserve._outcome import Refusal
from jitserve._roots import with_defaults
from jitserve._skeleton import skeleton, static_parts
from jitserve.record._ingredients import encode_ingredients

if TYPE_CHECKING:
    from jitserve._session import Session

_LIMIT = 160  # characters of a text
_SHOWN = frozenset((bool, int, float, str, bytes, type(None)))
# Told in detail, below.
_APART = frozenset(("function", "signature", "config", "process state", "XLA_FLAGS", "LIBTPU_INIT_ARGS"))


def ingredients_record(session: Session, call: _jax.Call, key: CallKey) -> bytes:
    """The record of a call's ingredients; empty where something went wrong, which costs an explanation only."""
    with contextlib.suppress(Refusal), session.guard("the record of ingredients"):
        return encode_ingredients(function_name(call), ingredients_of(call, key), key.footprint)
    return b""


def ingredients_of(call: _jax.Call, key: CallKey) -> list[Ingredient]:
    """The ingredients of a call, the most telling ones first.

    Raises:
        Refusal: what the function reads has changed since the key was computed, and cannot be fingerprinted any more.
    """
    walked = [(label, value) for label, value in key.roots if label.startswith("static argument")]
    labels = root_labels(call)
    static = static_parts(call)
    walked += [(label, value) for label, _, value in static.values]
    labels |= {label: name for label, name, _ in static.values}
    taken = fingerprint.take_notes(call.fun, walked, labels, key.footprint.functions, key.footprint.unread)
    notes = [_named(part) for part in taken]
    return [
        *(part for part in notes if part.kind == "waived"),
        *(part for part in notes if part.kind == "static"),
        *_environment(key),
        *_options(call, key),
        *(
            Ingredient(name, _core.sha256(where), f"{where.count(b' ') + 1} nodes", "option")
            for name, where in static.places
        ),
        *(part for part in notes if part.kind in ("function", "class", "library")),
        *leaf_ingredients(call),
        *(part for part in notes if part.kind == "value"),
    ]


def _named(note: Ingredient) -> Ingredient:
    is_static = note.kind == "value" and note.name.startswith(("static argument", "argument"))
    return dataclasses.replace(note, kind="static") if is_static else note


def _environment(key: CallKey) -> Iterator[Ingredient]:
    for part in key.ingredients:
        if part.name not in _APART:
            yield Ingredient(part.name, part.digest, part.text, "environment")
    for variable, flags in fingerprint.xla_flags(os.environ):
        for name, value in flags:
            yield Ingredient(f"{variable} --{name}", b"", value, "flag")
    for name, state in fingerprint.relevant_states(_jax.config_states()):
        yield Ingredient(name, b"", repr(state)[:_LIMIT], "config")
    yield from (_part_of_state(name, value) for name, value in fingerprint.process_state())


def _part_of_state(name: str, value: object) -> Ingredient:
    text = repr(value) if _is_plain(value) else ""
    if 0 < len(text) <= _LIMIT:
        return Ingredient(name, b"", text, "state")
    return Ingredient(name, _digest(name, value), _text(value)[:_LIMIT], "state")


def _options(call: _jax.Call, key: CallKey) -> Iterator[Ingredient]:
    """The options of the jit, the context, and the structure of the arguments: the roots that have no names inside."""
    states = {name for name, _ in _jax.config_states()}
    texts = {f"option {name}": str(value) for name, value in _jax.option_fields(call.info)}
    texts |= {f"context {name}": text for name, value in _jax.context_values() if (text := _jax.mesh_text(value))}
    structures = {f"tree of argument {i}": skeleton(tree) for i, tree in enumerate(call.trees)}
    labels = root_labels(call)
    for label, value in with_defaults(key.roots, call):
        kind, _, name = label.partition(" ")
        if kind == "static" or (kind == "context" and name in states):
            continue  # noted one by one; told as configuration
        if label in structures:
            if structures[label] != "*":  # a leaf tells by itself
                yield _cut(labels[label], structures[label])
            continue
        text = texts.get(label) or _text(value)
        yield Ingredient(labels.get(label, label), _digest(label, value), text[:_LIMIT], "option")


def _digest(label: str, value: object) -> bytes:
    return fingerprint.walk(None, [(label, value)], deferred=True).digest


def _cut(name: str, text: str) -> Ingredient:
    return Ingredient(name, _core.sha256(text.encode()) if len(text) > _LIMIT else b"", text[:_LIMIT], "option")


def _is_plain(value: object) -> bool:
    return type(value) in _SHOWN or (type(value) is tuple and all(map(_is_plain, value)))


def _text(value: object) -> str:
    if type(value) in _SHOWN:
        return str(value)
    if type(value) is tuple:
        return f"({', '.join(map(_text, value))})"
    named = value if isinstance(value, type | types.FunctionType) else type(value)
    return f"{named.__module__}.{named.__qualname__}"  # to show an object of the user's would run code of theirs
