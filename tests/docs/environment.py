"""Builds the environment that the tutorial trains in: `python -m tests.docs.environment`.

A set-up reaches the package index, a test never does.
"""

from pathlib import Path

import click
from tests.docs.transcript import File, steps

from headway.app.settings import read_settings
from headway.app.wiring import training_environment

PAGE = Path(__file__).parents[2] / "docs/tutorials/first-model.md"

if __name__ == "__main__":
    files = {step.path: step.text for step in steps(PAGE.read_text(encoding="utf-8")) if isinstance(step, File)}
    training_environment(
        read_settings(),
        files["requirements.txt"].encode(),
        tell=lambda: click.echo("Building the tutorial's training environment (once; a minute or two) ..."),
    )
