"""`headway serve BUNDLE`: the model server; every option is its own, see `python -m headway.serve --help`."""

import sys

import click

__all__ = ["command"]


@click.command(
    "serve",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Serve bundles over the Open Inference Protocol v2 (REST, and gRPC if asked) and MLflow's /invocations."""
    from headway.serve.__main__ import main

    sys.exit(main(arguments))
