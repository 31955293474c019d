"""`headway fetch`: what the init container of a rendered pod runs."""

from pathlib import Path

import click

__all__ = ["command"]


@click.command("fetch")
@click.argument("digest")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--store", required=True, help="Where bundles lie: file:FOLDER.")
@click.option("--environment", default="", help="The environment that the release statement must name.")
@click.option("--require-release", "statement", type=click.Path(path_type=Path), help="Refuse without this statement.")
@click.option("--keys", type=click.Path(path_type=Path), help="JSON: name to public key in hex, of who may release.")
def command(  # the options of a command are its parameters
    *, digest: str, folder: Path, store: str, environment: str, statement: Path | None, keys: Path | None
) -> None:
    """Copy the bundle DIGEST from a store to FOLDER, every byte verified."""
    from headway.app.fetching import Guard, fetch

    guard = Guard(statement=statement, keys=keys, environment=environment) if statement else None
    placed = fetch(digest, folder, store, guard)
    click.echo(f"bundle {digest[:12]} {'is placed' if placed else 'lies already'} at {folder}, verified")
