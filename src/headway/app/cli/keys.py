"""`headway keys`: whom a cluster's pods shall trust, for the Secret that Headway does not write itself."""

from pathlib import Path

import click

from headway.app.errors import RefusedError
from headway.app.show import repo_option

__all__ = ["command"]


@click.command("keys")
@click.argument("environment")
@repo_option
def command(environment: str, repo: str) -> None:
    """Print the public keys that may release into ENVIRONMENT, as JSON for `--keys`; run `headway verify` first."""
    import msgspec

    from headway.app.repository import open_repository
    from headway.app.wiring import open_book
    from headway.evidence.rights import deciders

    signers = open_book(open_repository(Path(repo))).ledger.chain.signers
    found = deciders(signers, environment)
    if not found:
        known = ", ".join(sorted({name for signer in signers for name in signer.may.decide})) or "none"
        raise RefusedError(f"Nobody may release into {environment!r}; somebody may into: {known}.")
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
