"""The table of commands: every row is a command that says what it does."""

import importlib
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from headway.app.cli.main import COMMANDS, MACHINES, cli


@pytest.mark.parametrize("name", [*COMMANDS, *MACHINES])
def test_every_row_is_a_command_of_that_name(name: str) -> None:
    module, _, attribute = (COMMANDS[name][1] if name in COMMANDS else MACHINES[name]).partition(":")
    command = getattr(importlib.import_module(module), attribute or "command")
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help


def test_an_unknown_command_is_wrong_usage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "headway", "no-such"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "no-such" in done.stderr


def test_help_lists_the_commands_of_people_only() -> None:
    listed = CliRunner().invoke(cli, ["--help"]).stdout.partition("Commands:")[2].split("\n")
    assert [line.split()[0] for line in listed if line.strip()] == list(COMMANDS)
