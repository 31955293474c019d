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


def row(name: str, commits: Iterable[Written], pin: Pin) -> None:
    """Verify, and print how long it took."""
    start, cpu = time.perf_counter(), time.process_time()
    report = verify(commits, pin=pin, outside=outside())
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert report.summary == "verified", report.summary
    print(f"| {name} | {report.records} | {wall:.2f} | {cpu:.2f} |")


def main(records: int) -> None:
    """Build the branch, then verify it from memory and from Git."""
    branch = made(records)
    print("| verified | records | seconds | of CPU, Git apart |\n|---|---|---|---|")
    row("in memory", branch.commits, Pin(signers=LISTED, head=branch.commits[-2].id))
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
        row("from Git", read, Pin(signers=LISTED))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
