"""The stories of a record's models, told on from where this machine has read it before."""

from pathlib import Path

from msgspec import Struct

from headway.adapters.git.journal import GitJournal
from headway.app.errors import RefusedError
from headway.app.readings import keep_reading, kept_reading, readings_of
from headway.app.root import find_root, record_branch
from headway.app.settings import read_settings
from headway.evidence.chain import Chain
from headway.evidence.ledger import Entry, Ledger, entries_of
from headway.evidence.story import Told, stories
from headway.reconcile.ports import PortError

__all__ = ["told"]

# So many new records cost a command more than keeping what it has read.
WORTH_KEEPING = 32


class _Reading(Struct, frozen=True, kw_only=True):
    """The stories as they are after a commit, and what is trusted there."""

    commit: str = ""
    chain: Chain = Chain()
    stories: dict[str, list[Told]] = {}


def told(repo: Path, model: str) -> tuple[Told, ...]:
    """The story of a model; RefusedError when the record has none of that name."""
    settings = read_settings()
    try:
        root = find_root(repo, settings.environ)
        journal = GitJournal(root.top, record_branch(root.path), remote=root.remote, environ=settings.environ)
        if root.remote:
            journal.refresh()
        found = _read(journal, readings_of(settings.folders.cache, root.top / root.path)).stories
    except PortError as fault:
        raise RefusedError(str(fault)) from fault
    models = sorted(found.keys() - {""})
    if model not in models:
        known = f"It knows {', '.join(models)}." if models else "It knows none yet: `headway up` makes the first."
        raise RefusedError(f"The record knows no model {model!r}. {known}")
    return tuple(found[model])


def _read(journal: GitJournal, place: Path) -> _Reading:
    kept = kept_reading(place, "stories", _Reading) or _Reading()
    try:
        read = _on(journal, kept)
    except PortError:  # the branch was rewritten since, or is another's
        kept = _Reading()
        read = _on(journal, kept)
    if read.chain.length - kept.chain.length >= WORTH_KEEPING:
        keep_reading(place, "stories", read)
    return read


def _on(journal: GitJournal, kept: _Reading) -> _Reading:
    """What was kept, and what came after it."""
    commit, chain, entries = kept.commit, kept.chain, list[Entry]()
    for written in journal.commits(after=kept.commit):
        found = entries_of(Ledger(chain=chain), written.id, written.files)
        commit, chain = written.id, found[-1].chain if found else chain
        entries += [entry for entry in found if isinstance(entry, Entry)]
    return _Reading(commit=commit, chain=chain, stories=stories(entries, kept.stories))
