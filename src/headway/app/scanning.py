"""Scans a model file, or every model file under a folder, and says which files it left out.  Loads none of them."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from headway.app.errors import RefusedError
from headway.evidence.scan import Refusal, examine
from headway.evidence.scan.form import is_model

__all__ = ["FileScan", "Scanned", "scan_path"]

MOST_BYTES = 8 * 2**30


class FileScan(Struct, frozen=True, kw_only=True):
    """One model file: its form ("" when it has none that is known), and each refusal with what to do."""

    file: str
    form: str
    verdict: Literal["pass", "refused"]
    refused: tuple[Refusal, ...]
    globals: tuple[str, ...]


class Scanned(Struct, frozen=True, kw_only=True):
    """Every model file, and the files that are none by their names or bytes."""

    files: tuple[FileScan, ...]
    left_out: tuple[str, ...]


def scan_path(path: Path, allow: Collection[str]) -> Scanned:
    """Scan what is there; a file that is named by itself is a model file, whatever it looks like."""
    try:
        return _scan(path, allow)
    except OSError as error:
        raise RefusedError(f"{error.filename} cannot be read: {error.strerror}. Scan as a user who may.") from error


def _scan(path: Path, allow: Collection[str]) -> Scanned:
    if not path.is_dir():
        return Scanned(files=(_scanned(path, path.name, allow),), left_out=())
    files, left_out = [], []
    for file in _files(path):
        name = file.relative_to(path).as_posix()
        if is_model(name, _begin(file)):
            files.append(_scanned(file, name, allow, within=path))
        else:
            left_out.append(name)
    return Scanned(files=tuple(files), left_out=tuple(left_out))


def _files(folder: Path) -> Iterator[Path]:
    """Everything that is no folder, links to folders included, in the order of its names."""
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _files(entry)
        else:
            yield entry


def _begin(file: Path) -> bytes:
    """The first bytes of a regular file; opening a pipe would wait for a writer."""
    if not file.is_file():
        return b""
    with file.open("rb") as opened:
        return opened.read(4096)


def _scanned(file: Path, name: str, allow: Collection[str], within: Path | None = None) -> FileScan:
    refusal = _unreadable(file, within)
    if refusal:
        return FileScan(file=name, form="", verdict="refused", refused=(refusal,), globals=())
    found = examine(file.name, file.read_bytes(), allow=allow)
    verdict: Literal["pass", "refused"] = "refused" if found.refused else "pass"
    return FileScan(file=name, form=found.form, verdict=verdict, refused=found.refused, globals=found.globals)


def _unreadable(file: Path, within: Path | None) -> Refusal | None:
    """Why a file is not even opened."""
    if within and not file.resolve().is_relative_to(within.resolve()):
        return Refusal(what="it is a link that leads out of the folder", cure="Scan the file that it leads to")
    if not file.is_file():
        return Refusal(what="it is no regular file", cure="Give the path of a model file, or of a folder with some")
    if file.stat().st_size > MOST_BYTES:
        return Refusal(what=f"it is larger than {MOST_BYTES:,} bytes", cure="Split the model, or keep its tables apart")
    return None
