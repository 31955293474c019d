"""Main as people write it: hostile trees, subfolders, shallow clones, remotes that are away."""

import os
from pathlib import Path

import pytest
from tests.adapters.git import repository
from tests.adapters.git.repository import ENVIRON

from headway.adapters.git.journal import GitJournal
from headway.adapters.git.source import GitSource
from headway.adapters.git.worktree import WorkTree
from headway.reconcile.ports import Change, PortError


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository.make(tmp_path / "repo")


def hostile(repo: Path) -> str:
    """A commit with a good file and every kind of name that is not taken."""
    blob = repository.git(repo, "hash-object", "-w", "--stdin", given=b"x")
    entries = [
        f"100644 blob {blob}\tgood.txt",
        f"100644 blob {blob}\t--upload-pack=x",
        f"100644 blob {blob}\tnew\nline",
        f"120000 blob {blob}\tlink",
        f"160000 commit {'1' * 40}\tsub",
    ]
    tree = repository.git(repo, "mktree", "-z", given="\0".join([*entries, ""]).encode())
    made = repository.git(repo, "commit-tree", tree, "-m", "Hostile")
    repository.git(repo, "update-ref", "refs/heads/main", made)
    return made


def raw_tree(repo: Path, name: bytes) -> str:
    """A commit whose tree holds a name that git itself refuses to write."""
    blob = repository.git(repo, "hash-object", "-w", "--stdin", given=b"x")
    data = b"100644 " + name + b"\0" + bytes.fromhex(blob)
    tree = repository.git(repo, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", given=data)
    return repository.git(repo, "commit-tree", tree, "-m", "Raw")


def test_hostile_names_links_and_submodules_are_named_and_break_nothing_else(repo: Path) -> None:
    head = hostile(repo)
    source = GitSource(repo, environ=ENVIRON)
    assert set(source.files(head)) == {"good.txt"}
    assert source.refused(head) == {
        "--upload-pack=x": "its name looks like an option",
        "new\nline": "its name holds control characters",
        "link": "it is a link",
        "sub": "it is a submodule",
    }
    assert source.read(head, ["good.txt"]) == {"good.txt": b"x"}
    with pytest.raises(PortError, match=r"link at .* is not taken: it is a link"):
        source.read(head, ["link"])


@pytest.mark.parametrize("name", [b"..", b".git", b".GIT", b".", b"\xff", b"a\x1b[31m"])
def test_names_that_lead_elsewhere_are_refused(repo: Path, name: bytes) -> None:
    head = raw_tree(repo, name)
    source = GitSource(repo, environ=ENVIRON)
    assert source.files(head) == {}
    assert len(source.refused(head)) == 1


@pytest.mark.parametrize("commit", ["--help", "main", "HEAD", "", "f" * 39, "g" * 40])
def test_only_full_ids_name_commits(repo: Path, commit: str) -> None:
    repository.commit(repo, {"a": b"1"})
    with pytest.raises(PortError, match="no commit"):
        GitSource(repo, environ=ENVIRON).files(commit)


@pytest.mark.parametrize("branch", ["--upload-pack=x", "-x", "a..b", "a b", "", "x.lock", "a@{1}"])
def test_a_branch_that_is_an_option_is_refused(repo: Path, branch: str) -> None:
    with pytest.raises(PortError, match="no name of a branch"):
        GitSource(repo, branch, environ=ENVIRON)


def test_a_folder_of_a_monorepo_is_a_project_of_its_own(repo: Path) -> None:
    head = repository.commit(repo, {"ml/delay/headway.yaml": b"d", "ml/other/headway.yaml": b"o", "README": b"r"})
    (repo / "README").unlink()
    (repo / "README").symlink_to("ml")
    head = repository.commit(repo, {})
    source = GitSource(repo / "ml", path="ml/delay/", environ=ENVIRON)
    assert source.read(head, source.files(head)) == {"headway.yaml": b"d"}
    assert source.refused(head) == {}
    assert GitSource(repo, path="none", environ=ENVIRON).files(head) == {}


def test_a_detached_head_and_a_dirty_tree_change_nothing(repo: Path) -> None:
    head = repository.commit(repo, {"a": b"committed"})
    repository.git(repo, "checkout", "--quiet", "--detach")
    repository.commit(repo, {"a": b"detached"})
    (repo / "a").write_bytes(b"dirty")
    source = GitSource(repo, environ=ENVIRON)
    assert source.refresh().commit == head
    assert source.read(head, ["a"]) == {"a": b"committed"}
    assert repository.git(repo, "status", "--porcelain") == "M a"


def test_a_linked_worktree_reads_the_same_branch(repo: Path, tmp_path: Path) -> None:
    head = repository.commit(repo, {"a": b"1"})
    repository.git(repo, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    assert GitSource(tmp_path / "linked", environ=ENVIRON).refresh().commit == head


def test_line_ends_and_filters_do_not_touch_bytes(repo: Path) -> None:
    head = repository.commit(repo, {"a": b"1\n2\r\n", "$Id$": b"$Id$\n"})
    repository.git(repo, "config", "core.autocrlf", "true")
    repository.git(repo, "config", "core.eol", "crlf")
    assert GitSource(repo, environ=ENVIRON).read(head, ["a"]) == {"a": b"1\n2\r\n"}


def test_replaced_objects_are_not_believed(repo: Path) -> None:
    head = repository.commit(repo, {"a": b"true"})
    false = repository.git(repo, "hash-object", "-w", "--stdin", given=b"false")
    repository.git(repo, "replace", repository.git(repo, "rev-parse", "HEAD:a"), false)
    assert GitSource(repo, environ=ENVIRON).read(head, ["a"]) == {"a": b"true"}


def test_hooks_and_monitors_of_the_repository_do_not_run(repo: Path, tmp_path: Path) -> None:
    repository.commit(repo, {"a": b"1"})
    script = tmp_path / "hook"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    script.chmod(0o755)
    repository.git(repo, "config", "core.fsmonitor", str(script))
    assert set(WorkTree(repo, environ=ENVIRON).files()) == {"a"}
    assert not (tmp_path / "ran").exists()


def test_a_shallow_clone_says_so(repo: Path, tmp_path: Path) -> None:
    repository.commit(repo, {"a": b"1"})
    head = repository.commit(repo, {"a": b"2"})
    shallow = repository.clone(repo, tmp_path / "shallow", "--depth=1")
    found = GitSource(shallow, remote="origin", environ=ENVIRON).refresh()
    assert (found.commit, found.shallow, found.problem) == (head, True, "")


def test_a_remote_that_is_away_leaves_the_last_commit_seen(repo: Path, tmp_path: Path) -> None:
    head = repository.commit(repo, {"a": b"1"})
    clone = repository.clone(repo, tmp_path / "clone")
    repo.rename(tmp_path / "gone")
    found = GitSource(clone, remote="origin", environ=ENVIRON).refresh()
    assert found.commit == head
    assert "origin" in found.problem


def test_a_remote_without_the_branch_says_what_to_push(repo: Path, tmp_path: Path) -> None:
    repository.commit(repo, {"a": b"1"})
    clone = repository.clone(repo, tmp_path / "clone")
    found = GitSource(clone, "release", remote="origin", environ=ENVIRON).refresh()
    assert found.commit == ""
    assert "git push origin HEAD:release" in found.problem


@pytest.mark.parametrize("address", ["ext::sh -c touch% ran", "http://127.0.0.1:1/x", "git://127.0.0.1:1/x"])
def test_protocols_that_run_programs_or_carry_no_secrecy_are_refused(repo: Path, address: str) -> None:
    repository.commit(repo, {"a": b"1"})
    repository.git(repo, "remote", "add", "origin", address)
    repository.git(repo, "config", "protocol.ext.allow", "always")
    found = GitSource(repo, remote="origin", environ=ENVIRON).refresh()
    assert "not allowed" in found.problem
    assert not (repo / "ran").exists()


def test_a_password_in_an_address_is_not_shown(repo: Path) -> None:
    repository.commit(repo, {"a": b"1"})
    repository.git(repo, "remote", "add", "origin", "https://me:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in GitSource(repo, remote="origin", environ=ENVIRON).refresh().problem


def test_a_folder_that_is_no_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="no Git repository"):
        GitSource(tmp_path, environ=ENVIRON | {"GIT_CEILING_DIRECTORIES": str(tmp_path)}).refresh()


def test_a_commit_has_a_subject_and_a_name_finds_it(repo: Path) -> None:
    head = repository.commit(repo, {"a": b"1"}, "Better \x1b[31mtrees")
    source = GitSource(repo, environ=ENVIRON)
    assert source.commit_subject(head) == "Better [31mtrees"
    assert source.resolve("main") == head
    with pytest.raises(PortError, match="names no commit"):
        source.resolve("--all")


def test_the_work_tree_shows_what_could_be_committed(repo: Path, tmp_path: Path) -> None:
    head = repository.commit(repo, {"a": b"old", "deep/b": b"b", "gone": b"", ".gitignore": b"ignored\n"})
    (repo / "a").write_bytes(b"new")
    (repo / "gone").unlink()
    for name in ("untracked", "ignored"):
        (repo / name).write_bytes(b"")
    (repo / "link").symlink_to("/etc/hostname")
    tree = WorkTree(repo, environ=ENVIRON)
    assert tree.refresh().commit == head
    assert set(tree.files()) == {"a", "deep/b", ".gitignore", "untracked"}
    assert tree.refused() == {"link": "it is a link"}
    assert tree.read("", ["a", "deep/b"]) == {"a": b"new", "deep/b": b"b"}
    assert set(WorkTree(repo, path="deep", environ=ENVIRON).files()) == {"b"}
    (repo / "deep" / "b").unlink()
    (repo / "deep").rmdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b").write_bytes(b"secret")
    (repo / "deep").symlink_to(tmp_path / "outside")
    for path in ("link", "deep/b", "../outside/b", "none"):
        with pytest.raises(PortError):
            tree.read("", [path])


def test_the_callers_git_variables_do_not_lead_elsewhere(repo: Path, tmp_path: Path) -> None:
    head = repository.commit(repo, {"a": b"1"})
    other = repository.make(tmp_path / "other")
    environ = ENVIRON | {"GIT_DIR": str(other / ".git"), "GIT_INDEX_FILE": os.devnull}
    assert GitSource(repo, environ=environ).refresh().commit == head


def test_a_pass_walks_no_history(repo: Path) -> None:
    """All that is older than the head is taken away: whoever looked for it would fail."""
    repository.commit(repo, {"a": b"1"})
    gone = repository.git(repo, "rev-parse", "HEAD")
    head = repository.commit(repo, {"a": b"2"})
    (repo / ".git" / "objects" / gone[:2] / gone[2:]).unlink()
    source = GitSource(repo, environ=ENVIRON)
    for _ in range(2):
        assert source.refresh().commit == head
        assert source.read(head, source.files(head)) == {"a": b"2"}
    journal = GitJournal(repo, environ=ENVIRON)
    journal.append(Change(files={"b": b""}, subject="Write"))
    assert set(journal.files("")) == {"b"}


def test_a_tree_that_cannot_be_read_is_no_empty_one(repo: Path) -> None:
    head = repository.commit(repo, {"ml/a": b"1"})
    tree = repository.git(repo, "rev-parse", "HEAD:ml")
    (repo / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    for place in ("", "ml"):
        with pytest.raises(PortError, match="lacks objects"):
            GitSource(repo, path=place, environ=ENVIRON).files(head)
