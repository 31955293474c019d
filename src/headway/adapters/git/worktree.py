"""The wish as it lies on disk, for `train`, `check` and `review`: what could be committed, regular files only."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from headway.adapters.git.names import fault_of, place_in
from headway.adapters.git.objects import commit_of
from headway.adapters.git.program import Git
from headway.adapters.git.source import BLOB_AT_MOST
from headway.reconcile.ports import Blob, Head, PortError

__all__ = ["WorkTree"]

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


class WorkTree:
    """The port Source on a work tree; `commit` means nothing here, the disk is asked each time."""

    def __init__(self, repo: Path, *, path: str = "", environ: Mapping[str, str] | None = None) -> None:
        self._git, self._environ = Git(repo, environ), environ
        self._place = place_in(path)

    def refresh(self) -> Head:
        """The commit that is checked out (empty: none yet)."""
        return Head(commit=commit_of(self._git, "HEAD"))

    def files(self, commit: str = "") -> Mapping[str, Blob]:  # noqa: ARG002 - the port's signature
        """Files that are tracked or could be (`.gitignore` holds), as they are on disk now."""
        return self._look()[0]

    def refused(self, commit: str = "") -> Mapping[str, str]:  # noqa: ARG002 - as in GitSource
        """Links, submodules and hostile names, with the reason."""
        return self._look()[1]

    def read(self, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:  # noqa: ARG002 - the port's signature
        """The bytes of the files named; PortError for a link on the way, a missing or an over-large file."""
        top = self._root()
        return {path: _bytes(top, path) for path in paths}

    def _look(self) -> tuple[dict[str, Blob], dict[str, str]]:
        top = self._root()
        listed = Git(top, self._environ).run("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        files: dict[str, Blob] = {}
        refused: dict[str, str] = {}
        for name in sorted(set(listed.split(b"\0")) - {b""}):
            path = name.decode(errors="backslashreplace")
            try:
                found = (top / os.fsdecode(name)).lstat()
            except OSError:
                continue  # in the index, no longer on disk
            fault = fault_of(name) or ("" if S_ISREG(found.st_mode) else _odd(found.st_mode))
            if fault:
                refused[path] = fault
                continue
            # No Git object has this id: it changes with every write, which is all that a cache asks of it.
            oid = f"disk:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
            files[path] = Blob(oid=oid, size=found.st_size, executable=bool(found.st_mode & 0o100))
        return files, refused

    def _root(self) -> Path:
        top = self._git.line("rev-parse", "--show-toplevel")
        if not top:
            raise PortError(f"{self._git.repo} is no work tree of a Git repository. Run `git init` there.")
        return Path(top, self._place)


def _bytes(top: Path, path: str) -> bytes:
    if fault_of(path.encode(errors="surrogateescape")):
        raise PortError(f"{path!r} is no path in the repository.")
    *folders, name = path.split("/")
    at = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        with os.fdopen(os.open(name, _FILE, dir_fd=at), "rb") as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PortError(f"{path} is no regular file.")
            data = file.read(BLOB_AT_MOST + 1)
    except OSError as error:
        raise PortError(f"{path} cannot be read: {error.strerror}. Links are not followed.") from error
    finally:
        os.close(at)
    if len(data) > BLOB_AT_MOST:
        raise PortError(f"{path} holds more than {BLOB_AT_MOST >> 20} MiB, which is what is read.")
    return data


def _odd(mode: int) -> str:
    return "it is a link" if S_ISLNK(mode) else "it is no regular file"
