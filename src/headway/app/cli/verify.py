"""`headway verify`: what the record proves, what it does not, and what was done to it."""

from pathlib import Path

import click

from headway.app.errors import RefusedError
from headway.app.show import output_option, repo_option, show

__all__ = ["command"]


@click.command("verify")
@click.option("--pin", is_flag=True, help="Keep the list of signers and the head outside the repository from now on.")
@repo_option
@output_option
def command(*, pin: bool, repo: str, output: str) -> None:
    """Prove that every release has its evidence, and that nothing was changed.

    The first list of signers and the last head seen are pinned with --pin, under HEADWAY_CONFIG. Unpinned, a record is
    consistent at best.
    """
    from headway.app.proving import prove
    from headway.app.texts import proof_text

    proof = prove(Path(repo), pin=pin)
    show(proof, output, proof_text)
    if not proof.ok:
        kept = "Nothing was pinned. " if pin else ""
        raise RefusedError(f"{proof.summary}. {kept}Ask who wrote these commits before anything is released again.")
