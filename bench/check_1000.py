"""What it costs to load and check 1,000 models: seconds of CPU, without and with reading them from Git and from disk.

Run: python bench/check_1000.py.  Budget: 2 s of CPU for 1,000.
"""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from headway.app.checking import check
from headway.spec.wish import load_wish
from rows import Row, cost, show

PROJECT = """\
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {name: many}
spec:
  environments: [staging, production]
  signers:
    - {name: ada, key: "%s", may: {train: true, decide: [staging, production]}}
""" % ("ab" * 32)
ENVIRONMENT = """\
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {name: %s}
spec: {target: local, traffic: %s}
"""
# The example of the documentation, in full.
MODEL = """\
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {name: delay-%d, labels: {team: ops}}
spec:
  task: {kind: classification, label: late}
  data:
    path: data/*.csv
    split: {by: date, train: 90d, test: 30d}
    unit: date
    expect:
      distance: {between: [80, 5000]}
      carrier: {categories: train}
  train:
    run: python train.py --depth {depth}
    params: {depth: 6}
    files: [train.py, features.py]
    requirements: requirements.lock
    writes: model.joblib
    secrets: [WAREHOUSE_DSN]
  gates:
    - {metric: auc, at_least: 0.70}
    - {metric: auc, versus: live, worse_by_at_most: 0.005}
    - {latency: p95, at_most: 15ms, at: 100/s}
  serve:
    replicas: {min: 2, max: 10}
    resources: {cpu: 1, memory: 512Mi}
    scale: {cpu: 70, memory: 80, qps: 100}
  rollout:
    strategy: canary
    stages: [5, 20, 50]
    guardrails:
      - {errors: rate, worse_by_at_most: 1.5x, floor: 0.5pp}
      - {latency: p95, worse_by_at_most: 1.25x}
    wrong_at_most: {abort: 1%%, promote: 5%%}
    deadline: {after: 2h, then: rollback}
  monitor: {drift: {score_at_most: 0.15, window: 1h, rows: 1000}, latency: {p95_at_most: 100ms}, errors: {at_most: 5%%}}
  retrain: {when: [drift, monthly], at_most_every: 24h}
"""


def files_of(models: int) -> dict[str, bytes]:
    """A repository with so many models."""
    files = {
        "headway.yaml": PROJECT,
        "environments/staging.yaml": ENVIRONMENT % ("staging", "none"),
        "environments/production.yaml": ENVIRONMENT % ("production", "live"),
    }
    for number in range(models):
        folder = f"models/delay-{number}"
        files[f"{folder}/model.yaml"] = MODEL % number
        files |= {f"{folder}/{name}": "" for name in ("train.py", "features.py", "requirements.lock", "data/a.csv")}
    return {path: text.encode() for path, text in files.items()}


def row(what: str, work: Callable[[], str]) -> Row:
    """What was done, the median CPU of three times, what it found."""
    found = work()
    return Row(what=what, unit="s", budget=2.0, measured=cost(work, 3), how=f"CPU, median of 3; {found}")


def loaded(files: dict[str, bytes]) -> str:
    """How many models are usable, and how many findings there are."""
    wish = load_wish(files, files.keys())
    return f"{len(wish.models)} models, {len(wish.findings)} findings"


def checked(root: Path, commit: str | None) -> str:
    """The same through `headway check`."""
    view = check(root, commit)
    return f"{view.models} models, {len(view.findings)} findings"


def main() -> None:
    """Make the repository, then measure."""
    models = 1000
    files = files_of(models)
    wrong = {path: data.replace(b"stages", b"stage").replace(b"auc", b"acc") for path, data in files.items()}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b"]
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "Begin"]):
            subprocess.run([*git, *words], check=True, timeout=600)
        show(
            [
                row(f"{models:,} models loaded and checked", lambda: loaded(files)),
                row("the same with faults in every model", lambda: loaded(wrong)),
                row(f"`headway check` of a work tree with {models:,} models", lambda: checked(root, None)),
                row("`headway check` of a commit with as many", lambda: checked(root, "main")),
            ]
        )


if __name__ == "__main__":
    main()
