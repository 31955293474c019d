"""The set-up of the demo: its folder, cleared of former ones, and its training environment, built once and kept."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from headway.app.demo.files import program
from headway.app.errors import RefusedError
from headway.app.settings import Settings

__all__ = ["make_folder", "prepare"]

DOWN_S = 180


def make_folder(settings: Settings, folder: Path | None, *, keep: bool) -> Path:
    """The folder named, if nothing lies there; else a new one in the cache, after what killed demos left is cleared."""
    if folder is None:
        home = settings.folders.cache / "demo"
        home.mkdir(parents=True, exist_ok=True)
        _clear(home)
        return Path(tempfile.mkdtemp(prefix=f"{'kept' if keep else 'run'}-{os.getpid()}-", dir=home))
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise RefusedError(f"{folder} is there and not an empty folder: name a new folder with --dir, or empty it.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.absolute()


def prepare(settings: Settings) -> None:
    """Build the environment that the demo's programs train in, unless it is there; RefusedError when it cannot be."""
    from headway.app.wiring import training_environment
    from headway.reconcile.ports import PortError

    try:
        training_environment(
            settings,
            program("requirements.lock").encode(),
            tell=lambda: click.echo(
                "Building the demo's training environment (once, from wheels; a minute or two) ..."
            ),
        )
    except PortError as error:
        raise RefusedError(str(error)) from error


def _clear(home: Path) -> None:
    """End and remove what demos left that were killed before they could."""
    for left in home.glob("run-*"):
        pid = left.name.split("-")[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            down = [sys.executable, "-m", "headway", "down", "--repo", str(left / "repository")]
            subprocess.run(down, capture_output=True, timeout=DOWN_S, check=False)
            shutil.rmtree(left, ignore_errors=True)
