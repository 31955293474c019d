"""The demo's hands: a repository in a folder of its own, and the public commands it is worked on with.

It knows no other room: everything is done by `git` and `headway`, as a user would.
"""

import os
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import click

from headway.app.errors import RefusedError
from headway.app.show import say

__all__ = ["COMMAND_TIMEOUT_S", "Shell"]

COMMAND_TIMEOUT_S = 300


class Shell:
    """A repository with its keys and pins beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = folder / "repository"
        self.environ = _environ(folder)

    def say(self, text: str) -> None:
        """A line of the story."""
        say(text)

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command in the repository, show it and what it says; its standard output."""
        click.echo(click.style("    $ " + shlex.join(command), dim=True))
        said = self.quiet(*command, check=check)
        say(textwrap.indent(said, "      "))
        return said

    def quiet(self, *command: str, check: bool = True) -> str:
        """Run a command in the repository without showing it."""
        argv = [sys.executable, "-m", *command] if command[0] == "headway" else list(command)
        done = subprocess.run(
            argv,
            cwd=self.repo,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        if check and done.returncode:
            raise RefusedError(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """Write a file of the repository."""
        target = self.repo / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def commit(self, message: str) -> str:
        """Commit everything as the author; the commit's id, short."""
        self.quiet("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)
        return self.head()

    def head(self) -> str:
        """The commit that main stands at, short."""
        return self.quiet("git", "rev-parse", "--short", "HEAD").strip()


def _environ(folder: Path) -> dict[str, str]:
    """The environment of every command: keys and pins below the folder, and nothing of the user's own Git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "HEADWAY_KEY"))}
    person = {"NAME": "Ada", "EMAIL": "ada@example.com"}
    return {
        **kept,
        "HEADWAY_CONFIG": str(folder / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in person.items()},
    }
