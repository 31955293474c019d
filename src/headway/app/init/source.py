"""Opens a Python file of unknown origin: a regular file of bounded size, parsed and never run."""

import ast
import os
import warnings
from pathlib import Path
from stat import S_ISREG

__all__ = ["BYTES_AT_MOST", "UnreadableError", "parsed"]

BYTES_AT_MOST = 2**20
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class UnreadableError(Exception):
    """The file cannot be read as Python; the message is a phrase that says why."""


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file; UnreadableError for a link, what is no file, no Python, too large or too deep."""
    try:
        with os.fdopen(os.open(path, _FILE), "rb") as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableError("it is no regular file")
            data = file.read(BYTES_AT_MOST + 1)
    except OSError as error:
        raise UnreadableError("it is a link" if path.is_symlink() else str(error.strerror)) from error
    if len(data) > BYTES_AT_MOST:
        raise UnreadableError(f"it holds more than {BYTES_AT_MOST >> 20} MiB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the script's own escapes and comparisons
            return ast.parse(data)
    except SyntaxError as error:
        raise UnreadableError(f"line {error.lineno or 0} is no Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError("it is no Python, or nested too deeply") from error
