"""``jitserve-daemon``: one per host, shares one store among all processes."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from jitserve import _core
from jitserve._errors import JitserveError, SettingsError
from jitserve._settings import Settings
from jitserve.store._sidecar import parse_address

_LEVELS = ["debug", "info", "warning", "error"]


class MetricsAddress(click.ParamType[tuple[str, int] | None]):
    """``host:port``, a port of its own (on loopback), or ``none``."""

    name = "host:port"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int] | None:
        text = str(value)
        if text.lower() == "none":
            return None
        host, _, port = text.rpartition(":")
        if not port.isdigit() or int(port) > 65535:
            self.fail(f"{text!r} is not host:port; use for example 127.0.0.1:9464, 127.0.0.1:0 or none", param, ctx)
        return host.strip("[]") or "127.0.0.1", int(port)


@click.command()
@click.option(
    "--store", type=click.Path(path_type=Path, file_okay=False), help="Store directory.  [default: JITSERVE_DIR]"
)
@click.option(
    "--address",
    "--socket",
    "address",
    help="unix:/path or /path.  [default: JITSERVE_ADDRESS, else under XDG_RUNTIME_DIR]",
)
@click.option(
    "--metrics-address",
    type=MetricsAddress(),
    default="127.0.0.1:9464",
    show_default=True,
    help="Where Prometheus scrapes; port 0 takes a free one, none turns it off. If it is taken, the daemon warns and "
    "serves without metrics.",
)
@click.option("--log-level", type=click.Choice(_LEVELS), default="info", show_default=True)
@click.version_option(_core.__version__, prog_name="jitserve-daemon")
def main(store: Path | None, address: str | None, metrics_address: tuple[str, int] | None, log_level: str) -> None:
    """Share one store of compiled programs among all processes of this host.

    Runs in the foreground until SIGTERM or SIGINT. Processes find it by themselves at the default address, or by
    JITSERVE_ADDRESS.
    """
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Late: --help and --version need no gRPC.
    from jitserve.daemon._server import DaemonOptions, run_daemon

    try:
        settings = Settings.from_env()
        named = address or settings.address
        socket = parse_address(named or str(settings.socket_path))
        run_daemon(DaemonOptions(store or settings.store_dir, socket, metrics_address))
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except JitserveError as error:
        click.echo(f"jitserve-daemon: {error}", err=True)
        sys.exit(1)
