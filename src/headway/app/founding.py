"""Puts the list of signers in headway.yaml in force: the first list, or a change that the list before agrees to."""

from pathlib import Path

from msgspec import Struct

from headway.app.branches import PROJECT_FILE, read_project
from headway.app.errors import RefusedError
from headway.app.repository import Repository, open_repository
from headway.app.show import show
from headway.app.wiring import SystemClock, open_key
from headway.evidence.record import Signers, Subject
from headway.reconcile.book import Book, Draft
from headway.reconcile.ports import PortError
from headway.spec.project import ProjectSpec

__all__ = ["Listed", "approve_signers", "found"]


class Listed(Struct, frozen=True, kw_only=True):
    """Who is listed, and whether the list is in force (or waits for further signatures)."""

    signers: tuple[str, ...]
    in_force: bool
    commit: str


def found(repository: Repository) -> str:
    """Write the first list of signers, from headway.yaml as it lies on disk; empty when the record has one already."""
    book = Book(repository.journal, None, SystemClock())
    if book.refresh().chain.root:
        return ""
    return _sign(repository, _project(repository), main="").commit


def approve_signers(repo: Path, output: str) -> None:
    """Sign the list of signers that main holds now; it takes force once a threshold of the list before has signed."""
    repository = open_repository(repo)
    head = repository.source.refresh()
    listed = _sign(repository, repository.wish_at(head.commit).project.spec, main=head.commit)
    show(
        listed,
        output,
        lambda view: f"{', '.join(view.signers)}: {'in force' if view.in_force else 'waits for further signatures'}",
    )


def _sign(repository: Repository, project: ProjectSpec, *, main: str) -> Listed:
    if not project.signers:
        raise RefusedError("headway.yaml lists no signer, or cannot be read; `headway check` says more.")
    reader = Book(repository.journal, None, SystemClock())
    before = reader.refresh().chain
    key = open_key(repository.settings, before.signers or project.signers)
    if key is None:
        raise RefusedError(
            f"No key of a listed signer lies in {repository.settings.folders.config / 'keys'}: "
            "name one with HEADWAY_KEY, or run `headway init`."
        )
    book = Book(repository.journal, key, SystemClock())
    book.refresh()
    seen = Signers(signers=project.signers, threshold=project.threshold)
    names = tuple(signer.name for signer in project.signers)
    try:
        commit = book.write(
            [Draft(subject=Subject(), seen=seen)], main=main, subject=f"List the signers {', '.join(names)}"
        )
        book.publish()
    except PortError as error:
        raise RefusedError(str(error)) from error
    return Listed(signers=names, in_force=book.ledger.chain.signers == project.signers, commit=commit)


def _project(repository: Repository) -> ProjectSpec:
    path = repository.project / PROJECT_FILE
    project = read_project(path.read_bytes())
    if project is None:
        raise RefusedError(f"{path} names no environments and signers that can be used; `headway check` says why.")
    return project
