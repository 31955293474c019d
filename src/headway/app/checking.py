"""Reads the wish from the work tree or a commit, for its findings; and from the work tree for a run."""

from pathlib import Path

from headway.adapters.git.worktree import WorkTree
from headway.app.repository import Repository, open_repository
from headway.app.views import Checked
from headway.spec.wish import Wish, load_wish

__all__ = ["check", "wish_of_work_tree"]


def check(repo: Path, commit: str | None) -> Checked:
    """All findings of the work tree, or of a commit."""
    repository = open_repository(repo)
    if commit:
        wish = repository.wish_at(repository.source.resolve(commit))
    else:
        wish, _ = wish_of_work_tree(repository)
    return Checked(models=len(wish.models), environments=len(wish.environments), findings=wish.findings)


def wish_of_work_tree(repository: Repository) -> tuple[Wish, WorkTree]:
    """The wish as it lies on disk, and the work tree it was read from."""
    tree = WorkTree(repository.root, path=repository.path, environ=repository.settings.environ)
    paths = set(tree.files())
    wanted = [path for path in paths if path.endswith((".yaml", ".yml"))]
    return load_wish(tree.read("", wanted), paths), tree
