"""The ``jitserve`` command. A subcommand's module is imported only when that subcommand is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

from jitserve._core import __version__
from jitserve._errors import JitserveError

# Name of the subcommand -> (module, one line of help). The module defines a click command of the same name. The help
# stands here too, so that `jitserve --help` imports none of them.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("jitserve.cli.demo", "Show a training step start cold, with JAX's cache, and with jitserve."),
    "ls": ("jitserve.cli.ls", "List the newest entries of the store."),
    "run": ("jitserve.cli.run", "Run an unmodified Python program, served from the store as a whole."),
    "show": ("jitserve.cli.show", "Show what the key of an entry was made of."),
    "stats": ("jitserve.cli.stats", "Show what the store and the daemon hold and have done."),
}


class _Commands(click.Group):
    """The subcommands of ``COMMANDS``, imported on use; errors of jitserve end in one line, without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except JitserveError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jitserve")
def main() -> None:
    """A compile cache for JAX, shared by processes, that looks up the executable before tracing."""
