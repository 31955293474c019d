"""`headway check` on real repositories: the work tree with its data, and a commit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.spec.test_golden import GOLDEN

from headway.app.checking import check, wish_of_work_tree
from headway.app.repository import open_repository

MODEL = "models/delay/model.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The sound example, with its data, committed without them."""
    for file in (GOLDEN / "sound").rglob("*"):
        if file.is_file() and file.name != "findings.txt":
            target = tmp_path / file.relative_to(GOLDEN / "sound")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    (tmp_path / ".gitignore").write_text("data/\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "Begin")
    data = tmp_path / "models/delay/data"
    data.mkdir()
    (data / "a.parquet").write_bytes(b"x")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, timeout=60)


def headway(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headway", *words],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=dict(os.environ),
    )  # fmt: skip


def codes(folder: Path, commit: str | None = None) -> list[str]:
    return [finding.code for finding in check(folder, commit).findings]


def test_a_sound_repository_has_no_findings(repository: Path) -> None:
    assert codes(repository) == codes(repository, "main") == []


def test_data_are_looked_for_on_disk_and_not_at_a_commit(repository: Path) -> None:
    (repository / "models/delay/data/a.parquet").rename(repository / "models/delay/data/a.csv")
    found = check(repository, None)
    assert [finding.code for finding in found.findings] == ["E030"]
    assert str(found.findings[0].place) == f"{MODEL}:7:5"
    assert found.held == ("delay",)
    assert codes(repository, "main") == []
    # A training takes pinned data from the store.
    assert list(wish_of_work_tree(open_repository(repository))[0].models) == ["delay"]


def test_what_is_no_regular_file_of_a_fair_size_is_told_and_blocks_no_other(repository: Path) -> None:
    for name in ("link", "large", "latin"):
        (repository / f"models/{name}").mkdir()
    (repository / "models/link/model.yaml").symlink_to(repository / MODEL)
    (repository / "models/large/model.yaml").write_bytes(b"#" * (2**20 + 1))
    (repository / "models/latin/model.yaml").write_bytes(b"# caf\xe9")
    found = check(repository, None)
    assert [(each.code, each.place.file) for each in found.findings] == [
        ("E002", "models/large/model.yaml"), ("E001", "models/latin/model.yaml"), ("E002", "models/link/model.yaml")
    ]  # fmt: skip
    assert found.models == 1


def test_a_declared_file_that_is_a_link_is_told_with_the_reason(repository: Path) -> None:
    (repository / "models/delay/features.py").unlink()
    (repository / "models/delay/features.py").symlink_to("train.py")
    (found,) = check(repository, None).findings
    assert (found.code, str(found.place)) == ("E021", f"{MODEL}:16:23")
    assert "link" in found.why


def test_the_command_ends_with_1_for_an_error_and_0_for_warnings(repository: Path) -> None:
    model = repository / MODEL
    model.write_text(model.read_text().replace("window: 1h", "window: 5m"))
    warned = headway(repository, "check", "-o", "json")
    assert (warned.returncode, [each["severity"] for each in json.loads(warned.stdout)["findings"]]) == (0, ["warning"])
    model.write_text(model.read_text().replace("rollout:", "rolout:"))
    refused = headway(repository, "check", "-o", "json")
    found = json.loads(refused.stdout)
    assert refused.returncode == 1
    assert [(each["code"], each["place"]["line"]) for each in found["findings"]] == [("E012", 30), ("E261", 38)]
    assert (found["models"], found["held"]) == (0, ["delay"])


def test_the_text_names_code_place_reason_and_cure(repository: Path) -> None:
    model = repository / MODEL
    model.write_text(model.read_text().replace("strategy: canary", "strategy: cannary\x1b[31m"))
    shown = headway(repository, "check")
    assert "\x1b" not in shown.stdout
    model.write_text(model.read_text().replace("\x1b[31m", ""))
    shown = headway(repository, "check")
    assert shown.stdout.splitlines()[:4] == [
        "E014 'strategy' is none of its values",
        f"  {MODEL}:31:15",
        "  It takes one of canary, blue-green, ab, shadow, direct, not 'cannary'. Did you mean 'canary'?",
        "  `headway explain Model.spec.rollout.strategy` shows what it takes.",
    ]


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        (["explain", "e204"], 0, "E204 never decides"),
        (["explain", "E999"], 1, "There is no code E999"),
        (["explain", "Model.rollout.deadline"], 0, "Default: {after: 2h, then: rollback}"),
        (["explain", "Model.gates"], 0, "with `latency`"),
        (["explain", "Model.dta"], 1, "Did you mean 'data'?"),
        (["schema", "Modle"], 1, "Did you mean 'Model'?"),
        (["schema", "Lock"], 0, '"title": "Lock"'),
        (["schema"], 2, "--to DIR"),
    ],
)
def test_help_answers_at_the_terminal(words: list[str], code: int, shown: str, tmp_path: Path) -> None:
    done = headway(tmp_path, *words)
    assert done.returncode == code
    assert shown in done.stdout + done.stderr


def test_schemas_are_written_for_every_kind(tmp_path: Path) -> None:
    done = headway(tmp_path, "schema", "--to", "made/here")
    assert done.returncode == 0
    assert "yaml-language-server" in done.stdout
    names = sorted(file.name for file in (tmp_path / "made/here").iterdir())
    assert names == [f"{kind}.schema.json" for kind in ("environment", "lock", "model", "policy", "project", "release")]
    assert json.loads((tmp_path / "made/here/model.schema.json").read_text())["additionalProperties"] is False
