"""The folder as a Git work tree: made if it is none, and told to leave out what Headway keeps beside it."""

import subprocess
from pathlib import Path

from headway.app.errors import RefusedError

__all__ = ["leave_out", "make_repository"]

LIMIT_S = 60
KEPT = ".headway/"


def make_repository(folder: Path) -> None:
    """`git init`, unless the folder lies in a repository already."""
    if _git(folder, "rev-parse", "--git-dir").returncode:
        made = _git(folder, "init", "-q", "-b", "main")
        if made.returncode:
            raise RefusedError(f"git makes no repository of {folder}: {made.stderr.strip()}")


def leave_out(folder: Path) -> bool:
    """Add a line to .gitignore, unless Git leaves out Headway's folder already; True when it was added."""
    ignore = folder / ".gitignore"
    if not _git(folder, "check-ignore", "-q", f"{KEPT}x").returncode or ignore.is_symlink():
        return False
    before = ignore.read_bytes() if ignore.is_file() else b""
    with ignore.open("ab") as file:
        file.write((b"" if not before or before.endswith(b"\n") else b"\n") + f"{KEPT}\n".encode())
    return True


def _git(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = ["git", "-C", str(folder), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except FileNotFoundError:
        raise RefusedError("git is missing: install it (Debian: apt install git) and start again.") from None
    except subprocess.TimeoutExpired:
        raise RefusedError(f"git did not answer within {LIMIT_S} s in {folder}.") from None
