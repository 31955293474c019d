"""`headway schema`: JSON Schemas of the kinds, as editors read them."""

from pathlib import Path

import click

from headway.app.errors import RefusedError

__all__ = ["command"]


@click.command("schema")
@click.argument("kind", required=False)
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write every kind's schema here."
)
def command(kind: str | None, folder: Path | None) -> None:
    """Write the JSON Schema of every kind (--to DIR), or print the one of a KIND."""
    import msgspec

    from headway.spec.convert import nearest
    from headway.spec.explain import DOCUMENTED
    from headway.spec.schema import schema

    if kind is not None and kind not in DOCUMENTED:
        raise RefusedError(f"There is no kind {kind!r}: {', '.join(DOCUMENTED)}.{nearest(kind, DOCUMENTED)}")
    if (kind is None) == (folder is None):
        raise click.UsageError("Give --to DIR for the schemas of all kinds, or one KIND to print.")
    made = {
        name: msgspec.json.format(msgspec.json.encode(schema(name)), indent=2).decode() + "\n"
        for name in DOCUMENTED
        if kind in {None, name}
    }
    if folder is None:
        click.echo("".join(made.values()), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        target = folder / f"{name.lower()}.schema.json"
        target.write_text(text, encoding="utf-8")
        click.echo(f"wrote {target}")
    click.echo("An editor with the YAML language server takes this as a file's first line:")
    click.echo(f"# yaml-language-server: $schema={(folder / 'model.schema.json').resolve()}")
