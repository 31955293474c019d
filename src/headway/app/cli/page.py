"""The reference page of the commands, docs/reference/commands.md, from the commands themselves."""

from collections.abc import Iterator

import click

from headway.app.cli.main import COMMANDS, cli

__all__ = ["page"]

HEAD = """\
# Commands

Exit codes: 0 done, 1 refused or failed as foreseen, 2 wrong usage, 3 a fault of Headway (with a report to attach),
130 interrupted. `-o json` prints the same view as JSON. `headway COMMAND --help` says what is here, too.
"""


def page() -> str:
    """Every command with its arguments and options."""
    context = click.Context(cli, info_name="headway")
    parts = [HEAD]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is not None:
            parts += _command(command, f"headway {name}")
    return "\n".join(parts)


def _command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _command(inner, f"{path} {name}")
        return
    pieces = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    yield f"## {path}\n"
    yield f"    {' '.join([path, *pieces])}\n"
    yield "\n".join(line.strip() for line in (command.help or "").replace("\f", "").splitlines()).strip() + "\n"
    rows = [record for option in command.params if (record := option.get_help_record(context))]
    if rows:
        yield "| option | |\n|---|---|"
        yield "\n".join(f"| `{_cell(flags)}` | {_cell(says)} |" for flags, says in rows) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
