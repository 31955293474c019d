"""`headway completion`: what a shell sources so that Tab completes commands, options and values."""

import click
from click.shell_completion import get_completion_class

__all__ = ["command"]


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL: `source <(headway completion bash)` in ~/.bashrc."""
    from headway.app.cli.main import cli

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(made(cli, {}, "headway", "_HEADWAY_COMPLETE").source())
