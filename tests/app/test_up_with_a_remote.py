"""`headway up --once` in a clone: it takes what the remote says now, and what it wrote is there when it ends."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.adapters.git import repository

from headway.adapters.signing.keys import create

FILES = {
    "environments/production.yaml": b"""
apiVersion: headway.dev/v1alpha1
kind: Environment
metadata: {name: production}
spec: {traffic: live}
""",
    "models/delay/model.yaml": b"""
apiVersion: headway.dev/v1alpha1
kind: Model
metadata: {name: delay}
spec:
  task: {kind: classification, label: late}
  data: {train: train.csv, test: test.csv}
  train: {run: python train.py, files: [train.py]}
  gates:
    - {metric: auc, at_least: 0.7}
""",
    "models/delay/train.py": b"raise SystemExit('not today')\n",
    "models/delay/requirements.lock": b"",
}
PROJECT = """
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {{name: demo}}
spec:
  environments: [production]
  branch: trunk
  signers:
    - {{name: ann, key: "{key}", may: {{train: true, approve: [production], decide: [production]}}}}
"""


def headway(*arguments: str, repo: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headway", *arguments, "--repo", str(repo)],
        capture_output=True, text=True, timeout=100, check=False, env=environ,
    )  # fmt: skip


@pytest.mark.e2e
def test_a_clone_of_a_monorepo_follows_its_branch_and_pushes_its_record(tmp_path: Path) -> None:
    environ = {
        **repository.ENVIRON,
        "HEADWAY_CONFIG": str(tmp_path / "config"),
        "HEADWAY_CACHE": str(tmp_path / "cache"),
    }
    bare = repository.make_bare(tmp_path / "bare")
    author = repository.clone(bare, tmp_path / "author")
    key = create(tmp_path / "config" / "keys", "ann")
    files = {f"ml/{path}": data for path, data in FILES.items()}
    repository.commit(author, {**files, "ml/headway.yaml": PROJECT.format(key=key).encode()})
    repository.git(author, "push", "--quiet", "origin", "HEAD:trunk")
    clone = repository.clone(bare, tmp_path / "clone", "--branch=trunk")
    project = clone / "ml"
    for name in ("train", "test"):
        rows = "".join(f"{number},{number % 2}\n" for number in range(20))
        (project / "models" / "delay" / f"{name}.csv").write_text(f"x,late\n{rows}")
    assert headway("approve", "--signers", repo=project, environ=environ).returncode == 0
    repository.git(author, "push", "--quiet", "origin", "HEAD:trunk")
    done = headway("up", "--once", repo=project, environ=environ)
    try:
        assert done.returncode == 0, done.stderr
        story = repository.git(bare, "log", "--format=%s", "headway+ml").splitlines()
        assert story[-2:] == ["Lock the data of delay", "List the signers ann"], done.stdout
        assert repository.git(bare, "branch", "--list", "headway") == ""
        status = headway("status", repo=project, environ=environ)
        assert "wait to be pushed" not in status.stdout
        assert repository.git(clone, "status", "--porcelain", "--untracked-files=no") == ""
    finally:
        headway("down", repo=project, environ=environ)
