"""Proves what the branch headway proves, and says what it cannot.  Reads no Git: commits come in as values."""

from collections.abc import Iterable, Iterator

from headway.evidence.grounds import grounds
from headway.evidence.proof import Line, Outside, Pin, Report, Written
from headway.evidence.walk import Walk, walk

__all__ = ["verify"]


def verify(commits: Iterable[Written], *, pin: Pin, outside: Outside, main: str = "", shallow: bool = False) -> Report:
    """Check the branch from its first commit to its last.

    `main` is the tree of today, for wishes added since; `shallow` says that the first commit given is the edge of a
    shallow clone, whose files are all that were there then.
    """
    seen = walk(commits, outside)
    distrusted, revoked = _revoked(seen)
    lines = [
        *_pinned(seen, pin, shallow=shallow),
        *seen.lines,
        *revoked,
        *grounds(seen, distrusted, outside, main),
        *_limits(shallow=shallow),
    ]
    counting = sum(map(len, seen.signed.values()))
    if not any(line.state == "finding" for line in lines):
        what = f"{counting} records, each signed by somebody with the right to it, in one unbroken order"
        lines.insert(0, Line(state="proven", what=what))
    return Report(
        authenticated=pin.signers is not None,
        lines=tuple(lines),
        records=counting,
        signers=seen.first,
        head=seen.last,
    )


def _pinned(seen: Walk, pin: Pin, *, shallow: bool) -> Iterator[Line]:
    if pin.signers is None:
        what = "no list of signers is pinned: a history forged with other keys would look the same"
        yield Line(state="note", what=what)
    elif pin.signers != seen.first:
        what = "the first list of signers is not the one that was pinned: this is another history"
        yield Line(state="finding", what=what)
    if pin.head and pin.head not in seen.ids:
        if shallow:
            what = f"the head that was pinned, {pin.head[:12]}, lies beyond the edge of this shallow clone"
            yield Line(state="undecided", what=what)
        else:
            what = f"the branch does not hold the head that was pinned, {pin.head[:12]}: it was cut off or rewritten"
            yield Line(state="finding", what=what)
    elif pin.head:
        yield Line(state="proven", what=f"nothing was removed or rewritten since {pin.head[:12]}")


def _revoked(seen: Walk) -> tuple[frozenset[str], list[Line]]:
    """Records that a revocation made void: all of the key's after the last trusted one, also those already read."""
    last = {
        signer.name: signer.revoked_after
        for listed in seen.lists
        for signer in listed.signers
        if signer.revoked_after is not None
    }
    void: set[str] = set()
    lines = []
    for name, trusted in last.items():
        own = seen.signed.get(name, [])
        upto = next((at + 1 for at, (digest, _) in enumerate(own) if digest == trusted), 0)
        for digest, path in own[upto:]:
            void.add(digest)
            lines.append(Line(state="finding", what=f"signed with the revoked key of {name!r}", where=path))
    return frozenset(void), lines


def _limits(*, shallow: bool) -> Iterator[Line]:
    if shallow:
        what = "the clone is shallow: in which order earlier releases and locks were written cannot be seen"
        yield Line(state="undecided", what=what)
    yield Line(state="note", what="that the numbers in the records were true is beyond any proof from Git")
