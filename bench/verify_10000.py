"""How long `verify` takes over 10,000 signed records: `python bench/verify_10000.py [RECORDS]`."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.fakes.branch import Branch
from tests.fakes.history import LISTED, ROOT, judge, lock, outside, release, train

from headway.adapters.git.journal import AUTHOR, GitJournal
from headway.adapters.git.stream import stream
from headway.evidence.proof import Pin, Written
from headway.evidence.verify import verify
from headway.reconcile.ports import Change
from headway.spec.digest import digest
from headway.spec.release import Served
from rows import Row, cpu, show


def made(records: int) -> Branch:
    """One model's record: each version trained, judged, rolled out and promoted, with lock, releases and statements."""
    branch = Branch()
    branch.write(ROOT, LISTED)
    lock(branch)
    stable: Served | None = None
    while len(branch.commits) < records:
        minor = len(branch.ledger.model("delay").versions)
        fresh = Served(version=f"1.{minor}.0", bundle=digest(str(minor).encode()))
        train(branch, fresh)
        judge(branch, fresh)
        if stable:
            release(branch, "started", stable, fresh)
        release(branch, "promoted" if stable else "direct", fresh)
        stable = fresh
    return branch


def proven(commits: Iterable[Written], pin: Pin) -> None:
    """Verify them all."""
    report = verify(commits, pin=pin, outside=outside())
    assert report.summary == "verified", report.summary


def measured(records: int) -> list[Row]:
    """Build the branch in Git, and verify it as `headway verify` does, without the bytes in the store."""
    branch = made(records)
    with tempfile.TemporaryDirectory() as folder:
        git = ["git", "-C", folder]
        subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True, timeout=60)
        changes = [Change(files=commit.files, subject="Write") for commit in branch.commits]
        given = stream("refs/heads/headway", "", changes, who=AUTHOR, at=1_700_000_000)
        subprocess.run(
            [*git, "fast-import", "--quiet"], input=given, check=True, stdout=subprocess.DEVNULL, timeout=600
        )
        journal = GitJournal(Path(folder), environ=dict(os.environ))
        read = (Written(id=commit.id, parents=commit.parents, files=commit.files) for commit in journal.commits())
        used, began = cpu(), time.perf_counter()
        proven(read, Pin(signers=LISTED))
        used, wall = cpu() - used, time.perf_counter() - began
    how = f"CPU of one process, its gits included, in {wall:.1f} s of clock; read from Git, the signers pinned"
    return [Row(what=f"{records:,} records verified", unit="s", budget=10.0 * records / 10_000, measured=used, how=how)]


if __name__ == "__main__":
    show(measured(next((int(word) for word in sys.argv[1:] if word.isdigit()), 10_000)))
