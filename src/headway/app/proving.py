"""Asks the record for its proof, and for its verdicts once more: what `verify` and `replay` share."""

import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from msgspec import Struct, structs

from headway.app.errors import RefusedError
from headway.app.pins import load_pin, pin_path, save_pin
from headway.app.repository import Repository, open_repository
from headway.app.serving import serving_here
from headway.app.storage import open_store
from headway.decide.gates.judge import judge
from headway.decide.rules import RULES
from headway.evidence.document import read_document
from headway.evidence.ledger import Entry, Ledger, entries_of, fold
from headway.evidence.measurement import Measurement
from headway.evidence.proof import Asked, Line, Outside, Pin, Report, Written
from headway.evidence.replay import Replayed, replay
from headway.evidence.verify import verify
from headway.reconcile.ports import Head, PortError
from headway.spec.digest import digest_of
from headway.spec.lock import Lock
from headway.spec.release import Release
from headway.spec.wish import Wish, effective_gates

__all__ = ["Proof", "entries", "prove", "replayed"]


class Proof(Struct, frozen=True, kw_only=True):
    """The outcome of `verify`; `pinned` is the file that holds the pin, empty when there is none."""

    summary: str
    ok: bool
    authenticated: bool
    records: int
    head: str
    pinned: str
    lines: tuple[Line, ...]


def prove(repo: Path, *, pin: bool) -> Proof:
    """Verify the branch; with `pin`, or when a list is pinned already, keep the head that was seen.

    Nothing is pinned when there are findings.
    """
    repository = open_repository(repo)
    config, project = repository.settings.folders.config, repository.project
    known = load_pin(config, project)
    report = _verified(repository, known)
    place = pin_path(config, project) if known.signers else None
    if report.ok and report.signers and (pin or known.signers):
        place = save_pin(config, project, Pin(signers=report.signers, head=report.head))
    return Proof(
        summary=report.summary,
        ok=report.ok,
        authenticated=report.authenticated,
        records=report.records,
        head=report.head,
        pinned=str(place or ""),
        lines=report.lines,
    )


def replayed(repo: Path, model: str) -> tuple[Replayed, ...]:
    """Every verdict computed again from its record; an empty model means all."""
    found = (entry for entry in entries(open_repository(repo)) if model in {"", entry.record.subject.model})
    return tuple(replay(found, RULES))


def entries(repository: Repository) -> Iterator[Entry]:
    """Every record that counts, oldest first."""
    ledger = Ledger()
    try:
        repository.journal.refresh()
        for commit in repository.journal.commits():
            found = entries_of(ledger, commit.id, commit.files)
            ledger = fold(ledger, found)
            yield from (entry for entry in found if isinstance(entry, Entry))
    except PortError as fault:
        raise RefusedError(str(fault)) from fault


def _verified(repository: Repository, pin: Pin) -> Report:
    try:
        head = repository.journal.refresh()
        main = repository.source.refresh()
        commits = (
            Written(id=commit.id, parents=commit.parents, files=commit.files) for commit in repository.journal.commits()
        )
        report = verify(commits, pin=pin, outside=_outside(repository), main=main.commit, shallow=head.shallow)
    except PortError as fault:
        raise RefusedError(str(fault)) from fault
    return structs.replace(report, lines=(*report.lines, *_unheard(head, main)))


def _unheard(head: Head, main: Head) -> Iterator[Line]:
    """What the remote did not say, or what it says and nobody may believe."""
    if head.rewritten:
        yield Line(state="finding", what=f"the remote shows another history: {head.problem}")
    for problem in dict.fromkeys([*([] if head.rewritten else [head.problem]), main.problem]):
        if problem:
            yield Line(state="undecided", what=f"the remote was not heard: {problem}")


def _outside(repository: Repository) -> Outside:
    @lru_cache(maxsize=64)
    def wish_at(main: str) -> Wish | None:
        try:
            return repository.wish_at(main) if main else None
        except PortError:
            return None

    def asked(main: str, model: str, environment: str) -> Asked | None:
        wish = wish_at(main)
        return _asked(wish, model, environment) if wish else None

    return Outside(
        release=lambda data: read_document(data, Release).spec,
        lock=lambda data: digest_of(read_document(data, Lock).spec),
        asked=asked,
        bytes_of=_bytes_of(repository),
        serving=serving_here(repository),
    )


def _asked(wish: Wish, model: str, environment: str) -> Asked | None:
    """The verdicts that a judgement has under this wish; which they are does not depend on what is measured."""
    placed = wish.models.get(model)
    if placed is None:
        return None
    spec = placed.value.spec
    nothing = Measurement(bundle="", test="")
    verdicts = judge(effective_gates(wish, placed.value), spec.task, spec.data, nothing, None, 1)
    place = wish.environments.get(environment)
    return Asked(
        verdicts=frozenset(verdict.name for verdict in verdicts),
        approval=place is not None and place.spec.approval == "required",
        approve_at=spec.rollout.approve_at,
    )


def _bytes_of(repository: Repository) -> Callable[[str], str | None]:
    @lru_cache(maxsize=64)
    def bytes_of(bundle: str) -> str | None:
        try:
            store = open_store(repository)
            if not store.knows(bundle):
                return None
            with tempfile.TemporaryDirectory(prefix="headway-verify-") as folder:
                store.place(bundle, Path(folder) / "bundle")
        except RefusedError:
            return None
        except PortError as fault:
            return f"its bytes are not those named: {fault}"
        return ""

    return bytes_of
