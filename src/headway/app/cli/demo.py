"""`headway demo`: the main job on real flights, from an empty folder to a proven rollback."""

import shutil
import tempfile
from pathlib import Path

import click
import msgspec

from headway.app.errors import RefusedError

__all__ = ["command"]


@click.command("demo")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Where to work (default: a temporary folder).")
@click.option("--keep", is_flag=True, help="Leave the repository and what serves as they are at the end.")
@click.option("--json", "report", type=click.Path(path_type=Path), help="Write what each step came to.")
def command(folder: Path | None, *, keep: bool, report: Path | None) -> None:
    """Show the whole way of a change on real flights of 2013, in about four minutes."""
    from headway.app.demo.scene import Scene
    from headway.app.demo.setup import prepare
    from headway.app.demo.story import tell

    if folder and folder.exists() and any(folder.iterdir()):
        raise RefusedError(f"{folder} is not empty: name a new folder with --dir, or empty it.")
    place = folder.absolute() if folder else Path(tempfile.mkdtemp(prefix="headway-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    scene = Scene(place)
    try:
        prepare(scene)
        steps = tell(scene)
        if report:
            report.write_bytes(msgspec.json.format(msgspec.json.encode({"steps": steps}), indent=2))
    finally:
        scene.end(keep=keep)
        if not keep and not folder:
            shutil.rmtree(place, ignore_errors=True)
    if keep:
        click.echo(f"\nThe repository is {scene.repo}; `headway down` there ends what still serves.")
