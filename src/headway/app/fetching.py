"""Brings a bundle from the store to where it is served: nothing is placed without a release, nothing is left half."""

import shutil
from pathlib import Path

import msgspec
from msgspec import Struct

from headway.app.errors import RefusedError
from headway.app.storage import store_at
from headway.reconcile.ports import PortError
from headway.serve.fault import RefusedError as Refusal
from headway.serve.models.bundle import open_bundle
from headway.serve.models.release import require_release

__all__ = ["Guard", "fetch"]


class Guard(Struct, frozen=True, kw_only=True):
    """What lets a bundle in: a signed statement, and from outside Git the keys of those who may let it in here."""

    statement: Path
    keys: Path | None
    environment: str


def fetch(digest: str, folder: Path, store: str, guard: Guard | None) -> bool:
    """Place a bundle; False when it lay there already.  RefusedError says what is wrong, and then nothing is there.

    The release is asked first: not one byte of a bundle that may not run is copied.
    """
    try:
        if guard:
            require_release(guard.statement, guard.keys, bundle=digest, environment=guard.environment)
        if folder.exists():
            open_bundle(folder, digest)
            return False
        store_at(store, Path.cwd()).place(digest, folder)
    except (Refusal, PortError) as refusal:
        raise RefusedError(str(refusal)) from None
    except msgspec.DecodeError as error:
        raise RefusedError(f"{digest[:12]}… in the store is no folder's listing: {error}") from None
    try:
        open_bundle(folder, digest)
    except Refusal as refusal:
        # It is ours: it was not there before.
        shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
        raise RefusedError(str(refusal)) from None
    return True
