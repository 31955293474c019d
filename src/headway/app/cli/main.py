"""The command `headway`: a table of commands, each imported when it is called."""

import importlib
import sys
from collections.abc import Mapping

import click

from headway.app.errors import INTERRUPTED, OURS, REFUSED, RefusedError

__all__ = ["COMMANDS", "cli", "main"]

# Command -> (its one line in --help, its module).  A module holds its click command as `command`.
COMMANDS: Mapping[str, tuple[str, str]] = {}


class Lazy(click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command's module, or None when there is no such command."""
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        command: click.Command = importlib.import_module(row[1]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (line, _) in COMMANDS.items()])


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headway", prog_name="headway")
def cli() -> None:
    """From a Git commit to a model in production, and back."""


def main() -> None:
    """Run a command and leave with its exit code: 0 done, 1 refused, 2 usage, 3 our fault, 130 interrupted."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        sys.exit(INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except click.ClickException as refusal:
        refusal.show()
        sys.exit(refusal.exit_code)
    except RefusedError as refusal:
        click.echo(f"headway: {refusal}", err=True)
        sys.exit(REFUSED)
    except Exception:  # noqa: BLE001 - the outer border of a command: it becomes a report
        from headway.app.report import write_report

        click.echo(write_report(), err=True)
        sys.exit(OURS)
