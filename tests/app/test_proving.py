"""`verify`, `replay` and `history` on a real repository: whoever changes the record is found out."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.adapters.git import repository
from tests.adapters.local.kit import PATIENT, STANDIN, Bundles, bundle, objects, until
from tests.fakes.branch import Branch
from tests.fakes.history import LISTED, ONE, TRAINER, TWO, judge, release, sound, train, verdicts

from headway.adapters.git.journal import GitJournal
from headway.adapters.local.runtime import LocalRuntime
from headway.adapters.store.folder import FolderStore
from headway.app.cli import history, replay, verify
from headway.app.errors import RefusedError
from headway.reconcile.ports import Change
from headway.spec.release import Served

NAMES = ("scan", "answers", "gates", "rows", "leakage", "auc against a constant", "auc at least 0.7")
FILES = {
    "headway.yaml": b"""
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {name: demo}
spec: {environments: [production]}
""",
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
  data: {path: data.csv}
  train: {run: python train.py, files: [train.py]}
  gates:
    - {metric: auc, at_least: 0.7}
""",
    "models/delay/train.py": b"",
    "models/delay/requirements.lock": b"",
}


class Place:
    """A repository with a sound record, and the branch in memory that it was written from."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = repository.make(folder / "repo")
        main = repository.commit(self.folder, FILES)
        for name, value in {
            **repository.ENVIRON,
            "HEADWAY_CONFIG": str(folder / "config"),
            "HEADWAY_CACHE": str(folder / "cache"),
        }.items():
            monkeypatch.setenv(name, value)
        self.branch = sound(main=main, gates=NAMES)
        self.rebuild([commit.files for commit in self.branch.commits])

    def journal(self) -> GitJournal:
        """The branch, as Headway opens it."""
        return GitJournal(self.folder, environ=repository.ENVIRON, now=lambda: 1.0)

    def rebuild(self, commits: Sequence[Mapping[str, bytes | None]]) -> None:
        """Write the branch anew, as somebody with push rights and `--force` can."""
        if self.journal().refresh().commit:
            repository.git(self.folder, "update-ref", "-d", "refs/heads/headway")
        for files in commits:
            self.journal().append(Change(files=files, subject="Write"))

    def verify(self, *options: str, repo: Path | None = None) -> Result:
        """Run the command."""
        return CliRunner().invoke(verify.command, ["--repo", str(repo or self.folder), *options])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


@pytest.fixture(params=["unpinned", "pinned"])
def pinned(request: pytest.FixtureRequest, place: Place) -> bool:
    if request.param == "pinned":
        assert place.verify("--pin").exit_code == 0
    return bool(request.param == "pinned")


def test_a_sound_record_is_consistent_until_it_is_pinned(place: Place) -> None:
    first = place.verify()
    assert first.exit_code == 0
    assert "consistent, not authenticated: 9 records" in first.output
    assert "pinned in" in place.verify("--pin").output
    after = place.verify()
    assert "verified" in after.output
    assert "another history" not in after.output
    assert "delay 1.1.0 in production: trained, judged by" in after.output


def test_the_pinned_head_follows_the_branch(place: Place) -> None:
    place.verify("--pin")
    release(place.branch, "rolled back", ONE)
    place.journal().append(Change(files=place.branch.commits[-1].files, subject="Roll back"))
    head = place.journal().refresh().commit
    assert json.loads(place.verify("-o", "json").output)["head"] == head
    repository.git(place.folder, "update-ref", "refs/heads/headway", f"{head}~1")
    assert "cut off or rewritten" in place.verify().output


def edited(branch: Branch) -> list[Mapping[str, bytes | None]]:
    files = [dict(commit.files) for commit in branch.commits]
    (path,) = [path for path in files[2] if path.startswith("evidence/")]
    files[2][path] = (files[2][path] or b"").replace(b"A", b"B", 1)
    return list(files)


def reordered(branch: Branch) -> list[Mapping[str, bytes | None]]:
    files = [commit.files for commit in branch.commits]
    files[2], files[3] = files[3], files[2]
    return files


def deleted(branch: Branch) -> list[Mapping[str, bytes | None]]:
    return [commit.files for at, commit in enumerate(branch.commits) if at != 3]


def removed_later(branch: Branch) -> list[Mapping[str, bytes | None]]:
    (path,) = [path for path in branch.commits[3].files if path.startswith("evidence/")]
    return [*(commit.files for commit in branch.commits), {path: None}]


def without_right(branch: Branch) -> list[Mapping[str, bytes | None]]:
    release(branch, "direct", ONE, signer=TRAINER)
    return [commit.files for commit in branch.commits]


def without_evidence(branch: Branch) -> list[Mapping[str, bytes | None]]:
    judge(branch, TWO, said=(), passed=True)
    release(branch, "direct", TWO)
    return [commit.files for commit in branch.commits]


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (edited, "the signature is not one of the key of 'trainer'"),
        (reordered, "does not count"),
        (deleted, "records are missing before it"),
        (removed_later, "it was removed"),
        (without_right, "'trainer' lacks the right"),
        (without_evidence, "released though its gates did not pass"),
    ],
)
def test_a_changed_record_is_found(
    place: Place,
    pinned: bool,  # noqa: FBT001 - a fixture
    tamper: Callable[[Branch], list[Mapping[str, bytes | None]]],
    said: str,
) -> None:
    place.rebuild(tamper(place.branch))
    for options in ((), ("--pin",)):
        result = place.verify(*options)
        assert isinstance(result.exception, RefusedError)
        assert said in result.output
        assert ("cut off or rewritten" in result.output) == (pinned and tamper in {edited, reordered, deleted})


def test_a_cut_off_record_is_found_when_pinned(place: Place, pinned: bool) -> None:  # noqa: FBT001 - a fixture
    place.rebuild([commit.files for commit in place.branch.commits[:-1]])
    result = place.verify()
    assert ("cut off or rewritten" in result.output) == pinned
    assert ("consistent, not authenticated" in result.output) == (not pinned)


def test_a_record_rebuilt_with_other_keys_is_found_when_pinned(place: Place, pinned: bool) -> None:  # noqa: FBT001 - a fixture
    forged = sound("attacker", main=place.branch.main, gates=NAMES)
    place.rebuild([commit.files for commit in forged.commits])
    result = place.verify()
    assert ("another history" in result.output) == pinned
    assert ("consistent, not authenticated" in result.output) == (not pinned)


def test_a_gate_that_main_asked_for_is_missed(place: Place) -> None:
    lacking = sound(main=place.branch.main, gates=NAMES[:-1])
    place.rebuild([commit.files for commit in lacking.commits])
    assert "released without auc at least 0.7, which main" in place.verify().output


def test_a_gate_that_main_asks_for_since_is_told(place: Place, pinned: bool) -> None:  # noqa: FBT001 - a fixture
    model = FILES["models/delay/model.yaml"] + b"    - {metric: accuracy, at_least: 0.7}\n"
    repository.commit(place.folder, {"models/delay/model.yaml": model})
    result = place.verify()
    assert result.exit_code == 0
    assert (
        "warning    delay 1.1.0 in production: main asks for accuracy against a constant, accuracy at least 0.7 since"
        in result.output
    )
    assert ("verified, 1 undecided, 1 warning" in result.output) == pinned


def stored(place: Place) -> Path:
    """Release a version whose bytes lie in the store; the folder that holds them."""
    store = place.folder / ".headway" / "store"
    fresh = Served(version="1.2.0", bundle=FolderStore(store).put(b"model"))
    train(place.branch, fresh)
    judge(place.branch, fresh, said=verdicts(*NAMES))
    release(place.branch, "direct", fresh)
    for commit in place.branch.commits[-3:]:
        place.journal().append(Change(files=commit.files, subject="Write"))
    return store


def test_bytes_in_the_store_are_those_named(place: Place, pinned: bool) -> None:  # noqa: FBT001 - a fixture
    store = stored(place)
    sound_one = place.verify()
    assert sound_one.exit_code == 0
    assert ("verified: 12 records" in sound_one.output) == pinned
    (path,) = (path for path in store.rglob("*") if path.is_file())
    path.chmod(0o600)
    path.write_bytes(b"madel")
    result = place.verify()
    assert isinstance(result.exception, RefusedError)
    assert "delay 1.2.0 in production: its bytes are not those named" in result.output
    path.unlink()
    assert "the store here does not have its bytes" in place.verify().output


def answers(runtime: LocalRuntime, version: str) -> bool:
    return runtime.observe("delay", "production").weights.get(version, 0.0) > 0.0


def test_what_runs_here_is_what_the_release_names(place: Place, pinned: bool) -> None:  # noqa: FBT001, ARG001 - a fixture
    stored(place)
    served = place.branch.ledger.model("delay").standing["production"].stable
    assert served
    runtime = LocalRuntime(
        place.folder / ".headway" / "run", Bundles(), interpreter=str, timing=PATIENT, server=STANDIN
    )
    try:
        for version in (served.version, "6.6.6"):
            runtime.apply("delay", "production", objects((version, bundle(version), 100.0, 1)))
            until(lambda: answers(runtime, version))  # noqa: B023 - asked before the next version
            result = place.verify()
            assert isinstance(result.exception, RefusedError)  # a stand-in has other bytes than the release
            assert f"delay {version} ({bundle(version)[:12]}) runs in production; its release" in result.output
    finally:
        runtime.shut_down()
    assert place.verify().exit_code == 0


def test_a_merge_into_the_record_is_refused(place: Place) -> None:
    head = place.journal().refresh().commit
    merge = repository.git(
        place.folder, "commit-tree", f"{head}^{{tree}}", "-p", head, "-p", place.branch.main, "-m", "Merge"
    )
    repository.git(place.folder, "update-ref", "refs/heads/headway", merge)
    assert isinstance(place.verify().exception, RefusedError)


def test_a_shallow_clone_says_what_it_cannot_verify(place: Place, tmp_path: Path) -> None:
    bare = repository.make_bare(tmp_path / "bare")
    repository.git(place.folder, "push", "--quiet", str(bare), "main", "headway")
    clone = repository.clone(bare, tmp_path / "clone", "--depth=3", "--no-single-branch")
    result = place.verify(repo=clone)
    assert result.exception is None, result.output
    assert "the clone is shallow" in result.output
    assert "consistent, not authenticated: 9 records" in result.output


def test_an_empty_repository_has_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path, monkeypatch)
    place.rebuild([])
    assert "0 records, head none" in place.verify().output
    assert "0 records, head none" in place.verify("--pin").output


def test_a_broken_pin_is_refused(place: Place, tmp_path: Path) -> None:
    place.verify("--pin")
    (pin,) = (tmp_path / "config" / "pins").iterdir()
    pin.write_bytes(b"\xff{")
    assert isinstance(place.verify().exception, RefusedError)


def test_a_pin_holds_the_first_list(place: Place, tmp_path: Path) -> None:
    place.verify("--pin")
    (pin,) = (tmp_path / "config" / "pins").iterdir()
    assert [row["name"] for row in json.loads(pin.read_bytes())["pin"]["signers"]["signers"]] == [
        row.name for row in LISTED.signers
    ]
    assert os.access(pin, os.R_OK)


def test_the_history_of_a_model_is_told(place: Place) -> None:
    result = CliRunner().invoke(history.command, ["delay", "--repo", str(place.folder)])
    assert result.exit_code == 0, result.output
    told = result.output.splitlines()
    head = place.journal().refresh().commit
    assert told[-1] == f"2026-01-01 00:00:09  {head[:8]}  1.1.0    production  promoted  [decider]"
    assert f"1.1.0                trained from main {place.branch.main[:8]}  [trainer]" in result.output
    assert told[told.index(next(line for line in told if "data locked" in line)) + 1].strip() == "the first lock"
    assert max(map(len, told)) <= 140
    lines = json.loads(CliRunner().invoke(history.command, ["delay", "--repo", str(place.folder), "-o", "json"]).output)
    assert [line["what"] for line in lines][-2:] == ["rollout started over 1.0.0", "promoted"]


def test_an_unknown_models_history_names_those_that_are_known(place: Place) -> None:
    result = CliRunner().invoke(history.command, ["late", "--repo", str(place.folder)])
    assert isinstance(result.exception, RefusedError)
    assert "It knows delay." in str(result.exception)


def test_verdicts_that_no_rule_made_do_not_replay(place: Place) -> None:
    result = CliRunner().invoke(replay.command, ["delay", "--repo", str(place.folder)])
    assert isinstance(result.exception, RefusedError)
    assert "0 of 14 verdicts came out the same" in result.output


def test_a_remote_that_was_rewritten_is_a_finding_and_one_that_is_away_is_undecided(
    place: Place, tmp_path: Path
) -> None:
    bare = repository.make_bare(tmp_path / "bare")
    repository.git(place.folder, "push", "--quiet", str(bare), "main", "headway")
    clone = repository.clone(bare, tmp_path / "clone")
    assert place.verify(repo=clone).exit_code == 0
    repository.git(bare, "update-ref", "refs/heads/headway", "headway~2")
    cut = place.verify(repo=clone)
    assert isinstance(cut.exception, RefusedError)
    assert "which does not descend from" in cut.output
    bare.rename(tmp_path / "away")
    away = place.verify(repo=clone)
    assert away.exit_code == 0
    assert "the remote was not heard" in away.output
