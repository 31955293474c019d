"""Speaks with a remote: fetch one branch, push one branch.  Says whether it answered; decides nothing."""

import time
from typing import Literal

from msgspec import Struct

from headway.adapters.git.names import check_branch
from headway.adapters.git.objects import commit_of
from headway.adapters.git.program import Git, Outcome, Running
from headway.reconcile.ports import PortError

__all__ = ["Fetched", "Remote"]

REMOTE_S = 120.0
_SLOW_S = 15.0
# What runs at the other end is named, so that no configuration names another program for it.
_FETCH = (
    "--quiet", "--no-tags", "--no-recurse-submodules", "--no-prune", "--refmap=", "--no-write-fetch-head",
    "--no-filter", "--upload-pack=git-upload-pack", "--end-of-options",
)  # fmt: skip
_PUSH = (
    "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no",
    "--receive-pack=git-receive-pack",
)  # fmt: skip


class Fetched(Struct, frozen=True, kw_only=True):
    """The branch at the remote as last seen (empty: it has none); `problem` is why it did not answer now.

    `rewritten` says that its answer is not taken: another history than the one seen.
    """

    commit: str
    problem: str = ""
    absent: bool = False
    rewritten: bool = False


class Remote:
    """One branch of one remote.

    A call waits for `patience_s` at most; what has not ended by then goes on until `limit_s`, and a later call takes
    its answer.  So a loop that must go on never stands still for a remote.
    """

    def __init__(
        self, git: Git, name: str, branch: str, *, limit_s: float = REMOTE_S, patience_s: float | None = None
    ) -> None:
        self._git = git
        self._limit_s = limit_s
        self._patience_s = limit_s + 1 if patience_s is None else patience_s
        self._running: dict[str, tuple[tuple[str, ...], Running]] = {}
        self.name = check_branch(name)
        self.branch = check_branch(branch)
        self.ref = f"refs/remotes/{name}/{branch}"

    def fetched(self) -> Fetched:
        """The branch as it was fetched last; nobody is asked."""
        return Fetched(commit=commit_of(self._git, self.ref))

    def fetch(self) -> Fetched:
        """Bring the branch here; the commit that stood there before when the remote does not answer."""
        refs = f"+refs/heads/{self.branch}:{self.ref}"
        try:
            outcome = self._asked("fetch", *_FETCH, self.name, refs)
        except PortError as error:
            return Fetched(commit=commit_of(self._git, self.ref), problem=str(error))
        if isinstance(outcome, str):
            return Fetched(commit=commit_of(self._git, self.ref), problem=outcome)
        if outcome.status == 0:
            return Fetched(commit=commit_of(self._git, self.ref))
        if "couldn't find remote ref" in outcome.complaint:
            return Fetched(commit="", absent=True)
        return Fetched(commit=commit_of(self._git, self.ref), problem=f"{self.name}: {outcome.complaint}")

    def push(self, commit: str, over: str) -> tuple[Literal["pushed", "refused", "away"], str]:
        """Push a commit over its ancestor `over` (empty: over nothing); `refused` when the remote answered no, and why.

        The lease forces nothing, for the commit descends from `over`; it refuses to mend in silence a remote whose
        history was cut back.
        """
        branch = f"refs/heads/{self.branch}"
        words = [f"--force-with-lease={branch}:{over}", "--end-of-options", self.name, f"{commit}:{branch}"]
        try:
            outcome = self._asked("push", *_PUSH, *words)
        except PortError as error:
            return "away", str(error)
        if isinstance(outcome, str):
            return "away", outcome
        if outcome.status == 0:
            return "pushed", ""
        refused = [line for line in outcome.output.decode(errors="replace").splitlines() if line.startswith("!")]
        return ("refused", _reason(refused[0])) if refused else ("away", f"{self.name}: {outcome.complaint}")

    def _asked(self, *args: str) -> Outcome | str:
        """How the call ended; a text (empty at first, later a problem) while it is under way."""
        kind = args[0]
        words, running = self._running.pop(kind, ((), None))
        if running is None:
            words, running = args, self._git.speaking().start(*args, limit_s=self._limit_s)
        outcome = running.outcome(self._patience_s)
        if outcome is None:
            self._running[kind] = words, running
            slow = time.monotonic() - running.since > _SLOW_S
            return f"{self.name} has not answered for {_SLOW_S:g} s" if slow else ""
        # An older push than the one asked for has ended: whatever came of it, the remote says so to this one.
        return outcome if words == args else self._asked(*args)


def _reason(line: str) -> str:
    """The words of a porcelain line `!<tab>from:to<tab>[rejected] (fetch first)`."""
    return "".join(char for char in line.rsplit("\t", maxsplit=1)[-1] if char.isprintable())
