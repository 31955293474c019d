"""Moves a model's lock by hand: pins the data as they lie on disk now, and writes the record."""

from pathlib import Path

from msgspec import Struct

from headway.app.errors import RefusedError
from headway.app.repository import open_repository
from headway.app.show import show
from headway.app.wiring import open_memory, open_world
from headway.evidence.record import Subject
from headway.reconcile.book import Draft
from headway.reconcile.documents import lock_file, lock_path
from headway.reconcile.locking import locked
from headway.reconcile.once import refresh
from headway.reconcile.ports import PortError

__all__ = ["Updated", "update_lock"]


class Updated(Struct, frozen=True, kw_only=True):
    """What the lock holds now."""

    model: str
    files: int
    train_rows: int
    test_rows: int
    changed: bool
    commit: str


def update_lock(repo: Path, name: str, output: str) -> None:
    """Pin the model's data anew; RefusedError when the model is not known or the data cannot be read."""
    repository = open_repository(repo)
    world, memory = open_world(repository), open_memory(repository)
    refresh(world, memory)
    placed = memory.wish(memory.main).models.get(name)
    if placed is None:
        raise RefusedError(f"There is no usable model {name!r} on main; `headway check` says more.")
    try:
        lock = world.data.lock(placed.folder, placed.value.spec.data)
        seen = locked(lock.spec, "update")
        before = memory.book.ledger.model(name).lock
        changed = before is None or before.lock != seen.lock
        commit = ""
        if changed:
            commit = memory.book.write(
                [Draft(subject=Subject(model=name), seen=seen)],
                main=memory.main,
                subject=f"Lock the data of {name}",
                files={lock_path(name): lock_file(lock)},
            )
            memory.book.publish()
    except PortError as error:
        raise RefusedError(str(error)) from error
    view = Updated(
        model=name,
        files=seen.files,
        train_rows=seen.train_rows,
        test_rows=seen.test_rows,
        changed=changed,
        commit=commit,
    )
    show(view, output, _text)


def _text(view: Updated) -> str:
    head = "pinned anew" if view.changed else "unchanged"
    return f"{view.model}: {head}: {view.files} files, {view.train_rows} training and {view.test_rows} test rows"
