"""`headway scan`: what stands in a model file, told without loading it."""

import re
from collections import Counter
from pathlib import Path

import click

from headway.app.errors import RefusedError
from headway.app.scanning import FileScan, Scanned
from headway.app.show import output_option, show

__all__ = ["command"]

_GLOBAL = re.compile(r"[^:\s]*:[^:\s]+")


@click.command("scan")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--allow", multiple=True, metavar="MODULE:NAME", help="Allow this too, as `scan.allow` of a Policy does.")
@output_option
def command(path: Path, allow: tuple[str, ...], output: str) -> None:
    """Tell what a model file, or each one in a folder, holds; nothing is loaded.

    Whatever is not on the reviewed list, or cannot be understood to its last byte, is refused.
    """
    from headway.app.scanning import scan_path

    wrong = next((name for name in allow if not _GLOBAL.fullmatch(name)), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is not MODULE:NAME, such as features:Clean", param_hint="--allow")
    found = scan_path(path, allow)
    show(found, output, text)
    refused = sum(file.verdict == "refused" for file in found.files)
    if refused:
        raise RefusedError(f"{refused} of {len(found.files)} files refused; load none of them before that is cured.")
    if not found.files:
        raise RefusedError(f"There is no model file in {path}, so nothing was scanned. Name the file itself.")


def text(found: Scanned) -> str:
    """File by file, each refusal with what to do; what was left out last."""
    lines = [line for file in found.files for line in _lines(file)]
    kinds = Counter(Path(name).suffix or "without an ending" for name in found.left_out)
    if kinds:
        lines.append(f"left out, no model files: {', '.join(f'{count} {kind}' for kind, count in kinds.items())}")
    return "\n".join(lines)


def _lines(file: FileScan) -> list[str]:
    told = [line for refusal in file.refused for line in (f"  {refusal.what}", f"    {refusal.cure}.")]
    return [f"{file.verdict:<8} {file.form or 'no known form':<18} {file.file}", *told]
