"""`headway render`: the Kubernetes objects of what is released, as they are applied on this machine or a cluster."""

from pathlib import Path

import click

from headway.app.show import repo_option

__all__ = ["command"]


@click.command("render")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write files here, not text.")
@repo_option
def command(folder: Path | None, repo: str) -> None:
    """Write the objects of every released model in every environment."""
    from headway.app.rendering import rendered

    found = rendered(Path(repo))
    for path, text in found.files.items():
        if folder is None:
            click.echo(f"---\n# {path}\n{text}", nl=False)
            continue
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        click.echo(f"wrote {target}")
    for line in found.missing:
        click.echo(f"not rendered: {line}", err=True)
