"""`headway logs`: what a model's processes wrote last."""

from collections import deque
from pathlib import Path

import click

from headway.app.errors import RefusedError
from headway.app.show import repo_option, strip_escapes

__all__ = ["command"]


@click.command("logs")
@click.argument("model")
@click.option("--env", "environment", help="The environment (default: every one).")
@click.option("--lines", default=40, show_default=True, help="How many lines of each file.")
@repo_option
def command(model: str, environment: str | None, lines: int, repo: str) -> None:
    """Show the end of what a model's processes wrote."""
    from headway.app.repository import open_repository
    from headway.app.wiring import open_runtime

    repository = open_repository(Path(repo))
    wish = repository.wish_at(repository.source.refresh().commit)
    runtime = open_runtime(repository)
    places = [environment] if environment else list(wish.environments)
    files = [file for place in places for file in runtime.logs(model, place)]
    if not files:
        raise RefusedError(f"No process of {model} has written anything here.")
    for file in files:
        click.echo(f"== {file.name}")
        with file.open(errors="replace") as text:
            for line in deque(text, maxlen=lines):
                click.echo(strip_escapes(line.rstrip("\n")))
