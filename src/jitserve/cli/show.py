"""``jitserve show``: what the key of an entry was made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jitserve._errors import SettingsError
from jitserve.cli._directory import STORE_HELP, default_store_directory, existing_store
from jitserve.cli._entry import Entry, entries_of, ingredients_of, variants_of
from jitserve.store._listing import with_prefix
from jitserve.store._tier import Kind

if TYPE_CHECKING:
    from jitserve._ingredient import Ingredient


@click.command()
@click.argument("key")
@click.option("--store", type=click.Path(path_type=Path, file_okay=False, exists=True), help=STORE_HELP)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(key: str, store: Path | None, form: str) -> None:
    """Show the entries under a call KEY, given by its first characters, with the ingredients of the key."""
    try:
        directory = store or default_store_directory()
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    disk = existing_store(directory)
    if disk is None:
        raise click.ClickException(f"there is no store in {directory}")
    whole = _only(directory, key)
    pairs = zip(entries_of(disk, whole), variants_of(disk, whole), strict=True)
    found = [(entry, *ingredients_of(disk, variant)) for entry, (_, variant) in pairs]
    if form == "json":
        click.echo(json.dumps([_as_dict(*each) for each in found], indent=2))
    else:
        click.echo("\n\n".join("\n".join(_lines(*each)) for each in found))


def _only(directory: Path, prefix: str) -> bytes:
    if not re.fullmatch("[0-9a-f]{1,64}", prefix):
        raise click.UsageError(f"{prefix!r} is not the beginning of a key: use the characters that `jitserve ls` shows")
    keys = with_prefix(directory, Kind.MANIFEST, prefix)
    if not keys:
        raise click.ClickException(f"no entry in {directory} has a key that begins with {prefix}")
    if len(keys) > 1:
        some = ", ".join(key.hex()[: len(prefix) + 4] for key in keys[:4])
        raise click.ClickException(f"{len(keys)} keys begin with {prefix}: {some}, ...; give more characters")
    return keys[0]


def _as_dict(entry: Entry, ingredients: list[Ingredient], left_out: int) -> dict[str, object]:
    parts = [{**asdict(part), "digest": part.digest.hex()} for part in ingredients]
    return {**asdict(entry), "ingredients": parts, "left_out": left_out}


def _lines(entry: Entry, ingredients: list[Ingredient], left_out: int) -> Iterator[str]:
    yield f"function  {entry.function}"
    yield f"call key  {entry.key}"
    yield f"program   {entry.program}, {entry.bytes / 1e6:.2f} MB{'' if entry.executable else ', no executable'}"
    yield f"seconds   trace {entry.trace_s:.2f}, lower {entry.lower_s:.2f}, compile {entry.compile_s:.2f}"
    kind = ""
    for part in ingredients:
        if part.kind != kind:
            kind = part.kind
            yield f"{kind}"
        yield f"  {part.name}: {'; '.join((part.text, *part.details))}"
    if left_out:
        yield f"and {left_out} more, which did not fit into the record"
