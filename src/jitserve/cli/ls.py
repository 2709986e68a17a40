"""``jitserve ls``: the newest entries of a store."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from jitserve._errors import RecordError, SettingsError, StoreFault
from jitserve.cli._directory import STORE_HELP, default_store_directory, existing_store
from jitserve.cli._entry import Entry, entries_of
from jitserve.store._disk import DiskStore
from jitserve.store._listing import newest
from jitserve.store._tier import Kind


@click.command()
@click.argument("function", required=False, default="")
@click.option("--store", type=click.Path(path_type=Path, file_okay=False, exists=True), help=STORE_HELP)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many entries at most.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def ls(function: str, store: Path | None, limit: int, form: str) -> None:
    """List the newest entries: key, age, size, seconds of tracing with lowering and of compiling, function.

    With FUNCTION only those whose function's name contains it.
    """
    try:
        directory = store or default_store_directory()
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    disk = existing_store(directory)
    found = [] if disk is None else _newest(disk, function, limit)
    if form == "json":
        click.echo(json.dumps([asdict(entry) for entry in found], indent=2))
    else:
        nothing = f"there is no store in {directory}" if disk is None else f"nothing is stored in {directory}"
        click.echo("\n".join(_lines(found, time.time())) or nothing)


def _newest(store: DiskStore, function: str, limit: int) -> list[Entry]:
    found: list[Entry] = []
    for key in newest(store.directory, Kind.MANIFEST, limit if not function else 100 * limit):
        try:
            found += [entry for entry in entries_of(store, key) if function in entry.function]
        except (StoreFault, RecordError) as error:
            click.echo(f"{key.hex()[:12]}: {error}", err=True)
        if len(found) >= limit:
            break
    return found[:limit]


def _lines(entries: Sequence[Entry], now: float) -> list[str]:
    if not entries:
        return []
    lines = [f"{'KEY':<12}  {'AGE':>6}  {'SIZE':>9}  {'TRACE':>8}  {'COMPILE':>8}  FUNCTION"]
    for entry in entries:
        cost = f"{entry.trace_s + entry.lower_s:6.2f} s  {entry.compile_s:6.2f} s"
        missing = "" if entry.executable else "  (no executable)"
        size = f"{entry.bytes / 1e6:6.2f} MB"
        lines.append(f"{entry.key[:12]}  {_age(now - entry.published):>6}  {size}  {cost}  {entry.function}{missing}")
    return lines


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
