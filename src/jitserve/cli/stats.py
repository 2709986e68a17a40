"""``jitserve stats``: what the store holds, and what the daemon counted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import click

from jitserve._errors import SettingsError, StoreFault
from jitserve._settings import Settings
from jitserve.cli._directory import STORE_HELP, store_directory
from jitserve.store._inquiry import DaemonStats, ask_daemon
from jitserve.store._sidecar import parse_address
from jitserve.store._tier import Usage
from jitserve.store._usage import count

_HITS = ("direct_hit", "program_hit", "lowered_hit")
_ADDRESS_HELP = "The daemon: unix:/path or /path.  [default: JITSERVE_ADDRESS, else the default socket]"


@click.command()
@click.option("--store", type=click.Path(path_type=Path, file_okay=False), help=STORE_HELP)
@click.option("--address", help=_ADDRESS_HELP)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def stats(store: Path | None, address: str | None, form: str) -> None:
    """Show what the store holds and, if a daemon answers, what it has counted since it started."""
    try:
        settings = Settings.from_env()
        socket = parse_address(address or settings.address or str(settings.socket_path))
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    daemon, trouble = _ask(socket, wanted=address is not None or settings.daemon_wanted)
    directory = store or store_directory(settings, socket)
    usage = count(directory)
    if form == "json":
        click.echo(json.dumps(_as_dict(directory, usage, socket, daemon, trouble), indent=2))
    else:
        click.echo("\n".join(_lines(directory, usage, socket, daemon, trouble)))


def hit_rate(outcomes: Mapping[str, int]) -> float | None:
    """Hits of any kind per lookup that could have hit (bypasses and faults could not); ``None`` before the first."""
    hits = sum(outcomes.get(name, 0) for name in _HITS)
    asked = hits + outcomes.get("miss", 0)
    return hits / asked if asked else None


def _ask(socket: Path, wanted: bool) -> tuple[DaemonStats | None, str]:
    if not wanted:
        return None, "not asked: JITSERVE_ADDRESS=none"
    if not socket.exists():
        return None, "not running"
    try:
        return ask_daemon(socket), ""
    except StoreFault as fault:
        return None, fault.message


def _as_dict(
    directory: Path, usage: Usage, socket: Path, daemon: DaemonStats | None, trouble: str
) -> dict[str, dict[str, object] | None]:
    answer: dict[str, object] = {"address": f"unix:{socket}"}
    if daemon is None:
        answer["error"] = trouble
    else:
        answer |= asdict(daemon) | {"hit_rate": hit_rate(daemon.outcomes)}
    return {"store": {"path": str(directory)} | asdict(usage), "daemon": answer}


def _lines(directory: Path, usage: Usage, socket: Path, daemon: DaemonStats | None, trouble: str) -> Iterator[str]:
    yield f"store    {directory}"
    yield f"         {usage.entries} entries: {usage.manifests} manifests, {usage.programs} programs"
    yield f"         {usage.blobs} blobs, {usage.bytes / 1e6:.1f} MB in all, {usage.quarantined} quarantined"
    if daemon is None:
        yield f"daemon   unix:{socket}: {trouble}"
        return
    rate = hit_rate(daemon.outcomes)
    yield f"daemon   unix:{socket}, pid {daemon.pid}, version {daemon.version}, up {daemon.uptime_seconds:.0f} s"
    if daemon.store != str(directory):
        yield f"         serves another store: {daemon.store}"
    yield f"         metrics on {daemon.metrics_address}" if daemon.metrics_address else "         no metrics"
    yield f"lookups  {_counts(daemon.outcomes)}"
    yield f"         hit rate {'-' if rate is None else f'{rate:.1%}'}, {daemon.seconds_saved:.1f} s saved"
    yield f"         {daemon.loads} loads in {daemon.load_seconds:.1f} s, {daemon.published} published"
    yield f"bypasses {_counts(daemon.bypasses)}"
    yield f"faults   {_counts(daemon.faults)}"
    yield f"leases   {daemon.leases_held} held, {daemon.leases_waiting} waiting"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()) if number) or "none"
