"""What it costs to list a model with 1,000 versions: `python bench/history_1000.py [VERSIONS]`.

`headway history` runs as a person runs it, in a process of its own, on a real repository whose record tells of so many
versions trained, judged and promoted, four signed records each.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.fakes.branch import Branch
from tests.fakes.history import LISTED, ROOT, judge, lock, release, train

from headway.adapters.git.journal import AUTHOR
from headway.adapters.git.stream import stream
from headway.reconcile.ports import Change
from headway.spec.digest import digest
from headway.spec.release import Served
from rows import Row, cost, cpu, show

ROUNDS = 9


def record(versions: int) -> Branch:
    """Each version trained, judged, rolled out over the one before, and promoted."""
    branch = Branch()
    branch.write(ROOT, LISTED)
    lock(branch)
    stable: Served | None = None
    for number in range(versions):
        fresh = Served(version=f"1.{number}.0", bundle=digest(str(number).encode()))
        train(branch, fresh)
        judge(branch, fresh)
        if stable:
            release(branch, "started", stable, fresh)
        release(branch, "promoted" if stable else "direct", fresh)
        stable = fresh
    return branch


def written(folder: Path, branch: Branch) -> None:
    """A repository with that record on its branch headway."""
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True, timeout=60)
    (folder / "headway.yaml").write_text("apiVersion: headway.dev/v1alpha1\nkind: Project\nmetadata: {name: team}\n")
    changes = [Change(files=commit.files, subject="Write") for commit in branch.commits]
    given = stream("refs/heads/headway", "", changes, who=AUTHOR, at=1_700_000_000)
    subprocess.run([*git, "fast-import", "--quiet"], input=given, check=True, stdout=subprocess.DEVNULL, timeout=600)


def told(folder: Path, environ: Mapping[str, str], *words: str) -> bytes:
    """What a command prints."""
    command = [sys.executable, "-m", "headway", *words]
    return subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True, timeout=120).stdout


def measured(versions: int) -> list[Row]:
    """The first listing, which reads the record, and the later ones."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "team"
        folder.mkdir()
        written(folder, record(versions))
        environ = {**os.environ, "HEADWAY_CACHE": f"{place}/cache", "HEADWAY_CONFIG": f"{place}/config"}

        def listed() -> list[dict[str, str]]:
            found: list[dict[str, str]] = json.loads(told(folder, environ, "history", "delay", "-o", "json"))
            return found

        helped = cost(lambda: told(folder, environ, "--help"), ROUNDS)
        begin = cpu()
        assert len({line["version"] for line in listed() if line["version"]}) == versions
        first = cpu() - begin - helped
        later = cost(lambda: told(folder, environ, "history", "delay"), ROUNDS) - helped
    beyond = f"CPU of `headway history`, its gits included, beyond `headway --help` ({helped:.2f} s)"
    return [
        Row(
            what=f"{versions:,} versions listed", unit="s", budget=0.1, measured=later,
            how=f"{beyond}; the record was read before, median of {ROUNDS}",
        ),
        Row(
            what=f"{versions:,} versions listed for the first time", unit="s", budget=5.0, measured=first,
            how=f"{beyond}; reads the record and checks its {4 * versions:,} signatures",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    show(measured(next((int(word) for word in sys.argv[1:] if word.isdigit()), 1000)))
