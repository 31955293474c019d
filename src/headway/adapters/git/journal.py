"""The record: one linear branch that Headway writes by objects and a compare-and-swap of its ref.

Never touches work tree or index, never forces, never signs: what a record says is the caller's matter.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from headway.adapters.git.checkouts import leave_checkouts
from headway.adapters.git.history import changes_of, commits_of, entries
from headway.adapters.git.names import check_branch, place_in
from headway.adapters.git.objects import blobs, commit_of, is_ancestor, tree
from headway.adapters.git.program import Git, GitError
from headway.adapters.git.remote import Fetched, Remote
from headway.adapters.git.stale import clear_stale_lock
from headway.adapters.git.stream import stream
from headway.adapters.git.turn import turn
from headway.reconcile.ports import Change, Commit, Head, MovedError, PortError, Rewrite

__all__ = ["GitJournal"]

AUTHOR = "Headway <headway@localhost>"
TRIES = 8


class GitJournal:
    """The port Journal on a Git repository.

    `refs/heads/<branch>` is the local head.  `refs/headway/seen/…` is the newest head of the remote that was
    accepted, kept apart from the tracking ref, which any `git fetch` may move back.  With a patience of 0 s a refresh
    only looks.
    """

    def __init__(  # noqa: PLR0913 - where it lies, how it is reached, and what it signs with
        self,
        repo: Path,
        branch: str = "headway",
        *,
        remote: str | None = None,
        author: str = AUTHOR,
        environ: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.time,
        patience_s: float | None = None,
    ) -> None:
        self._git = Git(repo, environ)
        self._branch = check_branch(branch)
        self._ref = f"refs/heads/{branch}"
        self._remote = Remote(self._git, remote, branch, patience_s=patience_s) if remote else None
        self._seen = f"refs/headway/seen/{remote}/{branch}" if remote else ""
        self._author = author
        self._now = now
        self._fetches = patience_s != 0

    def refresh(self) -> Head:
        """Fetch when there is a remote; local unpushed commits are kept.

        A remote's head that does not descend from the newest one seen, or is no line, is not taken: the `problem`.
        """
        if self._remote is None or not self._fetches:
            return self._stand()
        fetched = self._fetch(self._remote)
        local = commit_of(self._git, self._ref)
        if fetched.commit and (
            not local or (local != fetched.commit and is_ancestor(self._git, local, fetched.commit))
        ):
            self._move(self._ref, fetched.commit, local)
        return self._stand(fetched.problem, rewritten=fetched.rewritten)

    def commits(self, after: str = "") -> Iterator[Commit]:
        """Commits oldest first, those after the one named; PortError when it is no ancestor of the head.

        MovedError when unpushed commits were put behind another's meanwhile: read all of it again.
        """
        head = self._local()
        if after == head:
            return iter(())
        if after and not (head and commit_of(self._git, after) and is_ancestor(self._git, after, head)):
            seen = commit_of(self._git, self._seen) if self._seen else ""
            if seen and head and is_ancestor(self._git, seen, head):
                raise MovedError(f"{after[:12]} was put behind another's commits on {self._branch}.")
            raise PortError(
                f"{after} is no longer part of {self._branch}: its history was rewritten here. Find out who did it; "
                f"restore it with `git update-ref refs/heads/{self._branch} {after}`."
            )
        return commits_of(self._git, entries(self._git, head, after))

    def files(self, prefix: str) -> Mapping[str, bytes]:
        """Files below a folder at the head, by path."""
        head, place = self._local(), place_in(prefix)
        if not head:
            return {}
        found = {
            f"{place}/{path}" if place else path: blob for path, blob in tree(self._git, head, place).files.items()
        }
        data = blobs(self._git, (blob.oid for blob in found.values()))
        return {path: data[blob.oid] for path, blob in found.items()}

    def append(self, change: Change, onto: str | None = None) -> str:
        """Commit on the local head; the new commit's id.

        With `onto`, MovedError when the head is another by now: read again, sign again, try again.
        """
        with turn(self._git):
            for _ in range(TRIES):
                head = self._local()
                if onto is not None and head != onto:
                    raise MovedError(f"{self._branch} moved from {onto[:12] or 'nothing'} to {head[:12] or 'nothing'}.")
                leave_checkouts(self._git, self._ref)
                try:
                    return self._import(self._ref, head, [change])
                except GitError:
                    # A person's git may have moved the branch meanwhile; objects without a name are harmless.
                    if self._local() == head and not clear_stale_lock(self._git, self._ref):
                        raise
        raise PortError(f"{self._branch} moved {TRIES} times while one commit was written. Try again later.")

    def publish(self, rewrite: Rewrite) -> Head:
        """Push what is ahead; when the remote moved, fetch, let `rewrite` redo the unpushed changes, and try again."""
        if self._remote is None:
            return self._stand()
        problem = f"{self._remote.name} moved {TRIES} times while this was pushed; the next publish tries again."
        fetched = Fetched(commit="")
        for _ in range(TRIES):
            local, seen = self._local(), commit_of(self._git, self._seen)
            if local == seen:
                return self._stand()
            if seen and not is_ancestor(self._git, seen, local):
                self._redo(local, seen, rewrite)
                continue
            answer, problem = self._remote.push(local, over=seen)
            if answer == "pushed":
                self._move(self._seen, local, seen)
                return self._stand()
            if answer == "away":
                break
            fetched = self._fetch(self._remote)
            if fetched.problem:
                problem = fetched.problem
                break
        return self._stand(problem, rewritten=fetched.rewritten)

    def _redo(self, local: str, seen: str, rewrite: Rewrite) -> None:
        """Put the unpushed changes, rewritten, on the remote's head, and move the branch there in one step."""
        if is_ancestor(self._git, local, seen):
            self._move(self._ref, seen, local)
            return
        base = self._git.line("merge-base", local, seen)
        theirs = list(commits_of(self._git, entries(self._git, seen, base)))
        mine = rewrite(changes_of(self._git, entries(self._git, local, base)), theirs)
        with turn(self._git):
            if self._local() == local:
                redone = f"refs/headway/redone/{self._branch}"
                new = self._import(redone, seen, mine, force=True) if mine else seen
                self._move(self._ref, new, local)

    def _import(self, ref: str, onto: str, changes: Sequence[Change], *, force: bool = False) -> str:
        given = stream(ref, onto, changes, who=self._author, at=int(self._now()))
        options = ["--quiet", "--date-format=raw", *(["--force"] if force else [])]
        return self._git.run("fast-import", *options, given=given).decode().strip()

    def _fetch(self, remote: Remote) -> Fetched:
        """Fetch, and accept the remote's head only when it goes on, in one line, from the newest one seen."""
        fetched, seen = remote.fetch(), commit_of(self._git, self._seen)
        if fetched.commit == seen or (fetched.problem and seen):
            return Fetched(commit=seen, problem=fetched.problem)
        fault = self._fault(fetched.commit, seen)
        if fault:
            cure = f"git push --force {remote.name} {seen}:refs/heads/{remote.branch}" if seen else ""
            problem = f"{remote.name}/{remote.branch} is not taken: {fault}. Find out who did it" + (
                f"; restore it with `{cure}`." if cure else "."
            )
            return Fetched(commit=seen, problem=problem, rewritten=True)
        if fetched.commit:
            self._move(self._seen, fetched.commit, seen)
        return fetched

    def _fault(self, commit: str, seen: str) -> str:
        """Why a head of the remote is not taken; empty for one that goes on from the newest seen."""
        if seen and not (commit and is_ancestor(self._git, seen, commit)):
            head = commit[:12] or "nothing any more"
            return f"it holds {head}, which does not descend from {seen[:12]}, seen there before"
        try:
            if commit:
                entries(self._git, commit, seen)  # refuses merges and links
        except PortError as error:
            return str(error)
        return ""

    def _move(self, ref: str, new: str, old: str) -> None:
        """Compare and swap.  A loser of the race looks again at its next turn."""
        if ref == self._ref:
            leave_checkouts(self._git, ref)
        given = f"update {ref}\0{new}\0{old or '0' * len(new)}\0".encode()
        outcome = self._git.ask("update-ref", "-z", "--stdin", given=given)
        if outcome.status:
            clear_stale_lock(self._git, ref)

    def _local(self) -> str:
        return commit_of(self._git, self._ref) or (commit_of(self._git, self._seen) if self._seen else "")

    def _stand(self, problem: str = "", *, rewritten: bool = False) -> Head:
        answer = self._git.run("rev-parse", "--is-shallow-repository").strip()
        local, seen = self._local(), commit_of(self._git, self._seen) if self._seen else ""
        ahead = 0
        if self._remote and local:
            ahead = int(self._git.run("rev-list", "--count", local, *([f"^{seen}"] if seen else [])))
        shallow = answer == b"true"
        return Head(commit=local, ahead=ahead, problem=problem, shallow=shallow, rewritten=rewritten)
