"""Opens a bundle folder: every byte is checked against bundle.json, and the folder against the name it goes by."""

import hashlib
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.evidence.folder import FileDigest, folder_digest
from headway.serve.fault import RefusedError

__all__ = ["Opened", "open_bundle"]

_CHUNK = 1 << 20


class Opened(Struct, frozen=True, kw_only=True):
    """A checked bundle: where it lies, what it says of itself, and the folder digest that names it."""

    folder: Path
    manifest: Manifest
    digest: str

    def entry(self) -> bytes:
        """The model file's bytes, checked once more as they are read; RefusedError when they changed meanwhile."""
        data = (self.folder / self.manifest.entry).read_bytes()
        (said,) = [file.sha256 for file in self.manifest.files if file.path == self.manifest.entry]
        if hashlib.sha256(data).hexdigest() != said:
            raise RefusedError(f"{self.manifest.entry} changed while the bundle was being loaded")
        return data


def open_bundle(folder: Path, digest: str = "") -> Opened:
    """Check a bundle folder, and that it is the one named `digest`, if given; RefusedError says what differs."""
    try:
        manifest = msgspec.json.decode((folder / BUNDLE_FILE).read_bytes(), type=Manifest)
    except OSError as error:
        raise RefusedError(f"{folder} is no bundle: {BUNDLE_FILE} cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusedError(f"{folder / BUNDLE_FILE} is no bundle's manifest: {error}") from None
    found = _files(folder)
    _compare(manifest, {file.path: file for file in found if file.path != BUNDLE_FILE})
    named = folder_digest(found)
    if digest and named != digest:
        raise RefusedError(f"{folder} is bundle {named[:12]}…, not {digest[:12]}… as asked")
    return Opened(folder=folder, manifest=manifest, digest=named)


def _files(folder: Path) -> list[FileDigest]:
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise RefusedError(f"{name} in the bundle is a link; a bundle holds regular files only")
        if path.is_file():
            found.append(_digest(path, name))
        elif not path.is_dir():
            raise RefusedError(f"{name} in the bundle is no regular file")
    return found


def _digest(path: Path, name: str) -> FileDigest:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise RefusedError(f"{name} in the bundle cannot be read ({error.strerror})") from None
    return FileDigest(path=name, size=size, sha256=digest.hexdigest())


def _compare(manifest: Manifest, found: dict[str, FileDigest]) -> None:
    said = {file.path: file for file in manifest.files}
    for path, file in said.items():
        if path not in found:
            raise RefusedError(f"{path} is named in {BUNDLE_FILE} and is not in the bundle")
        if found[path] != file:
            raise RefusedError(
                f"{path} does not match {BUNDLE_FILE}: SHA-256 {found[path].sha256[:12]}…, expected {file.sha256[:12]}…"
            )
    if extra := sorted(found.keys() - said.keys()):
        raise RefusedError(f"{extra[0]} is in the bundle and not named in {BUNDLE_FILE}")
    for name in filter(None, (manifest.entry, manifest.predict)):
        if name not in said or PurePosixPath(name).is_absolute():
            raise RefusedError(f"{BUNDLE_FILE} names {name!r} to be loaded and does not list it")
    if not manifest.signature.inputs or not manifest.signature.outputs:
        raise RefusedError(f"{BUNDLE_FILE} has a signature without inputs or outputs")
