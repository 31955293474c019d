"""Puts the adapters behind the ports for one repository.  The only place that names both."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from headway.adapters.local.lease import holder
from headway.adapters.local.outcomes import RecordedOutcomes
from headway.adapters.local.runtime import LocalRuntime
from headway.adapters.prometheus.client import Prometheus
from headway.adapters.signing.keys import find, load
from headway.adapters.steps.environments import Environments
from headway.adapters.store.folder import FolderStore
from headway.app.late import LateAssessor, LateData, LateTrainer
from headway.app.readings import keep_reading, kept_reading, readings_of
from headway.app.repository import Repository
from headway.app.settings import Settings
from headway.app.storage import open_store
from headway.evidence.bundle import BUNDLE_FILE, Manifest
from headway.evidence.folder import FileDigest
from headway.evidence.summary import Summary
from headway.reconcile.book import Book, Reading
from headway.reconcile.jobs import Jobs
from headway.reconcile.memory import Memory
from headway.reconcile.ports import Assessor, DataFiles, PortError, Signing, Trainer
from headway.reconcile.world import World
from headway.spec.project import Signer

__all__ = [
    "SystemClock",
    "bundle_interpreter",
    "open_book",
    "open_key",
    "open_memory",
    "open_runtime",
    "open_world",
    "read_book",
    "read_reference",
    "training_environment",
    "up_holder",
]

# So many new records cost a command more than keeping what it has read.
WORTH_KEEPING = 32


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()


def open_key(settings: Settings, signers: tuple[Signer, ...]) -> Signing | None:
    """The key of a listed signer that is on this machine: the file that HEADWAY_KEY names, else the first found.

    A revoked key is none.
    """
    living = [signer for signer in signers if signer.revoked_after is None]
    if settings.key:
        key = load(settings.key)
        listed = next((signer.name for signer in living if signer.key == key.public), "")
        return load(settings.key, listed) if listed else None
    for signer in living:
        path = find(settings.folders.config / "keys", signer.key)
        if path:
            return load(path, signer.name)
    return None


def open_book(repository: Repository) -> Book:
    """The record, read to its head, with this machine's key if it has one."""
    book = read_book(repository)
    book.signing = open_key(repository.settings, book.ledger.chain.signers)
    return book


def read_book(repository: Repository) -> Book:
    """The record, read to its head from where this machine has read it before, without a key."""
    place = readings_of(repository.settings.folders.cache, repository.project)
    begun = kept_reading(place, "ledger", Reading)
    book = Book(repository.journal, None, SystemClock(), begun=begun)
    try:
        book.refresh()
    except PortError:
        if begun is None:
            raise
        begun = None  # that branch was rewritten since, or is another's
        book = Book(repository.journal, None, SystemClock())
        book.refresh()
    if book.ledger.length - (begun.ledger.length if begun else 0) >= WORTH_KEEPING:
        keep_reading(place, "ledger", book.reading)
    return book


def open_runtime(repository: Repository) -> LocalRuntime:
    """The local target of a repository."""
    environments = _environments(repository.settings)
    return LocalRuntime(
        repository.folder / "run",
        open_store(repository),
        interpreter=lambda bundle: str(environments.of_bundle(bundle)),
    )


def open_world(repository: Repository) -> World:
    """Every port of the loop."""
    return World(
        source=repository.source,
        journal=repository.journal,
        store=open_store(repository),
        data=LateData(lambda: _data(repository)),
        trainer=LateTrainer(lambda: _trainer(repository)),
        assessor=LateAssessor(lambda: _assessor(repository)),
        runtime=open_runtime(repository),
        metrics=Prometheus(repository.settings.prometheus_token),
        labels=RecordedOutcomes(repository.folder / "run"),
        clock=SystemClock(),
        look_s=repository.settings.pace.look,
        fetch_s=repository.settings.pace.fetch if repository.remote else 0.0,
    )


def _data(repository: Repository) -> DataFiles:
    from headway.adapters.data.local import LocalData

    return LocalData(repository.project, open_store(repository), repository.folder / "digests.db")


def _trainer(repository: Repository) -> Trainer:
    from headway.adapters.data.rows import rows
    from headway.adapters.steps.trainer import LocalTrainer

    return LocalTrainer(
        open_store(repository),
        _environments(repository.settings),
        work=repository.folder / "work",
        cache=repository.folder / "steps",
        environ=repository.settings.environ,
        rows=rows,
    )


def _assessor(repository: Repository) -> Assessor:
    from headway.adapters.data.facts import facts
    from headway.adapters.data.rows import rows
    from headway.adapters.measure.assessor import LocalAssessor
    from headway.adapters.steps.server import Serving

    return LocalAssessor(
        store=open_store(repository),
        serving=Serving(environments=_environments(repository.settings)),
        rows=rows,
        facts=facts,
        work=repository.folder / "work",
    )


def _environments(settings: Settings) -> Environments:
    return Environments(settings.folders.cache, settings.environ)


def bundle_interpreter(settings: Settings, folder: Path) -> Path:
    """The interpreter of a bundle's requirements, its environment built unless it is there."""
    return _environments(settings).of_bundle(folder)


def up_holder(repository: Repository) -> str:
    """Who holds the lease of `headway up`; empty when nobody does."""
    return holder(repository.folder / "run")


def read_reference(store: FolderStore, bundle: str) -> Summary | None:
    """The reference summary in a bundle of the store."""
    files = {file.path: file for file in msgspec.json.decode(store.read(bundle), type=list[FileDigest])}
    return msgspec.json.decode(store.read(files[BUNDLE_FILE].sha256), type=Manifest).summary


def open_memory(repository: Repository) -> Memory:
    """What a process remembers between passes, empty but for the record."""
    return Memory(
        book=open_book(repository),
        jobs=Jobs(),
        read_wish=repository.wish_at,
        read_reference=lambda bundle: read_reference(open_store(repository), bundle),
    )


def training_environment(settings: Settings, requirements: bytes, tell: Callable[[], None]) -> Path:
    """Build the environment of these requirements and its converters, unless they are there; its interpreter.

    `tell` is called before a building that takes its time.
    """
    environments = _environments(settings)
    if not environments.has(requirements):
        tell()
    python = environments.interpreter(requirements)
    environments.converters(python)
    return python
