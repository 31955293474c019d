"""The record so far as one value: a fold over entries, so that a pass reads only what is new.

It believes nothing that `chain.admit` refuses.  What the entries say together is judged by `verify`.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, structs

from headway.evidence.chain import Admitted, Chain, Refused, admit, number_of, path_of
from headway.evidence.effects import apply
from headway.evidence.record import Record
from headway.evidence.state import ModelState

__all__ = ["Entry", "Ledger", "entries_of", "fold", "path_of"]


class Entry(Struct, frozen=True, kw_only=True):
    """A record that counts: the commit that wrote it, where, its digest, its signer; `chain` is what holds after it."""

    commit: str
    path: str
    record: Record
    digest: str
    signer: str
    chain: Chain

    @property
    def number(self) -> int:
        """How many records the branch had before it."""
        return self.chain.length - 1

    @property
    def at(self) -> float:
        """Its time in Unix seconds."""
        return datetime.fromisoformat(self.record.at).timestamp()


class Unread(Struct, frozen=True, kw_only=True):
    """A file below evidence/ that does not count; `chain` is what holds after it."""

    refused: Refused
    chain: Chain


class Ledger(Struct, frozen=True, kw_only=True):
    """What the record says: who may sign, and how each model stands.  `refused` are files that do not count."""

    chain: Chain = Chain()
    models: Mapping[str, ModelState] = {}
    refused: tuple[Refused, ...] = ()

    @property
    def length(self) -> int:
        """The number of the next record."""
        return self.chain.length

    @property
    def heads(self) -> Mapping[str, str]:
        """The digest of each signer's last record: what its next one names as `previous`."""
        return self.chain.heads

    def model(self, name: str) -> ModelState:
        """How a model stands; an unknown one has done nothing yet."""
        return self.models.get(name, ModelState())


def entries_of(ledger: Ledger, commit: str, files: Mapping[str, bytes | None]) -> tuple[Entry | Unread, ...]:
    """Read one commit's records in the order of their numbers; other files of the commit are passed over."""
    found: list[Entry | Unread] = []
    chain = ledger.chain
    paths = sorted(
        (path for path in files if path.startswith("evidence/")), key=lambda path: (number_of(path) or 0, path)
    )
    for path in paths:
        chain, result = admit(chain, path, files[path])
        match result:
            case Refused():
                found.append(Unread(refused=structs.replace(result, commit=commit), chain=chain))
            case Admitted(opened=opened):
                found.append(
                    Entry(
                        commit=commit,
                        path=path,
                        record=opened.record,
                        digest=opened.digest,
                        signer=opened.signer,
                        chain=chain,
                    )
                )
    return tuple(found)


def fold(ledger: Ledger, entries: tuple[Entry | Unread, ...]) -> Ledger:
    """Add entries that `entries_of` read on top of this very ledger."""
    models, refused = dict(ledger.models), list(ledger.refused)
    for entry in entries:
        if isinstance(entry, Unread):
            refused.append(entry.refused)
        elif entry.record.subject.model:
            model = entry.record.subject.model
            models[model] = apply(
                models.get(model, ModelState()), entry.record, digest=entry.digest, number=entry.number, at=entry.at
            )
    chain = entries[-1].chain if entries else ledger.chain
    return structs.replace(ledger, chain=chain, models=models, refused=tuple(refused))
