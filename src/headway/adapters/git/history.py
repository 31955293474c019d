"""Reads a line of commits with the files that each one wrote: one `diff-tree`, then blobs by the hundred."""

from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from headway.adapters.git.message import read_message
from headway.adapters.git.names import check_oid
from headway.adapters.git.objects import blobs
from headway.adapters.git.program import Git
from headway.reconcile.ports import Change, Commit, PortError

__all__ = ["Entry", "changes_of", "commits_of", "entries"]

# So many commits' files are held in memory at once.
BATCH = 256
_REGULAR = {"100644", "100755"}


class Entry(Struct, frozen=True, kw_only=True):
    """A commit with its whole message, and the object id of each file that it wrote (None: removed)."""

    id: str
    parents: tuple[str, ...]
    at: float
    message: str
    files: dict[str, str | None]


def entries(git: Git, head: str, after: str = "") -> list[Entry]:
    """Commits after one (empty: all) up to a head, oldest first; PortError at a merge: the journal is a line."""
    span = [check_oid(head), *([f"^{check_oid(after)}"] if after else [])]
    ids = git.run("rev-list", "--reverse", "--topo-order", *span)
    output = git.run(
        "diff-tree", "--stdin", "-r", "-z", "--raw", "--root", "--always", "--no-renames", "--no-abbrev",
        "--encoding=UTF-8", "--format=%H%x00%P%x00%ct%x00%B%x00",
        given=ids,
    )  # fmt: skip
    return list(_parse(output))


def commits_of(git: Git, found: list[Entry]) -> Iterator[Commit]:
    """The same with the bytes of their files, read a batch at a time."""
    rest = iter(found)
    while batch := list(islice(rest, BATCH)):
        data = blobs(git, (oid for entry in batch for oid in entry.files.values() if oid))
        for entry in batch:
            yield Commit(
                id=entry.id,
                parents=entry.parents,
                files={path: data[oid] if oid else None for path, oid in entry.files.items()},
                subject=read_message(entry.message)[0],
                at=entry.at,
            )


def changes_of(git: Git, found: list[Entry]) -> list[Change]:
    """What the commits wrote, as changes that can be made again elsewhere."""
    changes = []
    for entry, commit in zip(found, commits_of(git, found), strict=True):
        subject, body, trailers = read_message(entry.message)
        changes.append(Change(files=commit.files, subject=subject, body=body, trailers=trailers))
    return changes


def _parse(output: bytes) -> Iterator[Entry]:
    tokens = iter(output.split(b"\0"))
    ahead = next(tokens)
    while ahead:
        oid = ahead.decode()
        parents = next(tokens).decode().split()
        at, message, _ = next(tokens), next(tokens), next(tokens)
        if len(parents) > 1:
            raise PortError(f"{oid[:12]} is a merge, and the record is a line: somebody wrote to it who should not")
        files: dict[str, str | None] = {}
        ahead = next(tokens)
        # diff-tree sets a line feed before a commit's first file.
        while (about := ahead.removeprefix(b"\n")).startswith(b":"):
            path = next(tokens).decode(errors="surrogateescape")
            files[path] = _written(about.decode(), path, oid)
            ahead = next(tokens)
        yield Entry(
            id=oid,
            parents=tuple(parents),
            at=float(at),
            message=message.decode(errors="replace"),
            files=files,
        )


def _written(about: str, path: str, commit: str) -> str | None:
    """The object id in `:old-mode new-mode old-id new-id status`; None for a removal."""
    _, mode, _, oid, status = about.split()
    if status == "D":
        return None
    if mode not in _REGULAR:
        raise PortError(
            f"{path!r} in {commit[:12]} is a link or a submodule: somebody wrote to the record who should not"
        )
    return oid
