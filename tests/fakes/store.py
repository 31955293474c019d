"""The port Store in memory."""

import hashlib
import os
from pathlib import Path

from headway.evidence.folder import FileDigest, folder_digest, listing
from headway.reconcile.ports import PortError

__all__ = ["MemoryStore"]


class MemoryStore:
    """Bytes by their SHA-256; a test may look at and spoil `files`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.folders: dict[str, tuple[FileDigest, ...]] = {}

    def put(self, source: Path | bytes) -> str:
        """Keep a file, bytes, or a folder."""
        if isinstance(source, bytes):
            digest = hashlib.sha256(source).hexdigest()
            self.files[digest] = source
            return digest
        if source.is_symlink() or not (source.is_dir() or source.is_file()):
            raise PortError(f"{source} is a link or no file")
        if source.is_file():
            return self.put(source.read_bytes())
        files = []
        for at, folders, names in os.walk(source):
            if any((Path(at) / name).is_symlink() for name in folders):
                raise PortError(f"{at} holds a link")
            files += [self._file(Path(at) / name, source) for name in names]
        digest = folder_digest(files)
        self.folders[digest] = tuple(files)
        return digest

    def has(self, digest: str) -> bool:
        """Is it there?"""
        return digest in self.files or digest in self.folders

    def read(self, digest: str) -> bytes:
        """The bytes, verified."""
        if digest in self.folders:
            return listing(self.folders[digest])
        data = self.files.get(digest)
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            raise PortError(f"{digest} is missing or altered")
        return data

    def place(self, digest: str, target: Path) -> None:
        """Write the file, or unpack the folder."""
        if digest not in self.folders:
            data = self.read(digest)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            return
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise PortError(f"{target} is in the way")
        contents = {file.path: self.read(file.sha256) for file in self.folders[digest]}
        target.mkdir(parents=True, exist_ok=True)
        for path, data in contents.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(data)

    def _file(self, path: Path, root: Path) -> FileDigest:
        digest = self.put(path)
        size = len(self.files[digest])
        return FileDigest(path=path.relative_to(root).as_posix(), size=size, sha256=digest)
