"""Copies bytes durably: hashed on the way, flushed before they get their name.  Knows files, not what they mean."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from typing import IO

from msgspec import Struct

from headway.evidence.folder import FileDigest
from headway.reconcile.ports import PortError

__all__ = ["Copied", "atomic", "copy_bytes", "copy_file", "open_regular", "sync_folder", "telling"]

CHUNK = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# O_NONBLOCK, so that opening a FIFO answers at once instead of waiting for its writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Copied(Struct, frozen=True, kw_only=True):
    """What was copied: size in bytes and SHA-256."""

    size: int
    sha256: str

    def at(self, path: str) -> FileDigest:
        """The same, named by a path."""
        return FileDigest(path=path, size=self.size, sha256=self.sha256)


@contextmanager
def telling(doing: str, where: Path) -> Iterator[None]:
    """Turn the operating system's errors into one sentence that says what, where, why and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise PortError(f"{doing} {where}: the disk is full ({error.strerror}). Free some space.") from error
        if error.errno == errno.ELOOP:
            raise PortError(f"{doing} {where}: it is a link. Put the file itself there.") from error
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR}:
            raise PortError(f"{doing} {where}: something else is there. Remove it, or choose another place.") from error
        raise PortError(f"{doing} {where}: {error.strerror or error}. See its permissions.") from error


def open_regular(name: str | Path, dir_fd: int | None = None) -> int:
    """Open a regular file for reading and nothing else: no link, no device, no FIFO; OSError or PortError."""
    fd = os.open(name, _READ, dir_fd=dir_fd)
    if not S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise PortError(f"{name} is no regular file. Only regular files are stored.")
    return fd


@contextmanager
def atomic(target: Path, scratch: Path) -> Iterator[Path]:
    """A temporary name in `scratch` (same file system) that becomes `target` when the block ends without error."""
    part = scratch / f".{target.name[:100]}.{token_hex(8)}.part"
    try:
        yield part
        part.replace(target)
        sync_folder(target.parent)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def copy_bytes(data: bytes, part: Path, mode: int) -> Copied:
    """Write bytes to a new file, flushed to the disk."""
    with os.fdopen(os.open(part, _CREATE, mode), "wb") as sink:
        sink.write(data)
        _settle(sink, mode)
    return Copied(size=len(data), sha256=hashlib.sha256(data).hexdigest())


def copy_file(source: int, part: Path, *, mode: int, name: str) -> Copied:
    """Copy an open file to a new one, flushed to the disk, and close it; PortError names one that changes meanwhile."""
    hashed, size = hashlib.sha256(), 0
    with os.fdopen(source, "rb", buffering=0) as reader, os.fdopen(os.open(part, _CREATE, mode), "wb") as sink:
        before = os.fstat(reader.fileno())
        while chunk := reader.read(CHUNK):
            hashed.update(chunk)
            size += len(chunk)
            sink.write(chunk)
        _settle(sink, mode)
        after = os.fstat(reader.fileno())
    if (before.st_size, before.st_mtime_ns, size) != (after.st_size, after.st_mtime_ns, before.st_size):
        raise PortError(f"{name} changed while it was read. Stop what writes it and try again.")
    return Copied(size=size, sha256=hashed.hexdigest())


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder outlive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _settle(sink: IO[bytes], mode: int) -> None:
    sink.flush()
    os.fchmod(sink.fileno(), mode)  # the umask may have taken bits that readers need
    os.fsync(sink.fileno())
