"""Finds the files that a data pattern means, below the model's folder and nowhere else.  Reads no contents."""

from pathlib import Path, PurePosixPath
from stat import S_ISLNK, S_ISREG

from headway.reconcile.ports import PortError

__all__ = ["check_folder", "match_files"]


def match_files(root: Path, pattern: str) -> list[str]:
    """Paths relative to `root`, in order; PortError when none match, or one is a link or reached through one.

    `*` and `?` stay within a folder, `**` crosses folders; hidden files match only a pattern that names them.
    """
    parts = PurePosixPath(pattern).parts
    if not parts or pattern.startswith("/") or ".." in parts or "\0" in pattern:
        raise PortError(f"The data path {pattern!r} leads out of {root}. Data lie below the model's folder.")
    hidden = any(part.startswith(".") for part in parts)
    found = []
    for path in _glob(root, pattern):
        relative = path.relative_to(root)
        if not hidden and any(part.startswith(".") for part in relative.parts):
            continue
        if _is_file(root, relative):
            found.append(relative.as_posix())
    if not found:
        more = " It names a folder: add /*.csv or the like." if (root / pattern).is_dir() else ""
        raise PortError(f"No file matches the data path {pattern!r} in {root}.{more}")
    for name in found:
        if not name.isprintable():
            raise PortError(f"The data file {name!r} has no printable name. Rename it.")
    return found


def check_folder(worktree: Path, folder: str) -> Path:
    """A model's folder below the work tree; PortError when it leads out, by name or through a link."""
    parts = PurePosixPath(folder).parts
    if folder.startswith("/") or ".." in parts:
        raise PortError(f"The model's folder {folder!r} leads out of {worktree}.")
    at = worktree
    for part in parts:
        at = at / part
        if at.is_symlink():
            raise PortError(f"The model's folder {at} is a link. Put the folder itself there.")
    return at


def _glob(root: Path, pattern: str) -> list[Path]:
    try:
        return sorted(root.glob(pattern))
    except ValueError as error:
        raise PortError(f"The data path {pattern!r} is no pattern: {error}.") from error


def _is_file(root: Path, relative: Path) -> bool:
    at = root
    for part in relative.parts:
        at = at / part
        if S_ISLNK(at.lstat().st_mode):
            raise PortError(f"{at} is a link; data are not read through links. Put the files there, or copy them.")
    return S_ISREG(at.lstat().st_mode)
