"""How long the journal takes on a branch of 10,000 commits, each with a record and a release: seconds of wall clock."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from headway.adapters.git.journal import AUTHOR, GitJournal
from headway.adapters.git.source import GitSource
from headway.adapters.git.stream import stream
from headway.reconcile.ports import Change

COMMITS = 10_000
RECORD = b"x" * 2000


def changes() -> list[Change]:
    """As a year of releases would leave them: records by version, one release file written over and over."""
    return [
        Change(
            files={
                f"evidence/delay/1.{number // 20}.0/{number:05}.json": RECORD + str(number).encode(),
                "releases/production/delay.yaml": f"version: {number}\n".encode(),
            },
            subject=f"Release delay 1.{number // 20}.0",
            trailers={"Headway-Model": "delay"},
        )
        for number in range(COMMITS)
    ]


def timed(name: str, act: Callable[[], object]) -> None:
    """Print one row: what was done, how long it took, what it found."""
    start = time.perf_counter()
    answer = act()
    print(f"| {name} | {time.perf_counter() - start:.3f} | {answer} |")


def main() -> None:
    """Make the repository, then measure."""
    environ = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        repo = Path(folder)
        git = ["git", "-C", folder]
        subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True, timeout=60)
        for branch in ("headway", "main"):
            given = stream(f"refs/heads/{branch}", "", changes(), who=AUTHOR, at=1_700_000_000)
            subprocess.run(
                [*git, "fast-import", "--quiet"], input=given, check=True, stdout=subprocess.DEVNULL, timeout=600
            )
        journal, source = GitJournal(repo, environ=environ), GitSource(repo, environ=environ)
        head = source.refresh().commit
        newest = next(reversed(list(journal.commits())))
        print("| what | seconds | found |\n|---|---|---|")
        timed("read all commits with their files", lambda: sum(len(commit.files) for commit in journal.commits()))
        timed("read the commits after the newest but one", lambda: len(list(journal.commits(newest.parents[0]))))
        timed("refresh", lambda: journal.refresh().ahead)
        timed("append a record", lambda: len(journal.append(Change(files={"locks/a.yaml": b"1"}, subject="Lock"))))
        timed("read the releases", lambda: len(journal.files("releases")))
        timed("list main", lambda: len(source.files(head)))
        timed("see where main stands", lambda: len(source.refresh().commit))
        timed("read 100 files of main", lambda: len(source.read(head, list(source.files(head))[:100])))


if __name__ == "__main__":
    main()
