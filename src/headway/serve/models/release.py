"""Asks for a release statement before a bundle is served: no statement, no start."""

from pathlib import Path

import msgspec

from headway.serve.fault import RefusedError

__all__ = ["require_release"]


def require_release(statement: Path, keys: Path | None, *, bundle: str, environment: str) -> None:
    """RefusedError unless the statement lets the bundle into the environment.

    `statement` is a file, or a folder where the bundle's own is called by its digest (`<digest>.json`).  `keys` is a
    JSON file from outside Git, name to Ed25519 public key in hex; without it nothing is authenticated.
    """
    # cryptography is a heavy import, which a server that requires nothing need not pay.
    from headway.evidence.vsa import check_release  # noqa: PLC0415 - the reason above

    if keys is None or not environment:
        raise RefusedError("a release is required: say --keys FILE and --environment NAME too")
    try:
        envelope = (statement / f"{bundle}.json" if statement.is_dir() else statement).read_bytes()
        known = msgspec.json.decode(keys.read_bytes(), type=dict[str, str])
    except OSError as error:
        raise RefusedError(f"a release is required and {error.filename} cannot be read ({error.strerror})") from None
    except msgspec.DecodeError as error:
        raise RefusedError(f"{keys} is not a JSON object of names and public keys: {error}") from None
    if reason := check_release(envelope, keys=known, bundle=bundle, environment=environment):
        raise RefusedError(reason)
