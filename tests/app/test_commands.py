"""The table of commands: every row is a command that says what it does."""

import importlib
import subprocess
import sys
from pathlib import Path

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


def test_a_misspelt_command_names_the_nearest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "headway", "stauts"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "Did you mean 'status'?" in done.stderr


def test_no_arguments_show_the_commands() -> None:
    done = subprocess.run([sys.executable, "-m", "headway"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, 2}  # releases of click differ
    assert all(name in done.stdout + done.stderr for name in COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "headway", "completion", shell], capture_output=True, text=True, timeout=60, check=True
    )
    assert "_HEADWAY_COMPLETE" in done.stdout


def test_a_port_that_fails_is_no_fault_of_ours(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-m", "headway", "check", "--repo", str(tmp_path), "--commit", "no-such"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "names no commit" in done.stderr) == (1, True)
