"""The store as a local folder: bytes under their SHA-256, folders under their listing's.  Knows not what they mean.

`files/ab/ab…` holds a file's bytes, read-only; `folders/cd/cd…` a folder's canonical listing, whose files lie in
`files`; `parts` holds what is being written and counts for nothing.
"""

import hashlib
import os
import re
from pathlib import Path
from secrets import token_hex
from shutil import rmtree

import msgspec

from headway.adapters.store.copying import Copied, atomic, copy_bytes, copy_file, open_regular, sync_folder, telling
from headway.adapters.store.walking import check_path, open_files
from headway.evidence.folder import FileDigest, listing
from headway.reconcile.ports import PortError

__all__ = ["FolderStore"]

_STORED, _PLACED, _FOLDER = 0o444, 0o644, 0o755


class FolderStore:
    """The port Store on a file system.  Objects get their name last, so one that has a name is whole."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._parts = self._root / "parts"

    def put(self, source: Path | bytes) -> str:
        """Copy a file, bytes, or a folder in; the SHA-256, or the folder digest of `evidence.folder`.

        PortError for links, devices, a file that changes meanwhile, and a full disk; nothing half stays behind.
        """
        if isinstance(source, bytes):
            with telling("Cannot store bytes in", self._root):
                return self._keep_bytes("files", source)
        with telling("Cannot store", source):
            if source.is_symlink() or not source.is_dir():
                return self._keep_file(open_regular(source), str(source)).sha256
            files = [self._keep_file(open_regular(name, fd), path).at(path) for path, name, fd in open_files(source)]
            return self._keep_bytes("folders", listing(files))

    def has(self, digest: str) -> bool:
        """Is it there, with its right size and, for a folder, all its files?  Bytes are verified when read."""
        if self._path("files", digest).is_file():
            return True
        try:
            return all(_has_size(self._path("files", file.sha256), file.size) for file in self._listed(digest))
        except PortError:
            return False

    def knows(self, digest: str) -> bool:
        """Is anything kept under this name, whole or not?"""
        return any(self._path(shelf, digest).is_file() for shelf in ("files", "folders"))

    def read(self, digest: str) -> bytes:
        """The bytes of a file, or of a folder's listing; PortError when they are missing or altered."""
        path = self._find(digest)
        with telling("Cannot read", path), os.fdopen(open_regular(path), "rb") as reader:
            data = reader.read()
        if hashlib.sha256(data).hexdigest() != digest:
            raise _altered(path)
        return data

    def place(self, digest: str, target: Path) -> None:
        """Write a copy of the file, or unpack the folder, at `target`, verified; it appears whole or not at all.

        A file replaces a file; a folder wants its target absent or empty.  The copy is the caller's own: writing
        to it cannot alter the store (`docs/decisions/0120`).
        """
        with telling("Cannot write", target):
            target.parent.mkdir(parents=True, exist_ok=True)
            if self._path("folders", digest).is_file():
                self._unpack(digest, target)
                return
            with atomic(target, target.parent) as part:
                self._copy_out(digest, part)

    def _unpack(self, digest: str, target: Path) -> None:
        files = self._listed(digest)
        part = target.parent / f".{target.name[:100]}.{token_hex(8)}.part"
        try:
            part.mkdir(_FOLDER)
            for file in files:
                path = part / check_path(file.path)
                path.parent.mkdir(_FOLDER, parents=True, exist_ok=True)
                self._copy_out(file.sha256, path)
            part.rename(target)
        except BaseException:
            rmtree(part, ignore_errors=True)
            raise

    def _copy_out(self, digest: str, path: Path) -> None:
        stored = self._path("files", digest)
        if not stored.is_file():
            raise PortError(f"{digest} is not in the store {self._root}. Bring it back, or make it anew.")
        if copy_file(open_regular(stored), path, mode=_PLACED, name=digest).sha256 != digest:
            raise _altered(stored)

    def _keep_bytes(self, shelf: str, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        with atomic(self._made(shelf, digest), self._parts) as part:
            copy_bytes(data, part, _STORED)
        return digest

    def _keep_file(self, source: int, name: str) -> Copied:
        # The digest is known only after the copy, so the copy begins under a name of its own.
        self._parts.mkdir(0o700, parents=True, exist_ok=True)
        part = self._parts / f".{token_hex(8)}.part"
        try:
            copied = copy_file(source, part, mode=_STORED, name=name)
            target = self._made("files", copied.sha256)
            part.replace(target)
            sync_folder(target.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return copied

    def _made(self, shelf: str, digest: str) -> Path:
        path = self._path(shelf, digest)
        for folder in (self._parts, path.parent):
            folder.mkdir(0o700, parents=True, exist_ok=True)
        return path

    def _path(self, shelf: str, digest: str) -> Path:
        if re.fullmatch("[0-9a-f]{64}", digest) is None:
            raise PortError(f"{digest!r} is no SHA-256 in hex; the store names its bytes so.")
        return self._root / shelf / digest[:2] / digest

    def _find(self, digest: str) -> Path:
        for shelf in ("files", "folders"):
            if (path := self._path(shelf, digest)).is_file():
                return path
        raise PortError(f"{digest} is not in the store {self._root}. Bring it back, or make it anew.")

    def _listed(self, digest: str) -> tuple[FileDigest, ...]:
        path = self._path("folders", digest)
        if not path.is_file():
            raise PortError(f"{digest} is not in the store {self._root}. Bring it back, or make it anew.")
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise _altered(path)
        return msgspec.json.decode(data, type=tuple[FileDigest, ...])


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _altered(path: Path) -> PortError:
    return PortError(f"{path} does not hold the bytes that its name says. Delete it and store it anew.")
