"""Reads objects: trees by `ls-tree`, blobs by one `cat-file --batch`.  Never a checkout."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from headway.adapters.git.names import check_oid, fault_of
from headway.adapters.git.program import Git
from headway.reconcile.ports import Blob, PortError

__all__ = ["Tree", "blob_at", "blobs", "commit_of", "is_ancestor", "tree"]

_REGULAR = {b"100644": False, b"100755": True, b"100664": False}
_ODD = {b"120000": "it is a link", b"160000": "it is a submodule"}


class Tree(Struct, frozen=True, kw_only=True):
    """Regular files by path, and what else stood there with the reason why it is not taken."""

    files: Mapping[str, Blob]
    refused: Mapping[str, str]


def commit_of(git: Git, name: str) -> str:
    """The commit that a name stands for, or nothing."""
    return git.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def is_ancestor(git: Git, old: str, new: str) -> bool:
    """Is `old` the same as `new` or before it?  PortError when either is missing."""
    outcome = git.ask("merge-base", "--is-ancestor", check_oid(old), check_oid(new))
    if outcome.status not in {0, 1}:
        raise PortError(f"{git.repo} does not hold {old} or {new}: {outcome.complaint}")
    return outcome.status == 0


def tree(git: Git, commit: str, place: str = "") -> Tree:
    """Every file of a commit below a folder, by its path relative to that folder; none when there is no such folder."""
    root = f"{check_oid(commit)}:{place}" if place else check_oid(commit)
    outcome = git.ask("ls-tree", "-r", "-z", "--long", "--full-tree", root)
    if outcome.status:
        if not commit_of(git, commit):
            raise PortError(f"{git.repo} does not hold the commit {commit}: {outcome.complaint}. Fetch it.")
        if not place or git.line("rev-parse", "--verify", "--quiet", root):
            raise PortError(_lacking(git, outcome.complaint))
        return Tree(files={}, refused={})
    files: dict[str, Blob] = {}
    refused: dict[str, str] = {}
    for entry in outcome.output.split(b"\0")[:-1]:
        about, _, path = entry.partition(b"\t")
        mode, _, oid, size = about.split()
        fault = _ODD.get(mode) or fault_of(path)
        if fault or mode not in _REGULAR:
            refused[path.decode(errors="backslashreplace")] = fault or "it is no regular file"
        else:
            files[path.decode()] = Blob(oid=oid.decode(), size=int(size), executable=_REGULAR[mode])
    return Tree(files=files, refused=refused)


def blob_at(git: Git, name: str, path: str) -> bytes | None:
    """The bytes of a regular file at the commit that a name stands for; None when it is not there."""
    commit = commit_of(git, name)
    found = git.run("ls-tree", "-z", "--full-tree", check_oid(commit), path) if commit else b""
    mode, _, oid = found.partition(b"\t")[0].decode().partition(" blob ")
    return blobs(git, [oid])[oid] if mode.encode() in _REGULAR else None


def blobs(git: Git, oids: Iterable[str]) -> dict[str, bytes]:
    """The bytes of blobs by object id, read by one process."""
    wanted: Sequence[str] = list(dict.fromkeys(oids))
    if not wanted:
        return {}
    outcome = git.ask("cat-file", "--batch", "--buffer", given="\n".join([*wanted, ""]).encode())
    if outcome.status:
        raise PortError(_lacking(git, outcome.complaint))
    output = memoryview(outcome.output)
    found: dict[str, bytes] = {}
    at = 0
    for oid in wanted:
        end = bytes(output[at : at + 200]).index(b"\n") + at
        words = bytes(output[at:end]).split()
        if len(words) != 3 or words[1] != b"blob":
            raise PortError(f"{git.repo} lacks the object {oid}: its files are damaged or were not fetched.")
        start, size = end + 1, int(words[2])
        found[oid] = bytes(output[start : start + size])
        at = start + size + 1
    return found


def _lacking(git: Git, complaint: str) -> str:
    return (
        f"{git.repo} lacks objects: {complaint}. They are damaged, or the clone is a partial one, and reading fetches "
        "nothing: `git fetch --refetch --no-filter` brings them."
    )
