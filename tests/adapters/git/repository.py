"""Repositories for tests: real Git in a folder, with a configuration of its own and none of the user's."""

import os
import subprocess
from pathlib import Path

__all__ = ["ENVIRON", "clone", "commit", "git", "make", "make_bare"]

ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}
_PERSON = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder: Path, *args: str, given: bytes = b"") -> str:
    """Run git as a person would; its output."""
    run = subprocess.run(
        ["git", "-C", str(folder), *args],
        env=ENVIRON | _PERSON,
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode(errors="surrogateescape").strip()


def make(folder: Path) -> Path:
    """An empty repository on branch main."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def make_bare(folder: Path) -> Path:
    """An empty bare repository, as a remote."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
    return folder


def clone(remote: Path, folder: Path, *options: str) -> Path:
    """A clone with the remote as `origin`."""
    git(remote, "clone", "--quiet", *options, remote.as_uri(), str(folder))
    return folder


def commit(folder: Path, files: dict[str, bytes], subject: str = "Change") -> str:
    """Write files and commit everything; the commit."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", subject)
    return git(folder, "rev-parse", "HEAD")
