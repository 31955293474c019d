"""What this user pinned of a repository, kept outside it: the first list of signers, and the last head seen."""

import os
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

from headway.app.errors import RefusedError
from headway.evidence.proof import Pin
from headway.spec.digest import digest

__all__ = ["load_pin", "pin_path", "save_pin"]


class _Kept(Struct, frozen=True, kw_only=True):
    """The file: the project's folder, for people who look, and the pin."""

    project: str
    pin: Pin


def pin_path(config: Path, project: Path) -> Path:
    """Where the pin of a project lies; `config` is the user's folder for configuration."""
    return config / "pins" / f"{digest(str(project.resolve()).encode())[:32]}.json"


def load_pin(config: Path, project: Path) -> Pin:
    """The pin of a project, an empty one when there is none; RefusedError when it cannot be read."""
    path = pin_path(config, project)
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept).pin
    except FileNotFoundError:
        return Pin()
    except (OSError, ValueError, msgspec.DecodeError) as fault:
        raise RefusedError(f"The pin {path} cannot be read: {fault}. Put it back, or remove it to pin anew.") from fault


def save_pin(config: Path, project: Path, pin: Pin) -> Path:
    """Write the pin whole or not at all; its path."""
    path = pin_path(config, project)
    data = msgspec.json.format(msgspec.json.encode(_Kept(project=str(project.resolve()), pin=pin)), indent=2)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".pin")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as fault:
        raise RefusedError(f"The pin {path} cannot be written: {fault.strerror}. Choose HEADWAY_CONFIG.") from fault
    return path
