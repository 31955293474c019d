"""Where commands find the project, its branches and its record: checkouts of every odd kind, on real Git."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.adapters.git import repository

from headway.adapters.git.program import Git
from headway.app.branches import people_branch
from headway.app.errors import RefusedError
from headway.app.repository import Repository, open_repository
from headway.app.root import record_branch
from headway.reconcile.ports import Change

PROJECT = """
apiVersion: headway.dev/v1alpha1
kind: Project
metadata: {{name: demo}}
spec: {{environments: [production]{more}}}
"""


def project(branch: str = "") -> bytes:
    """A headway.yaml; without a branch it means main."""
    return PROJECT.format(more=f", branch: {branch}" if branch else "").encode()


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**repository.ENVIRON, "HEADWAY_CONFIG": str(tmp_path / "config")}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository.make(tmp_path / "repo")


def wished(opened: Repository) -> str:
    """The branch that the wish is read from, as the tip says."""
    return opened.wish_at(opened.source.refresh().commit).project.spec.branch


def headway(*arguments: str, repo: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "headway", *arguments, "--repo", str(repo)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_main_is_the_branch_of_people_unless_the_project_says_otherwise(repo: Path) -> None:
    head = repository.commit(repo, {"headway.yaml": project()})
    repository.git(repo, "checkout", "--quiet", "-b", "feature")
    repository.commit(repo, {"x": b"1"})
    assert open_repository(repo).source.refresh().commit == head


def test_another_branch_is_followed_when_the_project_names_it(repo: Path) -> None:
    repository.commit(repo, {"a": b"1"})
    repository.git(repo, "checkout", "--quiet", "-b", "trunk")
    head = repository.commit(repo, {"headway.yaml": project("trunk")})
    opened = open_repository(repo)
    assert opened.source.refresh().commit == head
    assert wished(opened) == "trunk"


def test_with_a_remote_it_is_the_branch_as_fetched(repo: Path, tmp_path: Path) -> None:
    repository.git(repo, "checkout", "--quiet", "-b", "trunk")
    repository.commit(repo, {"headway.yaml": project("trunk")})
    clone = repository.clone(repo, tmp_path / "clone")
    ahead = repository.commit(repo, {"x": b"1"})
    repository.commit(clone, {"mine": b"not pushed"})
    assert open_repository(clone).source.refresh().commit == ahead


def test_a_project_that_is_broken_on_disk_is_read_as_checked_out(repo: Path) -> None:
    repository.git(repo, "checkout", "--quiet", "-b", "trunk")
    head = repository.commit(repo, {"headway.yaml": project("trunk")})
    (repo / "headway.yaml").write_text("kind: Projec\n")
    assert open_repository(repo).source.refresh().commit == head
    (repo / "headway.yaml").unlink()
    assert open_repository(repo).source.refresh().commit == head


def test_a_branch_that_names_another_is_refused(repo: Path) -> None:
    repository.commit(repo, {"headway.yaml": project("trunk")})
    repository.git(repo, "branch", "trunk")
    repository.git(repo, "checkout", "--quiet", "-b", "old")
    repository.commit(repo, {"headway.yaml": project()})
    with pytest.raises(RefusedError, match="people write `main`, and on main it says `trunk`"):
        open_repository(repo)


@pytest.mark.parametrize("name", ["headway", "--upload-pack=x", "a..b"])
def test_a_branch_that_cannot_be_peoples_is_refused(repo: Path, name: str) -> None:
    repository.commit(repo, {"headway.yaml": project(name)})
    with pytest.raises(RefusedError, match=r"Headway writes itself|no name of a branch"):
        open_repository(repo)


def test_the_branch_of_the_project_is_what_commands_read(repo: Path) -> None:
    repository.git(repo, "checkout", "--quiet", "-b", "trunk")
    head = repository.commit(repo, {"headway.yaml": project("trunk")})
    done = headway("status", repo=repo)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"main {head[:8]}")


def test_projects_of_a_monorepo_have_a_record_each(repo: Path) -> None:
    repository.commit(repo, {f"{place}headway.yaml": project() for place in ("", "ml/", "ml/delay/", "other/")})
    branches = set()
    for place in (".", "ml", "ml/delay", "other"):
        opened = open_repository(repo / place)
        assert opened.folder == repo / place / ".headway"
        assert "headway.yaml" in opened.source.files(opened.source.refresh().commit)
        name = record_branch(opened.path)
        repository.git(repo, "branch", name)  # all of them side by side: none is a folder of another
        branches.add(name)
    assert branches == {"headway", "headway+ml", "headway+ml+delay", "headway+other"}


def test_a_record_of_one_project_is_not_seen_by_the_other(repo: Path) -> None:
    repository.commit(repo, {"one/headway.yaml": project(), "two/headway.yaml": project()})
    one, two = open_repository(repo / "one"), open_repository(repo / "two")
    one.journal.append(Change(files={"evidence/x": b"1"}, subject="Write"))
    assert two.journal.refresh().commit == ""
    assert repository.git(repo, "log", "--format=%s", "headway+one") == "Write"


@pytest.mark.parametrize("inside", ["ml/delay", "ml/delay/models/late"])
def test_a_project_is_found_at_or_above_the_folder(repo: Path, inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"headway.yaml": project(), "ml/delay/headway.yaml": project(), "ml/delay/models/late/train.py": b""}
    repository.commit(repo, files)
    assert open_repository(repo / inside).path == "ml/delay"
    monkeypatch.chdir(repo / inside)
    assert open_repository(Path()).path == "ml/delay"
    monkeypatch.chdir(repo / "ml")
    assert open_repository(Path()).path == ""


def test_a_link_to_a_checkout_is_the_checkout(repo: Path, tmp_path: Path) -> None:
    repository.commit(repo, {"ml/headway.yaml": project()})
    (tmp_path / "link").symlink_to(repo / "ml")
    assert open_repository(tmp_path / "link").path == "ml"


def test_a_project_above_the_repository_is_not_taken(repo: Path) -> None:
    (repo.parent / "headway.yaml").write_bytes(project())
    repository.commit(repo, {"a": b""})
    assert open_repository(repo).project == repo


def test_a_folder_that_cannot_name_a_branch_is_refused(repo: Path) -> None:
    repository.commit(repo, {"my project/headway.yaml": project()})
    with pytest.raises(RefusedError, match="cannot name the branch"):
        open_repository(repo / "my project")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("no repository", "is in no Git repository. `headway init` makes one"),
        ("empty", "has no commit yet. Commit what you wish for on main"),
        ("no main", "has no branch main. Make it (git branch main), or name the branch"),
        ("no project", "There is no headway.yaml at"),
        ("git's own folder", "where Git keeps its own files"),
        ("bare", "is a bare repository: clone it"),
        ("never fetched", "origin never showed a branch main here"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_one_sentence(tmp_path: Path, state: str, said: str) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    match state:
        case "empty":
            repository.make(repo)
            (repo / "headway.yaml").write_bytes(project())
        case "no main":
            repository.make(repo)
            repository.git(repo, "checkout", "--quiet", "-b", "master")
            repository.commit(repo, {"headway.yaml": project()})
        case "no project":
            repository.commit(repository.make(repo), {"a": b""})
        case "git's own folder":
            repo = repository.make(repo) / ".git"
        case "bare":
            repo = repository.make_bare(tmp_path / "bare")
        case "never fetched":
            repository.commit(repository.make(repo), {"headway.yaml": project()})
            repository.git(repo, "remote", "add", "origin", (tmp_path / "none").as_uri())
        case _:
            pass
    done = headway("up", "--once", repo=repo)
    assert done.returncode == 1, done
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_bare_repository_can_be_verified(repo: Path, tmp_path: Path) -> None:
    repository.commit(repo, {"headway.yaml": project()})
    bare = tmp_path / "bare"
    repository.git(repo, "clone", "--quiet", "--bare", str(repo), str(bare))
    done = headway("verify", repo=bare)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 records" in done.stdout
    assert {path.name for path in bare.iterdir()}.isdisjoint({".headway", "headway-journal.lock"})


def test_a_linked_worktree_is_a_checkout_like_any_other(repo: Path, tmp_path: Path) -> None:
    head = repository.commit(repo, {"ml/headway.yaml": project()})
    repository.git(repo, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    opened = open_repository(tmp_path / "linked" / "ml")
    assert (opened.root, opened.path) == (tmp_path / "linked", "ml")
    assert opened.source.refresh().commit == head


def test_a_detached_head_changes_nothing(repo: Path) -> None:
    head = repository.commit(repo, {"headway.yaml": project()})
    repository.git(repo, "checkout", "--quiet", "--detach")
    repository.commit(repo, {"x": b"1"})
    assert open_repository(repo).source.refresh().commit == head


def test_a_repository_of_another_user_is_refused_with_the_cure(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(repo, {"headway.yaml": project()})
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    other = tmp_path / "bin" / "git"
    other.parent.mkdir()
    other.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"\n')
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{other.parent}:{repository.ENVIRON['PATH']}")
    with pytest.raises(RefusedError, match=f"git config --global --add safe.directory {repo}"):
        open_repository(repo)


def test_the_callers_git_variables_do_not_lead_elsewhere(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(repo, {"headway.yaml": project()})
    monkeypatch.setenv("GIT_DIR", str(repository.make(tmp_path / "other") / ".git"))
    assert open_repository(repo).root == repo


def test_a_link_in_the_place_of_the_project_is_not_followed_in_git(repo: Path) -> None:
    (repo / "elsewhere").write_bytes(project("trunk"))
    (repo / "headway.yaml").symlink_to("elsewhere")
    repository.commit(repo, {})
    (repo / "headway.yaml").unlink()
    assert people_branch(Git(repo, repository.ENVIRON), repo, "", None) == "main"
