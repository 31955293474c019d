"""Walks the branch from its first commit to its last and notes whatever does not follow from what came before."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from headway.evidence.dsse import EnvelopeError
from headway.evidence.ledger import Entry, Ledger, entries_of, fold
from headway.evidence.proof import Line, Outside, Written
from headway.evidence.record import Released, Requested, Signers
from headway.evidence.rights import deciders
from headway.evidence.state import Standing
from headway.evidence.vsa import read_release
from headway.spec.release import ReleaseSpec, Served

__all__ = ["Walk", "walk"]

_RELEASE = re.compile(r"releases/(?P<environment>[^/]+)/(?P<model>[^/]+)\.yaml", re.ASCII)
_STATEMENT = re.compile(r"releases/(?P<environment>[^/]+)/(?P<name>[^/]+)\.dsse\.json", re.ASCII)
_LOCK = re.compile(r"locks/(?P<model>[^/]+)\.yaml", re.ASCII)
# After a missing record nothing of its signer counts: the first lines tell where.
_MOST_REFUSALS = 20
_ROOMS = ("evidence/", "releases/", "locks/", "rendered/")


@dataclass(kw_only=True)
class Walk:
    """What was seen on the way.

    `signed` lists each signer's records (digest, path) in order, `lists` every list of signers that was in force,
    `let_in` what was ever released by model and environment, `documents` the release and lock files as they stand.
    """

    ledger: Ledger = field(default_factory=Ledger)
    lines: list[Line] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    last: str = ""
    first: Signers | None = None
    lists: list[Signers] = field(default_factory=list)
    signed: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    released: list[tuple[int, Entry, Released]] = field(default_factory=list)
    requested: list[tuple[int, Entry, Requested]] = field(default_factory=list)
    let_in: dict[tuple[str, str], set[Served]] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)

    def find(self, what: str, where: str) -> None:
        """Note a finding."""
        self.lines.append(Line(state="finding", what=what, where=where))


def walk(commits: Iterable[Written], outside: Outside) -> Walk:
    """Read every commit, oldest first."""
    seen = Walk()
    for commit in commits:
        _follows(seen, commit)
        entries = entries_of(seen.ledger, commit.id, commit.files)
        seen.ledger = fold(seen.ledger, entries)
        counting = [entry for entry in entries if isinstance(entry, Entry)]
        for entry in counting:
            _note(seen, entry)
        _documents(seen, commit)
        for line in _checked(seen, commit, counting, outside):
            seen.lines.append(line)
    refusals = seen.ledger.refused
    for refused in refusals[:_MOST_REFUSALS]:
        seen.find(f"this record does not count: {refused.why}", f"{refused.path} at {refused.commit[:12]}")
    if len(refusals) > _MOST_REFUSALS:
        more = len(refusals) - _MOST_REFUSALS
        seen.find(f"{more} more records do not count; one that is missing voids those that rest on it", "evidence/")
    return seen


def _follows(seen: Walk, commit: Written) -> None:
    wanted = (seen.last,) if seen.last else ()
    if commit.parents != wanted:
        seen.find("the branch is not one line: a commit does not follow the one before it", commit.id[:12])
    seen.last = commit.id
    seen.ids.add(commit.id)


def _note(seen: Walk, entry: Entry) -> None:
    seen.signed.setdefault(entry.signer, []).append((entry.digest, entry.path))
    match entry.record.seen:
        case Signers() as listed:
            seen.first = seen.first or listed
            if entry.chain.signers == listed.signers:
                seen.lists.append(listed)
        case Released() as released:
            seen.released.append((entry.number, entry, released))
            about = entry.record.subject
            served = {served for served in (released.stable, *released.coming) if served}
            seen.let_in.setdefault((about.model, about.environment), set()).update(served)
        case Requested() as requested:
            seen.requested.append((entry.number, entry, requested))
        case _:
            pass


def _documents(seen: Walk, commit: Written) -> None:
    for path, data in commit.files.items():
        if not path.startswith(_ROOMS):
            what = "a file that Headway does not write" if data is not None else "a foreign file was removed"
            seen.lines.append(Line(state="warning", what=what, where=f"{path} at {commit.id[:12]}"))
        elif path.startswith("evidence/"):
            continue
        elif data is None:
            seen.documents.pop(path, None)
        else:
            seen.documents[path] = data


def _checked(seen: Walk, commit: Written, entries: Iterable[Entry], outside: Outside) -> Iterator[Line]:
    """What this commit's documents say otherwise than the records, whichever of the two it wrote."""
    places = {(about.environment, about.model) for about in (e.record.subject for e in entries if _is_release(e))}
    models = {entry.record.subject.model for entry in entries if entry.path.endswith("-data.json")}
    for path, data in commit.files.items():
        if found := _RELEASE.fullmatch(path):
            places.add((found["environment"], found["model"]))
        elif found := _LOCK.fullmatch(path):
            models.add(found["model"])
        elif (found := _STATEMENT.fullmatch(path)) and data is not None:
            fault = _statement_fault(seen, data, found["environment"], found["name"])
            if fault:
                yield Line(state="finding", what=fault, where=f"{path} at {commit.id[:12]}")
    for environment, model in sorted(places):
        path = f"releases/{environment}/{model}.yaml"
        standing = seen.ledger.model(model).standing.get(environment)
        fault = _release_fault(standing, seen.documents.get(path), environment, outside)
        if fault:
            yield Line(state="finding", what=fault, where=f"{path} at {commit.id[:12]}")
    for model in sorted(models):
        fault = _lock_fault(seen, model, outside)
        if fault:
            yield Line(state="finding", what=fault, where=f"locks/{model}.yaml at {commit.id[:12]}")


def _is_release(entry: Entry) -> bool:
    return isinstance(entry.record.seen, Released)


def _release_fault(standing: Standing | None, data: bytes | None, environment: str, outside: Outside) -> str:
    if standing is None:
        return "a release that no record speaks of"
    if data is None:
        return "the release of the record is missing"
    try:
        said = outside.release(data)
    except (ValueError, msgspec.MsgspecError) as fault:
        return f"not a release: {fault}"
    recorded = ReleaseSpec(
        environment=environment,
        stable=standing.stable,
        candidate=standing.candidate,
        also=standing.also,
        over=standing.over,
        retired=standing.retired,
    )
    return "" if said == recorded else "the release is not what its record says"


def _lock_fault(seen: Walk, model: str, outside: Outside) -> str:
    recorded = seen.ledger.model(model).lock
    data = seen.documents.get(f"locks/{model}.yaml")
    if recorded is None:
        return "a lock that no record speaks of"
    if data is None:
        return "the lock of the record is missing"
    try:
        said = outside.lock(data)
    except (ValueError, msgspec.MsgspecError) as fault:
        return f"not a lock: {fault}"
    return "" if said == recorded.lock else "the lock is not what its record says"


def _statement_fault(seen: Walk, data: bytes, environment: str, name: str) -> str:
    """A release statement must be signed by a decider of its time and speak of what the record released there."""
    why = "there is no list of signers before it"
    for listed in reversed(seen.lists):
        try:
            claim = read_release(data, deciders(listed.signers, environment))
        except EnvelopeError as fault:
            why = str(fault)
            continue
        if claim.environment != environment or f"{claim.model}-{claim.version}" != name:
            return "the release statement speaks of another environment or version than its name"
        if Served(version=claim.version, bundle=claim.bundle) not in seen.let_in.get((claim.model, environment), set()):
            return "the release statement speaks of a bundle that no record released here"
        return ""
    return f"the release statement is refused: {why}"
