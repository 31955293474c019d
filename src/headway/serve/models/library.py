"""Which bundles a server may load: those that it was started with, and those in a folder of bundles.

A bundle is checked whole each time that it is loaded; until then only its manifest is read, to know its name.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from headway.evidence.bundle import BUNDLE_FILE
from headway.serve.fault import Fault

__all__ = ["Entry", "Library", "newest"]

_MANIFEST_BYTES = 64 * 2**20
_BUNDLES = 10_000


class _Named(Struct):
    model: str
    version: str
    runtime: str = ""


class Entry(Struct, frozen=True, kw_only=True):
    """A bundle by the name and runtime that it gives itself; `reason` says why it cannot be read."""

    folder: Path
    model: str = ""
    version: str = ""
    runtime: str = ""
    reason: str = ""


class Library:
    """`given` are bundles; `folder` holds more, each in a folder of its own, and may change while the server runs."""

    def __init__(self, given: Sequence[Path], folder: Path | None = None) -> None:
        self._given = [path.resolve() for path in given]
        self._folder = folder.resolve() if folder else None

    @property
    def open(self) -> bool:
        """May bundles be loaded and unloaded while the server runs?"""
        return self._folder is not None

    def folders(self) -> list[Path]:
        """Where bundles may lie."""
        return [*self._given, *([self._folder] if self._folder else [])]

    def entries(self) -> list[Entry]:
        """All bundles that are there now; folders without a manifest are none."""
        found = list(self._given)
        if self._folder is not None:
            try:
                below = sorted(self._folder.iterdir())[:_BUNDLES]
            except OSError as error:
                return [Entry(folder=self._folder, reason=f"{self._folder} cannot be read ({error.strerror})")]
            found += [path for path in below if (path / BUNDLE_FILE).is_file() and path not in found]
        return [_read(path) for path in found]

    def find(self, model: str, version: str = "") -> Entry:
        """The bundle of a version, or of the newest; Fault 404 when there is none."""
        named = [entry for entry in self.entries() if entry.model == model and version in {"", entry.version}]
        if not named:
            wanted = f"model {model!r}" + (f", version {version!r}" if version else "")
            raise Fault(404, f"there is no bundle of {wanted} to load")
        return max(named, key=lambda entry: newest(entry.version))


def newest(version: str) -> tuple[tuple[int, int, str], ...]:
    """The key by which versions are ordered: numbers as numbers, and before any words.

    >>> sorted(["1.10.0", "1.9.0", "1.9.0-rc"], key=newest)
    ['1.9.0', '1.9.0-rc', '1.10.0']
    """
    parts = version.replace("-", ".").split(".")
    return tuple((0, int(part), "") if part.isdecimal() and len(part) < 19 else (1, 0, part) for part in parts)


def _read(folder: Path) -> Entry:
    try:
        if (folder / BUNDLE_FILE).stat().st_size > _MANIFEST_BYTES:
            return Entry(folder=folder, reason=f"{BUNDLE_FILE} is larger than {_MANIFEST_BYTES >> 20} MiB")
        named = msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=_Named)
    except OSError as error:
        return Entry(folder=folder, reason=f"{BUNDLE_FILE} cannot be read ({error.strerror})")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return Entry(folder=folder, reason=f"{BUNDLE_FILE} is no bundle's manifest: {error}")
    return Entry(folder=folder, model=named.model, version=named.version, runtime=named.runtime)
