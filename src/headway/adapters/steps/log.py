"""What a step prints: its beginning and its end are kept, secrets are masked, and it can be followed meanwhile."""

from collections.abc import Callable, Sequence
from contextlib import suppress

__all__ = ["Log"]

HEAD, TAIL = 2**20, 3 * 2**20
LINE_AT_MOST = 2**16
LAST_AT_MOST = 300
# Masking shorter ones would blacken half of every log.
SECRET_AT_LEAST = 4


class Log:
    """Takes bytes as they come; `follow` is given whole lines, masked."""

    def __init__(self, secrets: Sequence[str] = (), follow: Callable[[bytes], object] | None = None) -> None:
        self._secrets = [secret.encode() for secret in secrets if len(secret) >= SECRET_AT_LEAST]
        self._follow = follow
        self._open = b""
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def add(self, part: bytes) -> None:
        """Take what was just printed."""
        self._open += part
        whole, newline, rest = self._open.rpartition(b"\n")
        if len(rest) > LINE_AT_MOST:
            whole, newline, rest = self._open, b"", b""
        self._open = rest
        self._keep(whole + newline)

    def text(self) -> bytes:
        """Everything that is kept."""
        self._keep(self._open)
        self._open = b""
        gap = f"\n... {self._dropped} bytes are left out here ...\n".encode() if self._dropped else b""
        return bytes(self._head) + gap + bytes(self._tail)

    def last(self) -> str:
        """The last line that says something, without what a terminal would obey."""
        lines = self.text()[-2 * LINE_AT_MOST :].decode(errors="replace").split("\n")
        shown = ("".join(letter for letter in line if letter.isprintable()).strip() for line in reversed(lines))
        return next((line[-LAST_AT_MOST:] for line in shown if line), "")

    def _keep(self, lines: bytes) -> None:
        if not lines:
            return
        for secret in self._secrets:
            lines = lines.replace(secret, b"***")
        if self._follow:
            with suppress(OSError):  # whoever follows may be gone, or their disk full; the step goes on
                self._follow(lines)
        room = HEAD - len(self._head)
        self._head += lines[:room]
        self._tail += lines[room:]
        if len(self._tail) > TAIL:
            self._dropped += len(self._tail) - TAIL
            del self._tail[: len(self._tail) - TAIL]
