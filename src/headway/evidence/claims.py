"""What a record claims for itself alone, gives to later ones, and needs of earlier ones.

Two writers who did not see each other may both claim one thing; the branch can hold only the first.
"""

from collections.abc import Iterator

from headway.evidence.record import Alerted, Judged, Locked, Record, Released, Retraining, RolledOut, Trained
from headway.spec.release import Served

__all__ = ["Thing", "claims", "gives", "needs"]

Thing = tuple[str, ...]


def claims(record: Record) -> frozenset[Thing]:
    """Things of which there is one: a lock, a version's number, a training of one recipe, a release in a place.

    >>> from headway.evidence.record import Record, Requested, Subject
    >>> asked = Record(
    ...     subject=Subject(model="m"), at="", main="", seen=Requested(action="pause"), signer="s", headway="0"
    ... )
    >>> sorted(claims(asked))  # a person's request takes nothing from anybody
    []
    """
    about, seen = record.subject, record.seen
    match seen:
        case Locked():
            return frozenset({("lock", about.model)})
        case Trained():
            made = ("training", about.model, seen.recipe, seen.train)
            return frozenset({made, ("version", about.model, about.version)} if seen.outcome == "ok" else {made})
        case Released() | RolledOut():
            return frozenset({("release", about.model, about.environment)})
        case Alerted():
            return frozenset({("alert", about.model, about.environment, seen.monitor)})
        case Retraining():
            return frozenset({("retraining", about.model)})
        case _:
            return frozenset()


def gives(record: Record) -> frozenset[Thing]:
    """What later records may rest on: training rows, or a bundle."""
    about, seen = record.subject, record.seen
    if isinstance(seen, Locked):
        return frozenset({("rows", about.model, seen.train)})
    if isinstance(seen, Trained) and about.bundle:
        return frozenset({("bundle", about.model, about.bundle)})
    return frozenset()


def needs(record: Record) -> frozenset[Thing]:
    """What a record rests on, in the words of `gives`."""
    about, seen = record.subject, record.seen
    if isinstance(seen, Trained):
        return frozenset({("rows", about.model, seen.train)})
    bundles = {about.bundle, *(served.bundle for served in _named(seen))} - {""}
    return frozenset(("bundle", about.model, bundle) for bundle in bundles)


def _named(seen: object) -> Iterator[Served]:
    match seen:
        case Released():
            yield from filter(None, (seen.stable, *seen.coming, seen.over))
        case Judged():
            yield from filter(None, (seen.over,))
        case _:
            return
