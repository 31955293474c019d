"""The settings of a run, read from the environment here and nowhere else."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from headway.app.errors import RefusedError

__all__ = ["Folders", "Pace", "Settings", "read_settings"]


class Folders(Struct, frozen=True, kw_only=True):
    """Where things lie outside the repository: `config` holds keys and pins, `cache` what can be made again."""

    config: Path
    cache: Path


class Pace(Struct, frozen=True, kw_only=True):
    """How often the loop looks, in seconds: at processes and traffic (`look`), at a remote (`fetch`)."""

    look: float = 0.5
    fetch: float = 10.0


class Settings(Struct, frozen=True, kw_only=True):
    """All settings; `environ` is the environment from which declared secrets are handed to steps by name."""

    folders: Folders
    pace: Pace = Pace()
    key: Path | None = None
    environ: Mapping[str, str] = {}


def read_settings() -> Settings:
    """Read HEADWAY_CONFIG, HEADWAY_CACHE, HEADWAY_KEY, HEADWAY_LOOK and HEADWAY_FETCH, or the user's own folders."""
    environ = dict(os.environ)
    home = Path(environ.get("HOME") or Path.home())
    config = environ.get("HEADWAY_CONFIG") or str(Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "headway")
    cache = environ.get("HEADWAY_CACHE") or str(Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "headway")
    key = environ.get("HEADWAY_KEY")
    return Settings(
        folders=Folders(config=Path(config).absolute(), cache=Path(cache).absolute()),
        pace=Pace(
            look=_positive(environ, "HEADWAY_LOOK", Pace().look),
            fetch=_positive(environ, "HEADWAY_FETCH", Pace().fetch),
        ),
        key=Path(key) if key else None,
        environ=environ,
    )


def _positive(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise RefusedError(f"{name} is {text!r}; it must be a number of seconds above 0. Unset it or mend it.")
    return value
