"""The port DataFiles on a work tree: finds data files, keeps them in the store, splits them, pins all parts."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from headway.adapters.data.digests import Digests, stamp_of
from headway.adapters.data.matching import check_folder, match_files
from headway.adapters.data.order import ordered
from headway.adapters.data.split import NEITHER, TEST, TRAIN, split_by, split_drawn
from headway.adapters.data.tables import Table, is_known, open_table
from headway.reconcile.ports import PortError, Store
from headway.spec.data import Data
from headway.spec.digest import digest_of
from headway.spec.lock import Lock, LockSpec, PinnedFile
from headway.spec.metadata import API_VERSION, Metadata

__all__ = ["LocalData", "split_digest"]


def split_digest(data: Data) -> str:
    """The digest of what shapes the parts: two data sections with the same one part the same files alike."""
    unit = data.unit if data.path and not data.split.by else None
    return digest_of([data.path, data.train, data.test, data.split if data.path else None, unit])


class LocalData:
    """Data files below `worktree`; `cache` is a file that remembers digests, and may be deleted at any time."""

    def __init__(self, worktree: Path, store: Store, cache: Path | None = None) -> None:
        self._worktree = worktree
        self._store = store
        self._digests = Digests(cache)

    def lock(self, folder: str, data: Data) -> Lock:
        """Copy the matched files into the store, split them, and pin all parts; PortError names what is wrong.

        The lock's name is the last part of `folder`; a caller that names models otherwise replaces its metadata.
        """
        undated = 0
        if data.path:
            sources = self._keep(folder, data.path)
            parts, undated = self._parts(sources, data)
            train, test = self._split(sources, parts)
        elif data.train and data.test:
            train, test = (self._counted(self._keep(folder, pattern)) for pattern in (data.train, data.test))
            sources = tuple({file.path: file for file in (*train, *test)}.values())
        else:
            raise PortError("The data section needs `path`, or both `train` and `test`.")
        spec = LockSpec(sources=sources, train=train, test=test, split=split_digest(data), undated=undated)
        return Lock(apiVersion=API_VERSION, metadata=Metadata(name=Path(folder).name or "data"), spec=spec)

    def current(self, folder: str, data: Data, lock: Lock) -> bool:
        """Do the files on disk still match the lock's sources?"""
        patterns = [data.path] if data.path else [data.train or "", data.test or ""]
        try:
            root = check_folder(self._worktree, folder)
            found = {path for pattern in patterns for path in match_files(root, pattern)}
            pinned = {file.path: file for file in lock.spec.sources}
            if found != set(pinned) or any(stamp_of(root / path)[2] != pinned[path].size for path in found):
                return False
            return all(self._digests.digest(root / path) == pinned[path].sha256 for path in sorted(found))
        except PortError:
            return False  # what cannot be found or read is not what was pinned

    def _keep(self, folder: str, pattern: str) -> tuple[PinnedFile, ...]:
        root = check_folder(self._worktree, folder)
        return tuple(self._keep_file(root, path) for path in match_files(root, pattern))

    def _keep_file(self, root: Path, path: str) -> PinnedFile:
        stamp = stamp_of(root / path)
        sha256 = self._digests.known(root / path, stamp)
        if not sha256 or not self._store.has(sha256):
            sha256 = self._store.put(root / path)
            if stamp_of(root / path) != stamp:
                raise PortError(f"{root / path} changed while it was read. Stop what writes it and try again.")
            self._digests.remember(root / path, stamp, sha256)
        return PinnedFile(path=path, size=stamp[2], sha256=sha256)

    def _counted(self, files: Sequence[PinnedFile]) -> tuple[PinnedFile, ...]:
        """The same with their rows counted, where the format is known: the team may train on anything."""
        return tuple(
            PinnedFile(path=file.path, size=file.size, sha256=file.sha256, rows=self._table(file).rows)
            if is_known(file.path)
            else file
            for file in files
        )

    def _table(self, file: PinnedFile) -> Table:
        return open_table(file.path, self._store.read(file.sha256))

    def _split(self, sources: Sequence[PinnedFile], parts: Sequence[pl.Series]) -> tuple[tuple[PinnedFile, ...], ...]:
        kept: dict[int, list[PinnedFile]] = {TRAIN: [], TEST: []}
        for file, part in zip(sources, parts, strict=True):
            # Opened a second time rather than held: the files together may be larger than the memory.
            table = self._table(file)
            for side, files in kept.items():
                chosen = (part == side).to_list()
                if any(chosen):
                    files.append(self._keep_part(file.path, table.keep(chosen), sum(chosen)))
        if not kept[TRAIN] or not kept[TEST]:
            rows = [sum(int((part == side).sum()) for part in parts) for side in (TRAIN, TEST, NEITHER)]
            raise PortError(
                f"The split leaves {rows[0]} training and {rows[1]} test rows ({rows[2]} in neither). "
                "Change data.split, or bring more data."
            )
        return tuple(kept[TRAIN]), tuple(kept[TEST])

    def _keep_part(self, path: str, data: bytes, rows: int) -> PinnedFile:
        return PinnedFile(path=path, size=len(data), sha256=self._store.put(data), rows=rows)

    def _parts(self, sources: Sequence[PinnedFile], data: Data) -> tuple[list[pl.Series], int]:
        """The part of every row by file, and how many rows have no value to be split by."""
        if by := data.split.by:
            order = ordered(by, [self._column(file, by) for file in sources])
            return split_by(order, data.split), sum(values.null_count() for values in order.values)
        if unit := data.unit:
            return split_drawn([_keys(self._column(file, unit)) for file in sources], data.split), 0
        return split_drawn([self._table(file).texts() for file in sources], data.split), 0

    def _column(self, file: PinnedFile, name: str) -> pl.Series:
        table = self._table(file)
        if name not in table.columns:
            raise PortError(f"The data file {file.path} has no column {name!r}; it has {', '.join(table.columns)}.")
        return table.column(name)


def _keys(column: pl.Series) -> list[str]:
    # Python's texts of numbers and dates are the same on every platform; rows without a unit are one unit.
    return ["" if value is None else str(value) for value in column.to_list()]
