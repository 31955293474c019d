"""Where records go: a file of lines that is bounded, or an HTTP receiver of CloudEvents in batches.

Both may take their time: only the recorder's own thread waits for them.
"""

import fcntl
import http.client
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from headway.serve.fault import RefusedError

__all__ = ["FILE_BYTES", "FileSink", "HttpSink", "Sink", "SinkError", "sink_of"]

# FILE and FILE.1 may each have so many bytes; then the older one is overwritten.
FILE_BYTES = 64 * 2**20
_ANSWER_S = 5.0
_BATCH = "application/cloudevents-batch+json"


class SinkError(Exception):
    """Records were not taken: `reason` is one of metrics.DROPPED; '' when it is worth trying again."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class Sink(Protocol):
    """Takes events, each a JSON object without the line's end."""

    def write(self, events: Sequence[bytes]) -> None:
        """Take all of them; SinkError when that is not possible now, or not at all."""


class FileSink:
    """Appends lines to a file, which several workers and servers may share: they take turns by a lock on it."""

    def __init__(self, path: Path, most_bytes: int = FILE_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes

    def write(self, events: Sequence[bytes]) -> None:
        """Append whole lines, or nothing."""
        data = b"".join(event + b"\n" for event in events)
        try:
            file = self._locked(len(data))
            try:
                size = os.fstat(file).st_size
                if os.write(file, data) < len(data):  # the disk is full; half a line would spoil the next one, too
                    os.ftruncate(file, size)
                    raise SinkError(f"{self._path} cannot be written (no space left)", "unwritable")
            finally:
                os.close(file)
        except OSError as error:
            raise SinkError(f"{self._path} cannot be written ({error.strerror})", "unwritable") from None

    def _locked(self, more: int) -> int:
        """The file, locked, with room for so many bytes more."""
        while True:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                now = os.fstat(file)
                same = _is_at(self._path, now)
                if same and (now.st_size == 0 or now.st_size + more <= self._most_bytes):
                    return file
                if same:
                    self._path.replace(f"{self._path}.1")
            except OSError:
                os.close(file)
                raise
            os.close(file)  # another has turned the page, or this one just did


def _is_at(path: Path, file: os.stat_result) -> bool:
    """Is it the file of that name?  Another writer may have put it away and not made the next one yet."""
    try:
        return os.path.samestat(file, path.stat())
    except FileNotFoundError:
        return False


class HttpSink:
    """Posts batches to a URL, on one connection as long as that lasts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = made(parts.hostname or "", parts.port, timeout=_ANSWER_S)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._where = f"{parts.scheme}://{parts.hostname}"

    def write(self, events: Sequence[bytes]) -> None:
        """Post them; a 4xx other than 408 and 429 says that they will never be taken."""
        try:
            self._connection.request("POST", self._target, b"[" + b",".join(events) + b"]", {"Content-Type": _BATCH})
            answer = self._connection.getresponse()
            if answer.length is None or answer.length > 1 << 16:
                self._connection.close()
            else:
                answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise SinkError(f"{self._where} does not answer ({type(error).__name__})") from None
        if answer.status >= 300:
            final = 300 <= answer.status < 500 and answer.status not in {408, 429}
            raise SinkError(f"{self._where} answers {answer.status}", "refused" if final else "")


def sink_of(where: str) -> Sink:
    """The sink that an address names: http(s)://HOST…, or a file; RefusedError when it is neither."""
    if "://" not in where:
        return FileSink(Path(where).absolute())
    try:
        parts = urlsplit(where)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise RefusedError(f"--records {where!r} is neither a file nor an address of http or https")
    return HttpSink(where)
