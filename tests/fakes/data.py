"""The port DataFiles in memory: files of lines; the newest lines test."""

from fnmatch import fnmatch

from headway.reconcile.ports import PortError, Store
from headway.spec.data import Data
from headway.spec.digest import digest_of
from headway.spec.lock import Lock, LockSpec, PinnedFile
from headway.spec.metadata import API_VERSION, Metadata

__all__ = ["MemoryData"]


class MemoryData:
    """Files by path (`folder/data/x.csv`), put there by a test; each file's first line is its header."""

    def __init__(self, store: Store) -> None:
        self.files: dict[str, bytes] = {}
        self._store = store

    def lock(self, folder: str, data: Data) -> Lock:
        """Pin the files that match, each one's last fifth as test rows."""
        if data.path:
            sources = self._match(folder, data.path)
            train, test = (tuple(self._part(file, side) for file in sources) for side in ("train", "test"))
        else:
            train, test = (self._match(folder, pattern or "") for pattern in (data.train, data.test))
            sources = (*train, *test)
        spec = LockSpec(sources=sources, train=train, test=test, split=digest_of([data.path, data.split]))
        return Lock(apiVersion=API_VERSION, metadata=Metadata(name=folder.rsplit("/", maxsplit=1)[-1]), spec=spec)

    def current(self, folder: str, data: Data, lock: Lock) -> bool:
        """Is everything as it was pinned?"""
        try:
            patterns = [pattern for pattern in (data.path, data.train, data.test) if pattern]
            found = [file for pattern in patterns for file in self._match(folder, pattern)]
        except PortError:
            return False
        return tuple(found) == lock.spec.sources

    def _match(self, folder: str, pattern: str) -> tuple[PinnedFile, ...]:
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise PortError(f"{pattern} leads out of {folder}")
        paths = sorted(path for path in self.files if fnmatch(path, f"{folder}/{pattern}"))
        if not paths:
            raise PortError(f"no file matches {pattern}")
        return tuple(self._pin(path.removeprefix(f"{folder}/"), self.files[path]) for path in paths)

    def _part(self, file: PinnedFile, side: str) -> PinnedFile:
        header, *lines = self._store.read(file.sha256).splitlines(keepends=True)
        cut = len(lines) - max(1, len(lines) // 5)
        chosen = lines[:cut] if side == "train" else lines[cut:]
        return self._pin(file.path, header + b"".join(chosen), len(chosen))

    def _pin(self, path: str, data: bytes, rows: int | None = None) -> PinnedFile:
        return PinnedFile(path=path, size=len(data), sha256=self._store.put(data), rows=rows)
