"""The wish: a branch of people, read as objects at a commit.  Never checks out, never writes but by fetching."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from headway.adapters.git.names import check_branch, check_oid, place_in
from headway.adapters.git.objects import Tree, blobs, commit_of, tree
from headway.adapters.git.program import Git
from headway.adapters.git.remote import Remote
from headway.reconcile.ports import Blob, Head, PortError

__all__ = ["GitSource"]

BLOB_AT_MOST = 64 * 2**20
READ_AT_MOST = 256 * 2**20
_TREES_KEPT = 8


class GitSource:
    """The port Source on a Git repository; `path` is the project's folder in a monorepo.

    With a patience of 0 s it only looks: a remote's branch stands where it was fetched last.
    """

    def __init__(
        self,
        repo: Path,
        branch: str = "main",
        *,
        path: str = "",
        remote: str | None = None,
        environ: Mapping[str, str] | None = None,
        patience_s: float | None = None,
    ) -> None:
        self._git = Git(repo, environ)
        self._branch = check_branch(branch)
        self._place = place_in(path)
        self._remote = Remote(self._git, remote, branch, patience_s=patience_s) if remote else None
        self._fetches = patience_s != 0
        self._trees: dict[str, Tree] = {}

    def refresh(self) -> Head:
        """Fetch when there is a remote, and say where the branch stands; PortError when this is no repository."""
        shallow = _is_shallow(self._git)
        if self._remote is None:
            commit = commit_of(self._git, f"refs/heads/{self._branch}")
            return Head(commit=commit, problem="" if commit else self.absence(), shallow=shallow)
        fetched = self._remote.fetch() if self._fetches else self._remote.fetched()
        problem = fetched.problem
        if fetched.absent:
            name = self._remote.name
            problem = f"{name} has no branch {self._branch}. Push it: git push {name} HEAD:{self._branch}"
        return Head(commit=fetched.commit, problem=problem, shallow=shallow)

    def seen(self) -> str:
        """The commit of the branch as last seen, without asking a remote; empty when there is none."""
        return commit_of(self._git, self._remote.ref if self._remote else f"refs/heads/{self._branch}")

    def absence(self) -> str:
        """Why the branch has no commit here, and what to do."""
        if self._remote:
            name = self._remote.name
            return (
                f"{name} never showed a branch {self._branch} here. See whether {name} answers (git fetch {name}), or "
                f"push it: git push {name} HEAD:{self._branch}"
            )
        if not self._git.line("rev-list", "--all", "--max-count=1"):
            return f"{self._git.repo} has no commit yet. Commit what you wish for on {self._branch}, then start again."
        return (
            f"{self._git.repo} has no branch {self._branch}. Make it (git branch {self._branch}), or name the branch "
            "that people write in headway.yaml: `spec: {branch: NAME}`."
        )

    def files(self, commit: str) -> Mapping[str, Blob]:
        """Every regular file of a commit under the project's path; what is not taken stands in `refused`."""
        return self._tree(commit).files

    def refused(self, commit: str) -> Mapping[str, str]:
        """Links, submodules and hostile names of a commit under the project's path, with the reason."""
        return self._tree(commit).refused

    def read(self, commit: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The bytes of the files named; PortError for one that is missing, refused or too large."""
        at = self._tree(commit)
        wanted = {path: _wanted(at, path, commit) for path in paths}
        total = sum(blob.size for blob in wanted.values())
        if total > READ_AT_MOST:
            raise PortError(
                f"The files asked of {commit} hold {total >> 20} MiB; {READ_AT_MOST >> 20} are read at once."
            )
        found = blobs(self._git, (blob.oid for blob in wanted.values()))
        return {path: found[blob.oid] for path, blob in wanted.items()}

    def commit_subject(self, commit: str) -> str:
        """The first line of a commit's message, fit to show."""
        line = self._git.line("show", "--no-patch", "--format=%s", "--encoding=UTF-8", check_oid(commit))
        return "".join(char for char in line if char.isprintable())

    def resolve(self, name: str) -> str:
        """The commit that a branch, tag or id stands for; PortError when there is none."""
        commit = commit_of(self._git, name)
        if not commit:
            raise PortError(f"{name!r} names no commit in {self._git.repo}. Give a branch, a tag or a commit id.")
        return commit

    def merge_base(self, one: str, other: str) -> str:
        """The newest commit that two have in common, or nothing."""
        return self._git.line("merge-base", check_oid(one), check_oid(other))

    def _tree(self, commit: str) -> Tree:
        # A commit's tree never changes, and every pass asks for the same few.
        if commit not in self._trees:
            while len(self._trees) >= _TREES_KEPT:
                del self._trees[next(iter(self._trees))]
            self._trees[commit] = tree(self._git, commit, self._place)
        return self._trees[commit]


def _wanted(at: Tree, path: str, commit: str) -> Blob:
    blob = at.files.get(path)
    if blob is None:
        why = at.refused.get(path)
        raise PortError(f"{path} at {commit[:12]} is not taken: {why}." if why else f"{path} is not in {commit[:12]}.")
    if blob.size > BLOB_AT_MOST:
        raise PortError(f"{path} at {commit[:12]} holds {blob.size >> 20} MiB; {BLOB_AT_MOST >> 20} are read.")
    return blob


def _is_shallow(git: Git) -> bool:
    answer = git.ask("rev-parse", "--is-shallow-repository")
    if answer.status:
        cure = " Run `git init` there." if "not a git repository" in answer.complaint else ""
        raise PortError(f"{git.repo} is no Git repository that can be read: {answer.complaint}.{cure}")
    return answer.output.strip() == b"true"
