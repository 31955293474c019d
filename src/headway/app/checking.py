"""Reads the wish from the work tree or a commit, for its findings; and from the work tree for a run."""

from pathlib import Path

from headway.adapters.data.matching import check_folder, match_files
from headway.adapters.git.worktree import WorkTree
from headway.app.reading import papers_at
from headway.app.repository import Repository, open_repository
from headway.app.views import Checked
from headway.reconcile.ports import PortError
from headway.spec.papers import Papers, Unmatched
from headway.spec.rules.data import data_paths
from headway.spec.rules.names import fault_of_path
from headway.spec.wish import Wish, judged

__all__ = ["check", "wish_of_work_tree"]


def check(repo: Path, commit: str | None) -> Checked:
    """All findings of the work tree, or of a commit."""
    repository = open_repository(repo)
    if commit:
        wish = repository.wish_at(repository.source.resolve(commit))
    else:
        papers = papers_at(_work_tree(repository), "")
        wish = judged(papers, _unmatched(repository.project, papers))
    return Checked(
        models=len(wish.models),
        held=tuple(sorted(wish.held)),
        environments=len(wish.environments),
        findings=wish.findings,
    )


def wish_of_work_tree(repository: Repository) -> tuple[Wish, WorkTree]:
    """The wish as it lies on disk, and the work tree it was read from; data may be in the store by now."""
    tree = _work_tree(repository)
    return judged(papers_at(tree, ""), {}), tree


def _work_tree(repository: Repository) -> WorkTree:
    return WorkTree(repository.root, path=repository.path, environ=repository.settings.environ)


def _unmatched(project: Path, papers: Papers) -> Unmatched:
    """Data paths that match no file on this disk, with the reason; data are seldom in Git."""
    found: dict[tuple[str, str], str] = {}
    for placed in papers.models:
        for _, pattern in data_paths(placed.value.spec.data):
            if fault_of_path(pattern):
                continue
            try:
                match_files(check_folder(project, placed.folder), pattern)
            except PortError as fault:
                found[placed.folder, pattern] = str(fault)
    return found
