"""Puts the list of signers in headway.yaml in force: the first list, or a change that the list before agrees to."""

from pathlib import Path

from msgspec import Struct

from headway.app.branches import read_project
from headway.app.errors import RefusedError
from headway.app.proving import entries
from headway.app.repository import Repository, open_repository
from headway.app.root import PROJECT_FILE
from headway.app.show import show
from headway.app.wiring import SystemClock, open_key
from headway.evidence.chain import fault_of_list
from headway.evidence.ledger import Entry
from headway.evidence.record import Signers, Subject
from headway.reconcile.book import Book, Draft
from headway.reconcile.ports import PortError, Signing
from headway.spec.digest import digest_of
from headway.spec.project import ProjectSpec, Signer

__all__ = ["Listed", "approve_signers", "found"]


class Listed(Struct, frozen=True, kw_only=True):
    """Who is listed, whether the list is in force, and how many of the signatures that it needs it has.

    An empty commit says that nothing had to be written.
    """

    signers: tuple[str, ...]
    in_force: bool
    signed_by: tuple[str, ...]
    needed: int
    commit: str


def found(repository: Repository) -> str:
    """Write the first list of signers, from headway.yaml as it lies on disk; empty when the record has one already."""
    book = Book(repository.journal, None, SystemClock())
    if book.refresh().chain.root:
        return ""
    return _sign(repository, book, _project(repository), main="").commit


def approve_signers(repo: Path, output: str) -> None:
    """Sign the list of signers that main holds now; it takes force once a threshold of the list before has signed.

    RefusedError when the list is none that can be in force, when this machine has no key of the list before that has
    not signed yet, or when a revocation does not name the last trusted record.
    """
    repository = open_repository(repo)
    head = repository.source.refresh()
    project = repository.wish_at(head.commit).project.spec
    book = Book(repository.journal, None, SystemClock())
    book.refresh()
    _check_revoked(repository, project)
    show(_sign(repository, book, project, main=head.commit), output, _text)


def _text(view: Listed) -> str:
    names = ", ".join(view.signers)
    if view.in_force:
        return f"{names}: in force" + ("" if view.commit else " already")
    count = f"{len(view.signed_by)} of {view.needed} signatures ({', '.join(view.signed_by)})"
    return f"{names}: {count}; another key of the list in force must run `headway approve --signers`"


def _sign(repository: Repository, book: Book, project: ProjectSpec, *, main: str) -> Listed:
    """Write the list with a key of the list in force; the book was read to its head."""
    before = book.ledger.chain
    seen = Signers(signers=project.signers, threshold=project.threshold)
    names = tuple(signer.name for signer in project.signers)
    if before.root and (before.signers, before.threshold) == (seen.signers, seen.threshold):
        return Listed(signers=names, in_force=True, signed_by=(), needed=before.threshold, commit="")
    fault = fault_of_list(seen)
    if fault:
        raise RefusedError(f"The list of signers in headway.yaml cannot be in force: {fault}. Mend it and commit it.")
    agreed = before.proposed.get(digest_of(seen), frozenset())
    key = _key(repository, before.signers or project.signers, agreed)
    try:
        with_key = Book(repository.journal, key, SystemClock())
        commit = with_key.write(
            [Draft(subject=Subject(), seen=seen)], main=main, subject=f"List the signers {', '.join(names)}"
        )
        with_key.publish()
    except PortError as error:
        raise RefusedError(str(error)) from error
    after = with_key.ledger.chain
    return Listed(
        signers=names,
        in_force=(after.signers, after.threshold) == (seen.signers, seen.threshold),
        signed_by=tuple(sorted(agreed | {key.name})),
        needed=before.threshold if before.root else 1,
        commit=commit,
    )


def _key(repository: Repository, listed: tuple[Signer, ...], agreed: frozenset[str]) -> Signing:
    """A key of the list that has not signed yet."""
    key = open_key(repository.settings, tuple(signer for signer in listed if signer.name not in agreed))
    if key:
        return key
    again = open_key(repository.settings, listed)
    if again:
        raise RefusedError(
            f"{again.name!r} has signed this list already, and one signature is not enough: another key of the list in "
            "force must sign it (HEADWAY_KEY names its file)."
        )
    raise RefusedError(
        f"This machine has no key of the list of signers in force ({', '.join(signer.name for signer in listed)}): "
        f"none lies in {repository.settings.folders.config / 'keys'}. Name one with HEADWAY_KEY; only such a key can "
        "change the list."
    )


def _check_revoked(repository: Repository, project: ProjectSpec) -> None:
    """A revocation names the last record of its key that is trusted, or nothing: none of them is."""
    revoked = {signer.name: signer.revoked_after for signer in project.signers if signer.revoked_after is not None}
    if not revoked:
        return
    records: dict[str, list[Entry]] = {name: [] for name in revoked}
    for entry in entries(repository):
        if entry.signer in records:
            records[entry.signer].append(entry)
    for name, last in revoked.items():
        if last and all(entry.digest != last for entry in records[name]):
            recent = "; ".join(f"{one.digest} ({one.record.at[:19]}, {one.path})" for one in records[name][-3:])
            raise RefusedError(
                f"`revoked_after` of {name!r} in headway.yaml names no record of that key. Write the digest of the "
                f"last record that you trust, or '' for none of them. Its last ones are: {recent or 'none'}."
            )


def _project(repository: Repository) -> ProjectSpec:
    path = repository.project / PROJECT_FILE
    project = read_project(path.read_bytes())
    if project is None:
        raise RefusedError(f"{path} names no environments and signers that can be used; `headway check` says why.")
    return project
