"""Where this machine keeps records of predictions, and the key of their hashes: beside the runtime's own files."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from headway.adapters.local.words import place_key

__all__ = ["records_file", "records_key"]

_KEY_BYTES = 32


def records_file(root: Path, model: str, environment: str) -> Path:
    """The file that a model's processes write records to; its folder is there."""
    folder = root / "records"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{place_key(model, environment)}.jsonl"


def records_key(root: Path) -> Path:
    """The file of the key, made once and readable by nobody else; a new key would join no old records."""
    path = root / "records.key"
    root.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = root / f".records.key.{secrets.token_hex(8)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # whoever made it first, made it for all
            path.hardlink_to(fresh)
        fresh.unlink()
    return path
