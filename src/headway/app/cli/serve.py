"""`headway serve PATH`: the model server, for bundles and for bare model files; most options are the server's own."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from headway.app.errors import RefusedError

__all__ = ["command"]

# A bare file is tried by hand: the line to try it with must name the port before the server listens.
PORT = 8080


@click.command(
    "serve",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Serve bundles, or a bare model file: Open Inference Protocol v2 (gRPC if asked), MLflow's /invocations."""
    from headway.serve.__main__ import main, parser

    whole = _ours(parser())
    asked = whole.parse_args(arguments)
    own, rest = _ours(argparse.ArgumentParser(add_help=False, allow_abbrev=False)).parse_known_args(arguments)
    paths: list[Path] = asked.bundle
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise RefusedError(f"{missing[0]} is not there.")
    bare = [path for path in paths if path.is_file() or _is_mlflow(path)]
    if not bare:
        if any(vars(own).values()):
            whole.error("--sample, --label, --task, --name, --allow and --code are for a bare model file")
        sys.exit(main(rest))
    if len(paths) > 1:
        whole.error("a bare model file is served alone")
    sys.exit(_serve(bare[0], asked, rest, main))


def _ours(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    group = made.add_argument_group("a bare model file, or a folder that MLflow saved, in place of a bundle")
    group.add_argument(
        "--sample", type=Path, metavar="FILE", help="rows that it may be asked: CSV, Parquet, JSON lines"
    )
    group.add_argument("--label", default="", metavar="COLUMN", help="the sample's column that is predicted")
    group.add_argument("--task", choices=["classification", "regression"], help="where the model does not say it")
    group.add_argument("--name", default="", help="the model's name in requests; the file's by default")
    group.add_argument("--allow", action="append", default=[], metavar="MODULE:NAME", help="what the file may hold too")
    group.add_argument("--code", action="append", type=Path, default=[], metavar="FILE", help="a module that it needs")
    return made


def _is_mlflow(path: Path) -> bool:
    return (path / "MLmodel").is_file() and not (path / "bundle.json").exists()


def _serve(path: Path, asked: argparse.Namespace, rest: Sequence[str], main: Callable[[Sequence[str]], int]) -> int:
    from headway.app.model_file import Bare, bundled
    from headway.app.model_view import told
    from headway.app.settings import read_settings

    bare = Bare(
        path=path,
        sample=asked.sample,
        label=asked.label,
        task=asked.task,
        name=asked.name,
        python=Path(asked.python),
        allow=tuple(asked.allow),
        code=tuple(asked.code),
    )
    port = asked.port or PORT
    with bundled(bare, read_settings(), _say) as made:
        _say(told(path, made.manifest, host=asked.host, port=port))
        words = [str(made.folder) if word == str(path) else word for word in rest]
        return main([*words, "--port", str(port)])


def _say(line: str) -> None:
    click.echo(line, err=True)
