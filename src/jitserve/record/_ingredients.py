"""The ingredients of a key as a blob, for explaining a miss. Free of JAX: the command line reads it, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jitserve._footprint import WHOLE, Footprint
from jitserve._ingredient import Ingredient
from jitserve.record._footprints import decode_footprint, encode_footprint
from jitserve.record._message import SCHEMA, parse
from jitserve.v1 import record_pb2 as pb

LIMIT = 256 << 10  # bytes of one blob
_OVERHEAD = 8  # bytes of one ingredient besides its contents, about


def encode_ingredients(function: str, ingredients: Sequence[Ingredient], footprint: Footprint = WHOLE) -> bytes:
    """Encodes ingredients, as many as fit: the first ones are the most telling. The rest is counted."""
    message = pb.Ingredients(schema=SCHEMA, function=function, footprint=encode_footprint(footprint))
    left = LIMIT
    for ingredient in ingredients:
        encoded = pb.Ingredient(
            kind=ingredient.kind,
            name=_clean(ingredient.name),
            text=_clean(ingredient.text),
            digest=ingredient.digest,
            details=[_clean(line) for line in ingredient.details],
        )
        left -= encoded.ByteSize() + _OVERHEAD
        if left < 0:
            break
        message.ingredients.append(encoded)
    message.left_out = len(ingredients) - len(message.ingredients)
    return message.SerializeToString(deterministic=True)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a blob says of a call key.

    Attributes:
        ingredients: of the key, the most telling ones first.
        left_out: how many further ones did not fit.
        footprint: what the walk of the key was pruned to.
    """

    ingredients: list[Ingredient]
    left_out: int
    footprint: Footprint


def decode_ingredients(data: bytes) -> Recorded:
    """Reads a blob of ingredients.

    Raises:
        RecordError: it is not a blob of ingredients, or of another schema.
    """
    message = parse(pb.Ingredients(), data, "record of ingredients")
    return Recorded(list(_decoded(message.ingredients)), message.left_out, decode_footprint(message.footprint))


def _decoded(messages: Iterable[pb.Ingredient]) -> Iterable[Ingredient]:
    for message in messages:
        yield Ingredient(message.name, message.digest, message.text, message.kind, tuple(message.details))


def _clean(text: str) -> str:
    """Text that protobuf takes: it has no lone surrogates."""
    return text.encode("utf-8", "replace").decode()
