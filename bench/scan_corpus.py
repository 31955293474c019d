"""How many hostile files the scan refuses, how many harmless ones it passes, and how fast it reads a forest.

    python bench/scan_corpus.py --hostile DIR --harmless DIR     folders of model files; each may be given several times
    python bench/scan_corpus.py --forest 200                     a forest of so many MB, written by joblib and scanned

Public corpora: `tests/data` and `tests/data2` of picklescan, `tests/assets` of modelaudit.  Nothing is ever loaded.
"""

import argparse
import copy
import io
import time
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import RandomForestRegressor

from headway.evidence.scan import examine


def main() -> None:
    """Print a table for each folder, and the speed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hostile", type=Path, action="append", default=[])
    parser.add_argument("--harmless", type=Path, action="append", default=[])
    parser.add_argument("--forest", type=int, metavar="MB")
    told = parser.parse_args()
    for folder in told.hostile:
        judge(folder, hostile=True)
    for folder in told.harmless:
        judge(folder, hostile=False)
    if told.forest:
        speed(told.forest)


def judge(folder: Path, *, hostile: bool) -> None:
    """Every file of a folder; those on the wrong side by name."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    begin = time.process_time()
    found = {file: examine(file.name, file.read_bytes()) for file in files}
    spent = time.process_time() - begin
    wrong = [file for file, seen in found.items() if bool(seen.refused) != hostile]
    word = "refused" if hostile else "passed"
    each = spent / max(len(files), 1)
    print(f"{folder}: {len(files) - len(wrong)} of {len(files)} {word}, {each * 1000:.2f} ms CPU a file")
    for file in wrong:
        why = "; ".join(refusal.what for refusal in found[file].refused[:2])
        print(f"  not {word}: {file.relative_to(folder)}{': ' if why else ''}{why}")


def speed(size_mb: int) -> None:
    """A forest of about so many MB, plain and compressed."""
    random = np.random.default_rng(0)
    rows, target = random.normal(size=(20_000, 10)), random.normal(size=20_000)
    forest = RandomForestRegressor(1, random_state=0).fit(rows, target)
    file = io.BytesIO()
    joblib.dump(forest, file)
    trees = max(1, size_mb * 2**20 // len(file.getvalue()))
    # The same tree over and over, each written out in full, takes seconds where fitting takes minutes.
    forest.estimators_ = [copy.deepcopy(forest.estimators_[0]) for _ in range(trees)]
    for compress in (0, 3):
        file = io.BytesIO()
        joblib.dump(forest, file, compress=compress)
        data = file.getvalue()
        begin, ran = time.perf_counter(), time.process_time()
        seen = examine("forest.joblib", data)
        wall, spent = time.perf_counter() - begin, time.process_time() - ran
        size = len(data) / 1e6
        kind = "plain" if not compress else "compressed"
        print(
            f"{kind} forest of {trees} trees, {size:.0f} MB: {'passed' if not seen.refused else seen.refused}, "
            f"{spent:.3f} s CPU, {wall:.3f} s, {size / spent:,.0f} MB/s"
        )


if __name__ == "__main__":
    main()
