"""How long `verify` takes over a branch of 10,000 signed records.  Run: python bench/verify_10000.py [RECORDS]."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.fakes.branch import Branch
from tests.fakes.history import LISTED, ROOT, judge, lock, outside, release, train

from headway.evidence.proof import Pin
from headway.evidence.verify import verify
from headway.spec.digest import digest
from headway.spec.release import Served


def main(records: int) -> None:
    """Build a branch in memory (each version trained, judged, rolled out, promoted), then verify it."""
    branch = Branch()
    branch.write(ROOT, LISTED)
    lock(branch)
    stable: Served | None = None
    minor = 0
    while len(branch.commits) < records:
        fresh = Served(version=f"1.{minor}.0", bundle=digest(str(minor).encode()))
        train(branch, fresh)
        judge(branch, fresh)
        if stable:
            release(branch, "started", stable, fresh)
        release(branch, "promoted" if stable else "direct", fresh)
        stable, minor = fresh, minor + 1
    pin = Pin(signers=LISTED, head=branch.commits[-2].id)
    size = sum(len(data) for commit in branch.commits for data in commit.files.values() if data)
    start, cpu = time.perf_counter(), time.process_time()
    report = verify(branch.commits, pin=pin, outside=outside())
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    assert report.summary == "verified", report.summary
    print(f"{report.records} records, {minor} versions, {size / 2**20:.1f} MiB: {wall:.2f} s, {cpu:.2f} s of CPU")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
